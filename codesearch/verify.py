"""Comparing an index with git, chunk for chunk."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from codesearch.encoder.text import document_text
from codesearch.store import version_key
from codesearch.store.vectors import VectorCache
from codesearch.types import Damage, Progress, VerifyReport
from codesearch.writer import make_point
from indexers import pipeline
from indexers.types import Chunk, FileVersion, SkipReason

if TYPE_CHECKING:
    from codesearch.store import ManifestEntry, Point, Reader
    from codesearch.sync import Syncer

OnFile = Callable[[pipeline.Step], None]
OnProgress = Callable[[Progress], None]
_Remembered = tuple[str, int, str]  # blob, number of chunks, why it was skipped


def verify(
    syncer: Syncer, reader: Reader, commits: Iterable[str], *, on_progress: OnProgress | None = None
) -> VerifyReport:
    """Compare the stored points of each commit with what git says they should be.

    Files are read and cut again; a vector is compared with the one that is remembered for its
    text, or computed where none is. What two commits share is compared once.
    Raises ``RepositoryError`` where git cannot read something, ``StoreError``.
    """
    with closing(syncer.vector_cache()) as cache:
        check = _Check(syncer, reader, cache)
        for commit in commits:
            check.commit(commit, _told(on_progress))
        return check.report()


class _Check:
    """A ``Sink``: each file that it is given is compared with what is stored of it."""

    def __init__(self, syncer: Syncer, reader: Reader, cache: VectorCache) -> None:
        self._syncer = syncer
        self._cache = cache
        self._manifest = reader.manifest()
        self._stored: dict[int, Counter[bytes]] = {}  # digests of points, by version
        for point in reader.points():
            counts = self._stored.setdefault(point.payload["version"], Counter())
            counts[_digest(point)] += 1
        self._checked: set[int] = set()  # versions
        self._expected: dict[str, _Remembered] = {}
        self._files: dict[str, ManifestEntry] = {}
        self._chunks = 0
        self._damage: list[Damage] = []

    def commit(self, commit: str, on_file: OnFile | None) -> None:
        """Compare one commit; one that git has lost (it was rewritten) cannot be compared."""
        if not self._syncer.repository.has_commit(commit):
            return
        snapshot = self._manifest.snapshots[commit]
        rules = self._syncer.rules(commit)
        if rules.digest != snapshot.rules:
            return  # made under other settings: the next sync decides anew
        repository = self._syncer.repository
        self._expected, self._files = {}, dict(snapshot.files)
        plan = pipeline.make_plan(repository, commit, {}, rules=rules, same_rules=True)
        pipeline.run(repository, plan, self, on_progress=on_file)
        for path in sorted(self._expected.keys() | self._files.keys()):
            entry = self._files.get(path)
            found = entry and (entry.blob, entry.chunks, entry.skipped or "")
            if found != self._expected.get(path):
                self._damage.append(Damage(path, "the index remembers another state of the file"))

    def report(self) -> VerifyReport:
        """What was found. Points that no commit has are damage, too."""
        stray = self._stored.keys() - self._manifest.versions().keys()
        if stray:
            number = sum(self._stored[key].total() for key in stray)
            self._damage.append(Damage("", f"{number} chunks belong to no commit"))
        return VerifyReport(len(self._checked), self._chunks, tuple(self._damage))

    def remove(self, file: FileVersion) -> None:
        """Nothing was there before."""

    def skip(self, file: FileVersion, reason: SkipReason) -> None:
        """The file should be remembered as skipped."""
        self._expected[file.path] = (file.blob, 0, reason.value)

    def add(self, file: FileVersion, chunks: Sequence[Chunk]) -> None:
        """The file should be stored with these chunks."""
        self._expected[file.path] = (file.blob, len(chunks), "")
        key = version_key(file.path, file.blob)
        if key in self._checked:
            return
        self._checked.add(key)
        self._chunks += len(chunks)
        expected = Counter(map(_digest, self._points(file, chunks)))
        found = self._stored.get(key, Counter())
        missing, extra = (expected - found).total(), (found - expected).total()
        if missing or extra:
            what = f"{missing} chunks are missing or differ, {extra} should not be there"
            self._damage.append(Damage(file.path, what))

    def _points(self, file: FileVersion, chunks: Sequence[Chunk]) -> list[Point]:
        texts = [document_text(chunk) for chunk in chunks]
        keys = [VectorCache.key(text) for text in texts]
        vectors = self._cache.get(keys)
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in vectors}
        if new:
            encoded = self._syncer.encoder().encode_documents(list(new.values()))
            vectors |= dict(zip(new, encoded.astype(np.float16), strict=True))
        rows = enumerate(zip(chunks, keys, strict=True))
        return [make_point(file, ordinal, chunk, vectors[key]) for ordinal, (chunk, key) in rows]


def _told(on_progress: OnProgress | None) -> OnFile | None:
    if on_progress is None:
        return None
    tell = on_progress
    return lambda step: tell(
        Progress(
            step.files_done, step.files_total, step.bytes_done, step.bytes_total, 0, 0, step.path
        )
    )


def _digest(point: Point) -> bytes:
    """Of all that is stored of a point, with numbers as the engine keeps them."""
    terms = sorted((term, float(np.float32(weight))) for term, weight in point.terms.items())
    payload = json.dumps(dict(point.payload), sort_keys=True)
    vector = np.asarray(point.vector, np.float16).tobytes()
    return hashlib.blake2b(repr((terms, payload, vector)).encode(), digest_size=16).digest()
