"""Random histories of real git repositories: what people, and their tools, do to them.

Every step is one thing that somebody did: a commit with some changes of files, a merge, a rewritten
branch, a worktree more or less, a ``git gc``. The same seed gives the same history.
"""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import repos
from changes import Changes

_MAX_WORKTREES = 2
_MAX_BRANCHES = 6


class History:
    """A repository with its worktrees, and a clone of it; all of them change."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        self._dice = dice
        self._changes = Changes(dice)
        self._count = 0
        self.main = repos.init(folder / "main")
        self.clone: Path | None = None
        self.worktrees: list[Path] = []
        self.removed: list[Path] = []  # worktrees that are no more
        self.seen: list[str] = []  # commits; git may have lost some
        self._changes.begin(self.main)
        self._note(self.main)

    @property
    def places(self) -> list[Path]:
        """Every folder that somebody works in."""
        return [self.main, *self.worktrees, *([self.clone] if self.clone else [])]

    def step(self) -> str:
        """Do one thing somewhere; what it was."""
        place = self._dice.choice(self.places)
        does = self._dice.choices([row[0] for row in _STEPS], [row[1] for row in _STEPS])[0]
        said = does(self, place)
        if place in self.places:
            self._clean(place)
            self._note(place)
        return f"{place.name}: {does.__name__.strip('_')} {said or ''}".strip()

    def revision(self, place: Path) -> str:
        """Something to sync: mostly HEAD, or a branch, a tag, an old commit."""
        kind = self._dice.random()
        names = self.refs(place)
        if kind < 0.4:
            return "HEAD"
        if kind < 0.9 and names:
            return self._dice.choice(names)
        commits = [self.resolve(place, "HEAD~1"), *self._dice.sample(self.seen, 1)]
        there = [commit for commit in commits if self.has(place, commit)]
        return self._dice.choice(there) if there else "HEAD"

    def refs(self, place: Path) -> list[str]:
        """Full names of branches, tags and remote branches, in order."""
        return repos.git(place, "for-each-ref", "--format=%(refname)").splitlines()

    def branch(self, place: Path) -> str | None:
        """The branch that HEAD is on; None where it is detached."""
        name = _quiet(place, "symbolic-ref", "-q", "HEAD")
        return name.removeprefix("refs/heads/") if name else None

    def has(self, place: Path, commit: str) -> bool:
        """Whether git still has the commit."""
        return bool(commit) and _quiet(place, "cat-file", "-t", f"{commit}^{{tree}}") == "tree"

    def resolve(self, place: Path, revision: str) -> str:
        """The id of a commit; empty where there is none."""
        return _quiet(place, "rev-parse", "--verify", "-q", f"{revision}^{{commit}}")

    def _note(self, place: Path) -> None:
        head = self.resolve(place, "HEAD")
        if head and head not in self.seen:
            self.seen.append(head)

    def _clean(self, place: Path) -> None:
        """Whatever was begun and failed (a merge, a revert) is given up."""
        for action in ("merge", "revert", "cherry-pick"):
            _quiet(place, action, "--abort")
        _quiet(place, "reset", "--hard", "--quiet")
        _quiet(place, "clean", "-ffdxq")

    def _new_name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"

    def _free_branches(self, place: Path) -> list[str]:
        """Branches that no worktree stands on."""
        rows = repos.git(place, "for-each-ref", "--format=%(refname) %(worktreepath)", "refs/heads")
        names = [row.removeprefix("refs/heads/") for row in rows.splitlines()]
        return [name.strip() for name in names if " /" not in name]

    def _any_commit(self, place: Path) -> str:
        there = self._dice.sample(self.seen, min(5, len(self.seen)))
        return next((c for c in there if self.has(place, c)), "HEAD")

    # What can happen. Each returns what is worth knowing of it.

    def _commit(self, place: Path) -> str:
        said = [self._changes.one(place) for _ in range(self._dice.randint(1, 3))]
        _quiet(place, "add", "--all")  # some changes are more than git can take
        _quiet(place, "commit", "--quiet", "--allow-empty", "-m", "change")
        return "; ".join(said)

    def _empty_commit(self, place: Path) -> None:
        repos.git(place, "commit", "--quiet", "--allow-empty", "-m", "nothing")

    def _amend(self, place: Path) -> str:
        said = self._changes.one(place)
        _quiet(place, "add", "--all")
        _quiet(place, "commit", "--quiet", "--amend", "--allow-empty", "-m", "amended")
        return said

    def _new_branch(self, place: Path) -> None:
        if len(self.refs(place)) < 3 * _MAX_BRANCHES:
            name = self._new_name("branch/b")
            _quiet(place, "switch", "--quiet", "-c", name, self._any_commit(place))

    def _switch(self, place: Path) -> None:
        free = self._free_branches(place)
        if free:
            _quiet(place, "switch", "--quiet", self._dice.choice(free))

    def _detach(self, place: Path) -> None:
        _quiet(place, "switch", "--quiet", "--detach", self._any_commit(place))

    def _delete_branch(self, place: Path) -> str:
        free = self._free_branches(place)
        name = self._dice.choice(free) if len(free) > 1 else ""
        return _quiet(place, "branch", "-D", name) if name else ""

    def _rename_branch(self, place: Path) -> str:
        names = [name for name in self.refs(place) if name.startswith("refs/heads/")]
        if not names:
            return ""
        old = self._dice.choice(names).removeprefix("refs/heads/")
        return _quiet(place, "branch", "-m", old, self._new_name("renamed"))

    def _merge(self, place: Path) -> None:
        side = self._dice.choice(["ours", "theirs"])
        other = self._dice.choice(self.refs(place))
        _quiet(place, "merge", "--quiet", "--no-edit", "-X", side, other)

    def _revert(self, place: Path) -> None:
        row = repos.git(place, "rev-list", "--parents", "--max-count=4", "HEAD").splitlines()
        commit, *parents = self._dice.choice(row).split()
        if parents:
            mainline = ["-m", "1"] if len(parents) > 1 else []
            _quiet(place, "revert", "--no-edit", "-X", "theirs", *mainline, commit)

    def _cherry_pick(self, place: Path) -> None:
        commit = self._any_commit(place)
        _quiet(place, "cherry-pick", "--allow-empty", "-X", "theirs", commit)

    def _reset_to_older(self, place: Path) -> None:
        back = self._dice.randint(1, 3)
        _quiet(place, "reset", "--hard", "--quiet", f"HEAD~{back}")

    def _force_elsewhere(self, place: Path) -> None:
        _quiet(place, "reset", "--hard", "--quiet", self._any_commit(place))

    def _squash(self, place: Path) -> None:
        """What a rebase makes of some commits: one, with the same files."""
        base = self.resolve(place, f"HEAD~{self._dice.randint(1, 4)}")
        if base:
            repos.git(place, "reset", "--soft", base)
            repos.git(place, "commit", "--quiet", "--allow-empty", "-m", "squashed")

    def _rebase(self, place: Path) -> None:
        onto = self._any_commit(place)
        if not _quiet(place, "rebase", "--quiet", "-X", "theirs", "--onto", onto, "HEAD~2"):
            _quiet(place, "rebase", "--abort")

    def _tag(self, place: Path) -> None:
        name = self._dice.choice(["v1", "v2", "v3"])
        annotated = self._dice.choice([[], ["-a", "-m", "a release"]])
        _quiet(place, "tag", "--force", *annotated, name, self._any_commit(place))

    def _delete_tag(self, place: Path) -> None:
        _quiet(place, "tag", "--delete", self._dice.choice(["v1", "v2", "v3"]))

    def _add_worktree(self, _: Path) -> str:
        if len(self.worktrees) >= _MAX_WORKTREES:
            return ""
        free = self._free_branches(self.main)
        choices = [["--detach"], ["-b", self._new_name("branch/w")]]
        place = self.main.parent / self._dice.choice(["tree", "tree two", self._new_name("tree")])
        if place in self.worktrees:
            return ""
        if free and self._dice.random() < 0.4:
            target = [str(place), self._dice.choice(free)]
        else:
            target = [*self._dice.choice(choices), str(place), self._any_commit(self.main)]
        repos.git(self.main, "worktree", "add", "--quiet", *target)
        self.worktrees.append(place)
        return place.name

    def _remove_worktree(self, _: Path) -> str:
        if not self.worktrees:
            return ""
        place = self.worktrees.pop(self._dice.randrange(len(self.worktrees)))
        repos.git(self.main, "worktree", "remove", "--force", "--force", str(place))
        self.removed.append(place)
        return place.name

    def _clone(self, place: Path) -> None:
        """A clone, which fetches, or is pushed from, once it is there."""
        if self.clone is None:
            self.clone = self.main.parent / "clone"
            repos.git(self.main.parent, "clone", "--quiet", str(self.main), str(self.clone))
            return
        _quiet(self.clone, "fetch", "--quiet", "--prune", "--tags", "--force", "origin")
        if place == self.clone:
            _quiet(place, "push", "--quiet", "--force", "origin", "HEAD:refs/heads/pushed")

    def _git_gc(self, place: Path) -> None:
        if self._dice.random() < 0.5:  # what no ref holds is lost
            _quiet(place, "reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all")
            _quiet(place, "gc", "--quiet", "--prune=now")
        else:
            _quiet(place, "gc", "--quiet")


_Step = Callable[[History, Path], str | None]
_STEPS: list[tuple[_Step, int]] = [
    (History._commit, 60),
    (History._empty_commit, 2),
    (History._amend, 5),
    (History._new_branch, 6),
    (History._switch, 8),
    (History._detach, 3),
    (History._delete_branch, 4),
    (History._rename_branch, 2),
    (History._merge, 7),
    (History._revert, 5),
    (History._cherry_pick, 5),
    (History._reset_to_older, 3),
    (History._force_elsewhere, 2),
    (History._squash, 3),
    (History._rebase, 2),
    (History._tag, 4),
    (History._delete_tag, 1),
    (History._add_worktree, 3),
    (History._remove_worktree, 1),
    (History._clone, 3),
    (History._git_gc, 1),
]


def _quiet(folder: Path, *arguments: str) -> str:
    """Run git, which may refuse; what it prints, or nothing."""
    names = {
        f"GIT_{who}_{what}": "test@example.org"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    done = subprocess.run(
        ["git", "-c", "rebase.autoSquash=false", *arguments],
        cwd=folder,
        env=os.environ | names | {"GIT_EDITOR": "true"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="backslashreplace",
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else ""
