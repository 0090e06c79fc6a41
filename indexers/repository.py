"""A git repository, read from its objects at a commit; the working tree is ``worktree.py``'s.

Bare repositories, linked worktrees, submodule checkouts and SHA-256 repositories read alike. How
git is run, and what keeps a hostile repository from running anything, is in ``indexers/git.py``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from indexers import git
from indexers.errors import RepositoryError
from indexers.listing import TreeLists
from indexers.types import TreeEntry
from indexers.worktree import WorkingTree

_OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_ODD_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")
_LAYOUT = (
    *("rev-parse", "--path-format=absolute"),
    *("--is-inside-work-tree", "--git-dir", "--git-common-dir", "--show-toplevel"),
)
_REFETCH = "fetch what is missing with `git fetch --refetch --no-filter`"


@dataclass(frozen=True, slots=True)
class Head:
    """Where HEAD stands."""

    commit: str
    branch: str | None  # "main", "feature/x"; None where HEAD is detached


class Repository:
    """One repository, or one worktree of it. Made by :meth:`open`; close it after use.

    Every method raises ``RepositoryError`` where git is missing or fails. May be used from several
    threads at once.
    """

    def __init__(self, git_dir: Path, common_dir: Path, root: Path | None) -> None:
        self.git_dir = git_dir
        self.common_dir = common_dir  # shared by all worktrees
        self.root = root  # of the working tree; None where there is none
        self.worktree = WorkingTree(git_dir, root) if root is not None else None
        self._blobs = git.BlobReader(git_dir)
        self._last_head: tuple[tuple[object, ...] | None, Head] | None = None
        self._trees = TreeLists(git_dir)

    @classmethod
    def open(cls, path: str | Path) -> Repository:
        """Find the repository that the folder ``path`` is in, or is.

        Raises ``RepositoryError`` where there is none, or where git refuses to trust its owner.
        """
        try:
            folder = Path(path).expanduser()
        except RuntimeError:  # "~who", who is nobody here
            folder = Path(path)
        if not _is_folder(folder):
            raise RepositoryError(f"{folder} is not a folder", "give the path of a git repository")
        done = git.run(_LAYOUT, cwd=folder)
        is_bare = b"safe.bareRepository" in done.stderr
        if is_bare:  # such a folder has to be named to git, by the user's settings: it was to us
            done = git.run(["--git-dir=.", *_LAYOUT], cwd=folder)
        lines = done.stdout.decode(errors="surrogateescape").splitlines()
        if lines and lines[0].startswith("--"):  # git gives back an option that it does not know
            raise RepositoryError("git is too old", "install git 2.31 or later")
        if len(lines) < 3 or (done.returncode != 0 and lines[0] == "true"):
            raise _not_opened(folder, done.stderr)
        has_root = lines[0] == "true" and len(lines) > 3 and not is_bare
        return cls(Path(lines[1]), Path(lines[2]), Path(lines[3]) if has_root else None)

    def __enter__(self) -> Repository:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child process that reads blobs. A later read starts another."""
        self._blobs.close()

    @property
    def name(self) -> str:
        """For display: the folder's name without ``.git``; the same for all worktrees."""
        common = self.common_dir
        if common.name.startswith("."):  # flask/.git, and flask/.bare as some lay it out
            return common.parent.name
        if self.root is not None and self.git_dir == common:  # a submodule's checkout
            return self.root.name
        return common.name.removesuffix(".git")

    def resolve(self, revision: str) -> str:
        """Full id of the commit that ``revision`` (branch, tag, ``HEAD~3``, id) names.

        Raises ``RepositoryError`` if it names none here, or if there are no commits yet.
        """
        if revision and "\0" not in revision:
            done = git.run([*self._here, *_VERIFY, f"{_as_git_has_it(revision)}^{{commit}}"])
            commit = done.stdout.decode(errors="replace").strip()
            if done.returncode == 0 and _OBJECT_ID.fullmatch(commit):
                return commit
        if self._is_empty():
            raise RepositoryError(f"{self.name} has no commits yet", "make a first commit")
        raise RepositoryError(
            f"{self.name} has no revision {revision!r}",
            "name a branch, a tag or a commit that `git log` shows",
        )

    @property
    def places(self) -> tuple[str, ...]:
        """Where refs of this repository are known: in all worktrees, and in this one alone."""
        return tuple(dict.fromkeys((str(self.common_dir), str(self.git_dir))))

    def knows(self, place: str) -> bool:
        """Whether the git directory ``place`` is (or was) this one's, or one of its worktrees'."""
        common = str(self.common_dir)
        return place == common or place.startswith(f"{common}/worktrees/")

    def ref_of(self, revision: str) -> tuple[str, str, str]:
        """The ref that ``revision`` names, the git directory that knows it, and the commit.

        The name is in full (``refs/heads/main``); ``HEAD`` where HEAD is detached; a commit's id
        where the revision names no ref (``HEAD~3``). What is the name of a tag and of a branch is
        that of the tag, as for git. Odd bytes of a name are written as those of
        a path are (see :meth:`tree`). Raises as :meth:`resolve` does.
        """
        commit, name = self._resolve_with_name(revision)
        if name == "HEAD":
            return name, str(self.git_dir), commit
        is_plain = revision == "HEAD" or f"/{name}".endswith(f"/{revision}")
        # ``main@{1}`` names main, but stands elsewhere.
        if name.startswith("refs/") and (is_plain or self.resolve(name) == commit):
            return name, str(self.common_dir), commit
        return commit, str(self.common_dir), commit

    def _resolve_with_name(self, revision: str) -> tuple[str, str]:
        """The commit, and what git calls the ref; one process where all is well."""
        if revision and not revision.startswith("-") and "\0" not in revision:
            given = _as_git_has_it(revision)
            asked = [f"{given}^{{commit}}", "--symbolic-full-name", given]
            done = git.run([*self._here, "rev-parse", *asked])
            lines = git.as_text(done.stdout).split("\n")[:-1]
            commit, name = (*lines, "", "")[:2]
            is_one = len(lines) <= 2 and (not name or name == "HEAD" or name.startswith("refs/"))
            if done.returncode == 0 and is_one and _OBJECT_ID.fullmatch(commit):
                return commit, name
        return self.resolve(revision), ""  # which says what is wrong: ``a..b``, too

    def ref_names(self) -> frozenset[str]:
        """All branches, tags and other refs, in full."""
        done = git.run([*self._here, "for-each-ref", "--format=%(refname)"])
        return frozenset(git.as_text(done.stdout).split("\n")[:-1])

    def has_commit(self, commit: str) -> bool:
        """Whether the commit with this id, and its tree, are here."""
        _must_be_id(commit)
        done = git.run([*self._here, "cat-file", "-e", f"{commit}^{{tree}}"])
        return done.returncode == 0

    def head(self) -> Head:
        """Commit and branch of HEAD, as this worktree has it. Raises as :meth:`resolve` does.

        Asked again while no file of HEAD or of a ref has changed, it answers without git.
        """
        stamp = self._head_stamp()
        if self._last_head is None or stamp is None or self._last_head[0] != stamp:
            self._last_head = (stamp, self._read_head())
        return self._last_head[1]

    def is_detached(self) -> bool:
        """Whether HEAD is at a commit, not on a branch (be it one without commits yet)."""
        return git.run([*self._here, "symbolic-ref", "--quiet", "HEAD"]).returncode != 0

    def detached_worktrees(self) -> list[Path]:
        """The other working trees of the repository whose HEAD is at a commit, not on a branch."""
        done = git.run([*self._here, "worktree", "list", "--porcelain"])
        if done.returncode != 0:
            raise RepositoryError(f"cannot list worktrees: {git.last_words(done.stderr)}", git.FSCK)
        rows = [block.split("\n") for block in os.fsdecode(done.stdout).split("\n\n")]
        folders = [row[0].removeprefix("worktree ") for row in rows if "detached" in row]
        there = [Path(folder) for folder in folders if os.path.lexists(f"{folder}/.git")]
        return [folder for folder in there if folder != self.root]

    def _head_stamp(self) -> tuple[object, ...] | None:
        """What changes whenever HEAD moves; None where that cannot be told from files."""
        try:
            text = (self.git_dir / "HEAD").read_bytes()
        except OSError:
            return None
        if text.startswith(b"ref: "):
            name = text[5:].strip().decode(errors="surrogateescape")
            files = (self.common_dir / name, self.common_dir / "packed-refs")
            if name.endswith("/.invalid"):  # refs are kept in tables, not in files
                return None
            return (text, *map(_file_stamp, files))
        return (text,)

    def _read_head(self) -> Head:
        done = git.run([*self._here, "rev-parse", "HEAD", "--symbolic-full-name", "HEAD"])
        lines = git.as_text(done.stdout).split("\n")[:-1]
        if done.returncode != 0 or len(lines) != 2:
            return Head(self.resolve("HEAD"), None)
        ref = lines[1]
        return Head(lines[0], ref.removeprefix("refs/heads/") if ref != "HEAD" else None)

    def tree(self, commit: str, root: str = "") -> list[TreeEntry]:
        """All files at ``commit``, in git's order; below the folder ``root`` only, if given.

        Symbolic links and submodules included. A name that is not UTF-8 has its odd bytes written
        as ``\\xNN``: good to show, to store and to compare. ``root`` that is not there gives
        nothing. Sizes are -1 where git cannot tell: of a submodule, of what a partial clone lacks.
        """
        _must_be_id(commit)
        return self._trees.at(commit, root)

    def read(self, blob: str, path: str = "") -> bytes:
        """Content of a blob; ``path`` is only for the message where it cannot be read.

        Raises ``RepositoryError`` if the object is missing or corrupt.
        """
        _must_be_id(blob)
        what = f"{path} (object {blob[:12]})" if path else f"object {blob}"
        try:
            data = self._blobs.read(blob)
        except RepositoryError as error:
            remedy = _REFETCH if "promisor" in str(error) else error.remedy or git.FSCK
            raise RepositoryError(f"cannot read {what}: {error}", remedy) from None
        if data is None:
            raise RepositoryError(f"cannot read {what}: git has no such object", git.FSCK)
        return data

    def identity(self) -> str:
        """A key (hex) that all worktrees and clones of one repository share.

        It is the id of the root commit that HEAD's first parents lead to, as the main worktree
        has HEAD (of any branch, where HEAD names none that exists). Forks share it too. A shallow
        clone has another key, which changes as the clone is deepened: its history ends at a commit
        that is no root elsewhere. Walks the history (12,000 commits: 0.09 s), so it is not for
        the path of a query.
        """
        walk = ["rev-list", "--first-parent", "--max-parents=0"]
        main = f"--git-dir={self.common_dir}"
        for place, tip in ((main, "HEAD"), (*self._here, "HEAD"), (main, "--branches")):
            done = git.run([place, *walk, tip, "--"])
            roots = done.stdout.decode().split()
            if done.returncode == 0 and roots:
                return roots[-1]
        self.resolve("HEAD")  # says so, if the reason is that there are no commits
        raise RepositoryError(f"cannot walk history: {git.last_words(done.stderr)}", git.FSCK)

    def commits_between(self, old: str, new: str) -> int | None:
        """How many commits ``new`` has that ``old`` has not; None if either is unknown here."""
        _must_be_id(old)
        _must_be_id(new)
        done = git.run([*self._here, "rev-list", "--count", f"{old}..{new}", "--"])
        return int(done.stdout) if done.returncode == 0 else None

    def is_dirty(self) -> int:
        """How many tracked files differ from HEAD, staged or not; 0 without a working tree.

        Writes nothing and runs no filter.
        """
        return self.worktree.dirty_files() if self.worktree else 0

    @property
    def _here(self) -> tuple[str, ...]:
        return (f"--git-dir={self.git_dir}",)

    def _is_empty(self) -> bool:
        done = git.run([*self._here, "rev-list", "--all", "--max-count=1"])
        return done.returncode == 0 and not done.stdout.strip()


