"""Vectors for an overlay: those known to the index, those of earlier overlays, and new ones.

The shared index is only looked at. What is computed for a working tree is remembered beside the
indexes, in a folder of its own, so that the next process need not compute it again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from codesearch.errors import StoreError
from codesearch.store.generations import sizes
from codesearch.store.vectors import VectorCache

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from codesearch.encoder import Encoder

_ROUND = 32  # texts between two looks at the clock: about 0.1 s
PLACE = "worktree.txt"  # names the git directory whose working tree this is about
_MAX_BYTES = 64 << 20  # of the memory on disk: 50,000 texts. Then all but what is in use goes


class OverlayVectors:
    """The vectors of one working tree's chunks. Not for several threads at once."""

    def __init__(
        self,
        shared: Path,
        home: Path,
        git_dir: Path,
        encoder_fingerprint: str,
        dimension: int,
        encoder: Callable[[], Encoder],
    ) -> None:
        """``shared`` is the index's folder, never written; ``home`` that of all indexes."""
        self._shared = shared
        self._own = overlay_folder(home, git_dir)
        self._home = home
        self._git_dir = git_dir
        self._cache = (encoder_fingerprint, dimension)
        self._encoder = encoder
        self._known: dict[bytes, NDArray[np.float16]] = {}
        self._new: set[bytes] = set()  # of the known ones: not yet remembered on disk

    def __getitem__(self, key: bytes) -> NDArray[np.float16]:
        """The vector (dimension,) of a known text, by ``VectorCache.key``."""
        return self._known[key]

    def look_up(self, keys: Iterable[bytes]) -> None:
        """Load what is known among ``keys``: one look for many is cheaper than many."""
        wanted = set(keys)
        for folder in (self._shared, self._own):
            missing = [key for key in wanted if key not in self._known]
            if missing:
                self._known |= VectorCache.peek(folder, *self._cache, missing)

    def encode(self, texts: Mapping[bytes, str], deadline: float) -> bool:
        """Make all ``texts`` known, by key; False if the deadline (monotonic) came before.

        What was encoded until then is kept.
        """
        missing = [key for key in texts if key not in self._known]
        for start in range(0, len(missing), _ROUND):
            if time.monotonic() >= deadline:
                return False
            keys = missing[start : start + _ROUND]
            vectors = self._encoder().encode_documents([texts[key] for key in keys])
            self._known |= dict(zip(keys, vectors.astype(np.float16), strict=True))
            self._new |= set(keys)
        return True

    def settle(self, used: Collection[bytes]) -> None:
        """Remember on disk what is new; keep nothing in memory but what is ``used``."""
        if self._new:
            # The memory saves time and nothing else: without it the answers are the same.
            with contextlib.suppress(StoreError, OSError):
                self._remember(used)
            self._new.clear()
        self._known = {key: vector for key, vector in self._known.items() if key in used}

    def _remember(self, used: Collection[bytes]) -> None:
        if not self._own.is_dir():
            sweep(self._home)
            self._own.mkdir(parents=True)
            (self._own / PLACE).write_bytes(os.fsencode(self._git_dir))
        with closing(VectorCache(self._own, *self._cache)) as cache:
            keys = list(self._new)
            cache.put(keys, np.stack([self._known[key] for key in keys]))
            cache.forget_others()
            if sizes(self._own)[1] > _MAX_BYTES:
                cache.keep_only(used)


def overlay_folder(home: Path, git_dir: Path) -> Path:
    """Where vectors of the working tree are remembered whose git directory this is."""
    name = hashlib.sha256(os.fsencode(git_dir)).hexdigest()[:16]
    return home / "overlays" / name


def sweep(home: Path) -> None:
    """Delete what is remembered for working trees that are gone."""
    for place in home.glob(f"overlays/*/{PLACE}"):
        with contextlib.suppress(OSError):
            if not os.path.exists(place.read_bytes()):  # noqa: PTH110  (a name of any bytes)
                shutil.rmtree(place.parent, ignore_errors=True)
