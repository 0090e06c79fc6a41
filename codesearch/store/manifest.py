"""What an index remembers beside its points: which files each commit has, and who follows it.

Points belong to file versions (a path with a content), not to commits: a version that two branches
share is stored once. A commit is then a set of versions, and a question about one commit leaves out
all versions that it does not have. So a new branch, a moved tag or a second worktree changes no
point; it only adds a set.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

MAX_SINGLE_COMMITS = 16  # followed by id; the oldest make way: questions about HEAD~3 leave some


@dataclass(frozen=True, slots=True)
class Condition:
    """The payload field has one of the values (or, negated, none of them)."""

    field: str
    values: tuple[str, ...] | tuple[int, ...]
    negated: bool = False

    def accepts(self, payload: Mapping[str, Any]) -> bool:
        """What the engine would say about a point of this payload."""
        return (payload[self.field] in self.values) != self.negated


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """What an index remembers of a path: its blob, and either chunks or why it was skipped."""

    blob: str
    chunks: int = 0
    language: str = ""
    skipped: str | None = None


@dataclass(frozen=True, slots=True)
class Ref:
    """What an index follows: a branch, a tag, a detached HEAD, or a commit by its id."""

    name: str  # "refs/heads/main", "refs/tags/v1", "HEAD" where it is detached, or a commit's id
    place: str  # the git directory that knows it: clones that share an index keep theirs apart

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is of a clone on another machine, which shares an index on a server."""
        return self.place.startswith("@")  # no absolute path does

    @property
    def short_name(self) -> str:
        """As a user types it: ``main``, ``v1``, ``origin/main``."""
        for kind in ("refs/heads/", "refs/tags/", "refs/remotes/"):
            if self.name.startswith(kind):
                return self.name.removeprefix(kind)
        return self.name

    @property
    def is_single_commit(self) -> bool:
        """Whether this is one commit by its id, which never moves."""
        return self.name != "HEAD" and not self.name.startswith("refs/")


@dataclass(frozen=True)
class Snapshot:
    """The files of one commit, as the index took them in. Not changed after it is made."""

    rules: str  # digest of the skip rules that decided
    files: Mapping[str, ManifestEntry]  # by path

    @property
    def chunks(self) -> int:
        """Number of chunks at this commit."""
        return sum(entry.chunks for entry in self.files.values())

    @property
    def indexed_files(self) -> int:
        """Number of files that were not skipped."""
        return sum(entry.skipped is None for entry in self.files.values())

    def languages(self) -> dict[str, int]:
        """Chunks by language, most first."""
        counts: Counter[str] = Counter()
        for entry in self.files.values():
            counts[entry.language] += entry.chunks
        return {language: count for language, count in counts.most_common() if count}

    def skipped(self) -> dict[str, int]:
        """Files that stay out, by reason, most first."""
        reasons = (entry.skipped for entry in self.files.values() if entry.skipped)
        return dict(Counter(reasons).most_common())

    @cached_property
    def versions(self) -> Mapping[int, tuple[str, ManifestEntry]]:
        """The file versions that have points, by their key."""
        return {
            version_key(path, entry.blob): (path, entry)
            for path, entry in self.files.items()
            if entry.chunks
        }


@dataclass(frozen=True, slots=True)
class State:
    """The few words that a query needs of a published index."""

    fingerprint: str
    refs: Mapping[Ref, str]  # ref → commit; the one that was synced last stands last
    partial: str = ""  # a commit whose first build is under way or was cut off: files are missing

    @property
    def commits(self) -> frozenset[str]:
        """All commits that can be searched."""
        return frozenset(self.refs.values())