def is_object_id(text: str) -> bool:
    """Whether this is the full id of an object, by its form."""
    return _OBJECT_ID.fullmatch(text) is not None


def _as_git_has_it(revision: str) -> str:
    """A revision in which names may be written as ``git.as_text`` writes them.

    No name of a ref has a backslash of its own.
    """
    return _ODD_BYTE.sub(lambda found: os.fsdecode(bytes.fromhex(found[1])), revision)


def _file_stamp(path: Path) -> tuple[int, int, int] | None:
    # git replaces these files by renaming, so a new content has a new inode or a new time.
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


_VERIFY = ("rev-parse", "--verify", "--quiet", "--end-of-options")


def _must_be_id(text: str) -> None:
    if not _OBJECT_ID.fullmatch(text):
        raise RepositoryError(f"{text!r} is not a full object id", "resolve a revision first")


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long, for one
        return False


def _not_opened(folder: Path, stderr: bytes) -> RepositoryError:
    for line in stderr.decode(errors="replace").splitlines():
        if line.strip().startswith("git config --global --add safe.directory"):
            return RepositoryError(
                f"git does not trust {folder}: it belongs to another user",
                f"if you trust it: {line.strip()}",
            )
    if b"not a git repository" in stderr:
        return RepositoryError(f"{folder} is not in a git repository", "cd to one, or name one")
    return RepositoryError(f"cannot open {folder}: {git.last_words(stderr)}", "see `git status`")
