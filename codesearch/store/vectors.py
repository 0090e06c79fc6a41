"""A durable memory of every vector ever computed for an index, keyed by the text encoded.

Encoding is the costly part of indexing, so its results are kept apart from the points: a killed
run goes on where it stopped, and what comes back (a revert, a branch, a moved function) is not
encoded again. SQLite, because several processes may look while one writes, and a kill or a power
cut loses at most the last batch.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from codesearch.errors import StoreError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KEY_BYTES = 16


class VectorCache:
    """Vectors of one encoder, as float16: half the space, at a cosine above .99999."""

    def __init__(self, directory: Path, encoder_fingerprint: str, dimension: int) -> None:
        self._path = _path(directory, encoder_fingerprint)
        self._dimension = dimension
        with self._errors():
            self._database = sqlite3.connect(self._path, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)"
                " WITHOUT ROWID"
            )

    @staticmethod
    def key(text: str) -> bytes:
        """The key of an encoded text."""
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_KEY_BYTES]

    def get(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float16]]:
        """The vectors (dimension,) that are known among ``keys``."""
        with self._errors():
            return _lookup(self._database, keys, self._dimension)

    @classmethod
    def peek(
        cls, directory: Path, encoder_fingerprint: str, dimension: int, keys: Sequence[bytes]
    ) -> dict[bytes, NDArray[np.float16]]:
        """As ``get``, for who must not write there: no file is made, changed or left behind.

        What cannot be read is not known; no error is raised.
        """
        path = _path(directory, encoder_fingerprint)
        log = path.with_name(path.name + "-wal")
        try:
            before = path.stat().st_mtime_ns
            # An ordinary reader leaves a log behind where there was none. Without a log nobody
            # has the file open, and it is whole; should a writer come and go meanwhile, he leaves
            # a newer file.
            alone = not log.exists()
            mode = "immutable=1" if alone else "mode=ro"
            database = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True)
            with contextlib.closing(database):
                found = _lookup(database, keys, dimension)
            if alone and (log.exists() or path.stat().st_mtime_ns != before):
                return {}
        except (OSError, sqlite3.Error):
            return {}
        return found

    def put(self, keys: Sequence[bytes], vectors: NDArray[np.float16]) -> None:
        """Remember ``vectors`` (n, dimension), durably and all at once."""
        rows = [(key, vector.tobytes()) for key, vector in zip(keys, vectors, strict=True)]
        with self._errors(), self._transaction():
            self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    def forget(self, keys: Collection[bytes]) -> None:
        """Forget these vectors: they are computed again when they are needed."""
        with self._errors(), self._transaction():
            rows = [(key,) for key in keys]
            self._database.executemany("DELETE FROM vectors WHERE key = ?", rows)

    def keep_only(self, keys: Collection[bytes]) -> int:
        """Forget all others, and give their space back; how many that were."""
        with self._errors():
            known = {key for (key,) in self._database.execute("SELECT key FROM vectors")}
            unused = known.difference(keys)
            if unused:
                self.forget(unused)
                self._database.execute("VACUUM")
        return len(unused)

    def forget_others(self) -> None:
        """Delete the memories of other encoders in the same folder."""
        for other in self._path.parent.glob("vectors-*.sqlite*"):
            if not other.name.startswith(self._path.name):
                other.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            text = str(error)
            if "malformed" in text or "not a database" in text:
                remedy = f"Delete {self._path}: the vectors are computed again"
            else:
                remedy = "Free disk space and check that the folder is writable"
            raise StoreError(f"Cannot use {self._path}: {text}", remedy) from error


def _path(directory: Path, encoder_fingerprint: str) -> Path:
    return directory / f"vectors-{encoder_fingerprint}.sqlite"


def _lookup(
    database: sqlite3.Connection, keys: Sequence[bytes], dimension: int
) -> dict[bytes, NDArray[np.float16]]:
    known: dict[bytes, NDArray[np.float16]] = {}
    for start in range(0, len(keys), 500):
        part = keys[start : start + 500]
        marks = ",".join("?" * len(part))
        rows = database.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", part)
        known.update((key, np.frombuffer(blob, np.float16)) for key, blob in rows)
    return {key: vector for key, vector in known.items() if len(vector) == dimension}