@dataclass(slots=True)
class Manifest:
    """What a published index is about: beside the points, all that a sync needs."""

    fingerprint: str
    model: str = ""  # name and digest of the encoder, for people
    refs: dict[Ref, str] = field(default_factory=dict)  # ref → commit, the last synced one last
    snapshots: dict[str, Snapshot] = field(default_factory=dict)  # by commit
    partial: str = ""  # see State

    @property
    def state(self) -> State:
        """What of it a query needs."""
        return State(self.fingerprint, dict(self.refs), self.partial)

    def follow(self, ref: Ref, commit: str, snapshot: Snapshot) -> None:
        """Let ``ref`` stand at ``commit``, as the one that was synced last."""
        self.refs.pop(ref, None)
        self.refs[ref] = commit
        self.snapshots[commit] = snapshot
        single = [other for other in self.refs if other.is_single_commit]
        for oldest in single[:-MAX_SINGLE_COMMITS]:
            del self.refs[oldest]
        self.drop_unheld()

    def drop_unheld(self) -> None:
        """Forget the commits that no ref stands at."""
        held = set(self.refs.values())
        for commit in self.snapshots.keys() - held:
            del self.snapshots[commit]
        if self.partial not in held:
            self.partial = ""

    def versions(self) -> dict[int, tuple[str, ManifestEntry]]:
        """All file versions that have points, by their key."""
        found: dict[int, tuple[str, ManifestEntry]] = {}
        for snapshot in self.snapshots.values():
            found |= snapshot.versions
        return found

    def visible(self) -> dict[str, list[Condition]]:
        """For each commit what keeps a query to it: nothing where it has all that there is."""
        if len(self.snapshots) == 1:
            return {commit: [] for commit in self.snapshots}
        inside = {commit: snapshot.versions for commit, snapshot in self.snapshots.items()}
        everything: set[int] = set().union(*inside.values())
        return {commit: _only(set(own), everything) for commit, own in inside.items()}

    def to_json(self) -> str:
        """All of it as text; what commits share is written once."""
        # What else an entry says follows from these three, and they are quickly hashed.
        rows: dict[tuple[str, str, str | None], int] = {}
        versions: list[str] = []
        snapshots = {}
        for commit, snapshot in self.snapshots.items():
            numbers = []
            for path, entry in snapshot.files.items():
                number = rows.setdefault((path, entry.blob, entry.skipped), len(rows))
                if number == len(versions):
                    versions.append(_version_to_json(path, entry))
                numbers.append(number)
            snapshots[commit] = {"rules": snapshot.rules, "files": numbers}
        rest = {
            "fingerprint": self.fingerprint,
            "model": self.model,
            "refs": refs_to_json(self.refs),
            "partial": self.partial,
            "snapshots": snapshots,
        }
        return f'{json.dumps(rest)[:-1]}, "versions": [{", ".join(versions)}]}}'

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Manifest:
        """The manifest from what ``to_json`` wrote, as plain values.

        Raises KeyError, TypeError, … where they are of no manifest.
        """
        rows = [(path, ManifestEntry(*rest)) for path, *rest in values["versions"]]
        return cls(
            fingerprint=values["fingerprint"],
            model=values["model"],
            refs=refs_from_json(values["refs"]),
            partial=values["partial"],
            snapshots={
                commit: Snapshot(row["rules"], dict(rows[number] for number in row["files"]))
                for commit, row in values["snapshots"].items()
            },
        )


@lru_cache(1 << 17)
def version_key(path: str, blob: str) -> int:
    """The key of a file version among the points: 63 bits, the same in every index."""
    digest = hashlib.blake2b(f"{path}\0{blob}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1


@lru_cache(1 << 17)  # from commit to commit nearly all rows are the same
def _version_to_json(path: str, entry: ManifestEntry) -> str:
    return json.dumps((path, entry.blob, entry.chunks, entry.language, entry.skipped))


def refs_to_json(refs: Mapping[Ref, str]) -> list[tuple[str, str, str]]:
    """Rows of name, place, commit, in order."""
    return [(ref.name, ref.place, commit) for ref, commit in refs.items()]


def refs_from_json(rows: Iterable[tuple[str, str, str]]) -> dict[Ref, str]:
    """What ``refs_to_json`` was given."""
    return {Ref(name, place): commit for name, place, commit in rows}


def _only(inside: set[int], everything: set[int]) -> list[Condition]:
    outside = everything - inside
    if not outside:
        return []
    if len(outside) <= len(inside):
        return [Condition("version", tuple(sorted(outside)), negated=True)]
    return [Condition("version", tuple(sorted(inside)))]
