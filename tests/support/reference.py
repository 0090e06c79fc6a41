"""What an index must hold, computed without one: plain models of a commit and of the refs."""

from __future__ import annotations

import subprocess
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codesearch.encoder import Encoder, document_text
from codesearch.store import ManifestEntry, Ref
from codesearch.store.embedded import EmbeddedReader
from codesearch.store.manifest import MAX_SINGLE_COMMITS
from codesearch.writer import make_point
from indexers.chunker import chunk_text
from indexers.repository import Repository
from indexers.skip import Rules, Source
from indexers.types import FileVersion, SkipReason, TreeEntry
from stored import Plain

Rows = dict[str, Plain]
"""Points by id: vector, terms, payload."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an index must hold of one commit."""

    files: dict[str, ManifestEntry]
    points: Rows
    texts: frozenset[str]


class Reference:
    """Takes commits in, one by one and each on its own. The encoder is asked once for a text."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._vectors: dict[str, NDArray[np.float16]] = {}
        self._commits: dict[str, Expected] = {}
        self._decisions: dict[tuple[str, TreeEntry], Source | SkipReason] = {}
        self._points: dict[tuple[str, str], tuple[Rows, frozenset[str]]] = {}

    def expected(self, place: Path, commit: str) -> Expected:
        """What an index has at ``commit``. Remembered: git may lose the commit."""
        if commit not in self._commits:
            with Repository.open(place) as repository:
                self._commits[commit] = self._take_in(repository, commit)
        return self._commits[commit]

    def union(self, commits: Collection[str]) -> Rows:
        """Everything that an index of these commits stores."""
        stored: Rows = {}
        for commit in commits:
            stored |= self._commits[commit].points
        return stored

    def texts(self, commits: Collection[str]) -> set[str]:
        """All texts of these commits."""
        return {text for commit in commits for text in self._commits[commit].texts}

    def _take_in(self, repository: Repository, commit: str) -> Expected:
        rules = Rules.at(repository, commit)
        files: dict[str, ManifestEntry] = {}
        points: Rows = {}
        texts: set[str] = set()
        for entry in read_tree(repository.git_dir, commit):
            found = self._decide(repository, rules, entry)
            if isinstance(found, SkipReason):
                files[entry.path] = ManifestEntry(entry.blob, skipped=found.value)
                continue
            rows, said = self._rows(entry, found)
            points |= rows
            texts |= said
            language = found.language if rows else ""
            files[entry.path] = ManifestEntry(entry.blob, len(rows), language)
        return Expected(files, points, frozenset(texts))

    def _decide(
        self, repository: Repository, rules: Rules, entry: TreeEntry
    ) -> Source | SkipReason:
        key = (rules.digest, entry)
        if key not in self._decisions:
            reason = rules.by_entry(entry)
            if reason is None:
                data = repository.read(entry.blob)
                self._decisions[key] = rules.examine(entry.path, data)
            else:
                self._decisions[key] = reason
        return self._decisions[key]

    def _rows(self, entry: TreeEntry, source: Source) -> tuple[Rows, frozenset[str]]:
        key = (entry.path, entry.blob)
        if key not in self._points:
            chunks = chunk_text(
                source.text, path=entry.path, language=source.language, blob=entry.blob
            )
            texts = [document_text(chunk) for chunk in chunks]
            self._encode(texts)
            file = FileVersion(entry.path, entry.blob)
            rows: Rows = {}
            for number, (chunk, text) in enumerate(zip(chunks, texts, strict=True)):
                point = make_point(file, number, chunk, self._vectors[text])
                terms = {term: float(np.float32(weight)) for term, weight in point.terms.items()}
                rows[point.id] = (point.vector.tobytes(), terms, dict(point.payload))
            self._points[key] = rows, frozenset(texts)
        return self._points[key]

    def _encode(self, texts: list[str]) -> None:
        fresh = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if fresh:
            vectors = self._encoder.encode_documents(fresh).astype(np.float16)
            self._vectors |= dict(zip(fresh, vectors, strict=True))


@dataclass(slots=True)
class Followed:
    """The refs that an index must follow, by what was synced and what git has deleted since."""

    refs: dict[Ref, str] = field(default_factory=dict)

    def follow(self, ref: Ref, commit: str) -> None:
        """A sync of ``ref``, at ``commit`` now."""
        self.refs.pop(ref, None)
        self.refs[ref] = commit
        single = [other for other in self.refs if other.is_single_commit]
        for oldest in single[:-MAX_SINGLE_COMMITS]:
            del self.refs[oldest]

    def drop_deleted(self, place: Path) -> None:
        """What this repository had, and has no more. Other clones' refs are theirs."""
        common = _git(place, "rev-parse", "--path-format=absolute", "--git-common-dir")
        own = _git(place, "rev-parse", "--path-format=absolute", "--git-dir")
        names = set(_git(place, "for-each-ref", "--format=%(refname)").splitlines())
        detached = not _git(place, "symbolic-ref", "-q", "HEAD")
        for ref in list(self.refs):
            if ref.place != common and not ref.place.startswith(f"{common}/worktrees/"):
                continue
            if ref.name == "HEAD":
                there = detached if ref.place == own else Path(ref.place).exists()
            elif ref.is_single_commit:
                there = bool(_git(place, "cat-file", "-t", f"{ref.name}^{{tree}}"))
            else:
                there = ref.name in names
            if not there:
                del self.refs[ref]


def ref_at(place: Path, revision: str, commit: str) -> Ref:
    """The ref that a revision names, if it is a full name, HEAD, or a commit."""
    common = _git(place, "rev-parse", "--path-format=absolute", "--git-common-dir")
    if revision.startswith("refs/"):
        return Ref(_git(place, "rev-parse", "--symbolic-full-name", revision), common)
    if revision != "HEAD":
        return Ref(commit, common)
    branch = _git(place, "symbolic-ref", "-q", "HEAD")
    own = _git(place, "rev-parse", "--path-format=absolute", "--git-dir")
    return Ref(branch, common) if branch else Ref("HEAD", own)


def read_tree(git_dir: Path, commit: str) -> list[TreeEntry]:
    """The files of a commit, as git lists them."""
    command = ["git", f"--git-dir={git_dir}", "ls-tree", "-r", "-z", "-l", "--full-tree", commit]
    entries = []
    for row in subprocess.run(command, check=True, capture_output=True).stdout.split(b"\0")[:-1]:
        mode, _, blob, size = row.partition(b"\t")[0].split()
        path = row.partition(b"\t")[2].decode(errors="backslashreplace")
        length = -1 if size == b"-" else int(size)
        entries.append(TreeEntry(path, blob.decode(), int(mode, 8), length))
    return entries


def visible(reader: EmbeddedReader, commit: str, dimension: int) -> set[str]:
    """The ids of all points that a search at ``commit`` can find."""
    anything = np.ones(dimension, np.float32)
    return {id_ for id_, _ in reader.nearest(anything, 1 << 20, reader.visible(commit))}


def _git(place: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=place, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""
