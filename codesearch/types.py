"""What the public API hands out and takes in. Frozen dataclasses, nothing that does work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from indexers.types import Chunk, Kind, SkipReason, Span

__all__ = [
    "Chunk",
    "Damage",
    "Explanation",
    "Filter",
    "Freshness",
    "GcReport",
    "Hit",
    "IndexStats",
    "IndexedRef",
    "Kind",
    "Progress",
    "SkipReason",
    "Span",
    "SyncReport",
    "VerifyReport",
]


@dataclass(frozen=True, slots=True)
class Filter:
    """Narrows a search; applied inside the engine, before any candidate is cut off.

    Values of one field are alternatives, fields are conjoined. ``path`` takes patterns as in
    ``.gitignore`` (``src/``, ``*.py``, ``docs/**``, ``!tests/``); ``language`` and ``kind`` take
    names such as ``"python"`` and ``"method"``.
    """

    path: str | tuple[str, ...] = ()
    language: str | tuple[str, ...] = ()
    kind: str | tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a hit stands where it stands. Ranks count from 1; None = not among the candidates."""

    dense_rank: int | None = None
    # The cosine, less for what is near to every question: -1 … 1.
    dense_score: float | None = None
    lexical_rank: int | None = None
    lexical_score: float | None = None  # BM25, 0 …
    # What the score is the sum of: "meaning", "words", and what each rule added; empty where the
    # score is the similarity itself. ``codesearch.score_parts`` says what they mean.
    parts: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        """The explanation in words, on one line."""
        found = {}
        if self.dense_rank is not None:
            found["meaning"] = f" #{self.dense_rank} (similarity {self.dense_score:.3f})"
        if self.lexical_rank is not None:
            found["words"] = f" #{self.lexical_rank} (BM25 {self.lexical_score:.1f})"
        return ", ".join(
            name + found.get(name, "") + (f" {self.parts[name]:+.4f}" if self.parts else "")
            for name in self.parts or found
        )


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: a chunk, its score (higher is better; comparable within one answer only)."""

    score: float
    chunk: Chunk
    explanation: Explanation
    repository: str = ""  # its name

    @property
    def location(self) -> str:
        """``path:line``, as editors and terminals understand it."""
        return f"{self.chunk.path}:{self.chunk.span.start_line}"


@dataclass(frozen=True, slots=True)
class IndexedRef:
    """A ref that an index follows, and the commit at which it was indexed last."""

    name: str  # as a user types it: "main", "v1.0", "HEAD" (detached), or a commit's id
    commit: str
    full_name: str = field(default="", compare=False)  # "refs/heads/main": a tag may be main too


@dataclass(frozen=True, slots=True)
class Freshness:
    """Which commit an answer speaks about, and how far the repository has moved on."""

    commit: str  # the indexed commit
    head: str | None  # HEAD now, or what was asked for; None where there is none
    commits_behind: int | None  # commits in it that the index lacks; None: cannot be told
    dirty_files: int | None = None  # tracked files with uncommitted changes; None: not asked for
    partial: bool = False  # the first index is being built, or was cut off: files are missing
    overlaid_files: int = 0  # that the last search took from the working tree, or left out as gone
    uncovered_files: int = 0  # that differ there, and were not: time was short, or unreadable
    uncompared: str = ""  # why git could not compare the working tree: it was left out

    @property
    def is_current(self) -> bool:
        """Whether the indexed commit is HEAD, and is indexed whole."""
        return self.commit == self.head and not self.partial


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a sync, for progress bars. Bytes tell best how much is left."""

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    chunks: int  # chunks written so far
    encoded: int  # of these, encoded anew
    path: str  # what is being read


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did. All counts are of this sync, except ``files``, ``chunks``, ``skipped``."""

    ref: str  # what was synced, as a user types it
    commit: str
    files: int  # files of this commit in the index
    chunks: int  # chunks of this commit in the index
    encoded: int  # texts that went through the encoder
    reused: int  # chunks written with a vector known from before
    deleted: int  # chunks removed
    skipped: Mapping[SkipReason, int]  # files that stay out, by reason
    seconds: float
    rebuilt: bool = False  # the index was built anew: first time, or another model


@dataclass(frozen=True, slots=True)
class GcReport:
    """What a clean-up took away."""

    refs: tuple[str, ...]  # no longer in git
    points: int  # chunks that no commit has any more
    vectors: int  # remembered for texts that no commit has any more
    bytes_before: int  # on disk, everything included
    bytes_after: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Where an index is not what it should be."""

    path: str  # "" where it is about no single file
    what: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a comparison of an index with git found."""

    files: int  # file versions compared
    chunks: int  # chunks compared
    damage: tuple[Damage, ...] = ()
    repaired: bool = False  # the index was built anew because of it


@dataclass(frozen=True, slots=True)
class IndexStats:
    """An index in numbers."""

    name: str  # of the repository
    directory: str
    commit: str
    refs: tuple[IndexedRef, ...]  # all that the index follows in this repository
    files: int  # of the commit, as everything below but ``points`` and ``bytes``
    chunks: int
    points: int  # stored chunks of all commits; what they share is stored once
    languages: Mapping[str, int]  # chunks by language
    skipped: Mapping[SkipReason, int]
    bytes: int  # on this machine's disk; of an index on a server those are the vectors known
    model: str  # name and digest of the encoder

    @property
    def bytes_per_chunk(self) -> float:
        """Bytes on disk for each chunk; 0 for an empty index."""
        return self.bytes / self.points if self.points else 0.0
