"""A small cache with expiry.

Entries live in memory only.
"""

from __future__ import annotations

import time
from typing import overload

DEFAULT_TTL = 60


def _now() -> float:
    return time.monotonic()


class Cache[K, V]:
    """Keeps values for a while.

    Thread-safe it is not.
    """

    ttl: float = DEFAULT_TTL

    def __init__(self, ttl: float = DEFAULT_TTL) -> None:
        self.ttl = ttl
        self._entries: dict[K, tuple[float, V]] = {}

    @property
    def size(self) -> int:
        """How many entries there are, expired ones included."""
        return len(self._entries)

    @overload
    def get(self, key: K) -> V | None: ...

    @overload
    def get(self, key: K, default: V) -> V: ...

    def get(self, key, default=None):
        """Return the value of ``key`` unless it has expired."""
        expires, value = self._entries.get(key, (0.0, default))
        return value if expires > _now() else default

    # Called by the timer, never by users.
    @staticmethod
    async def sweep(
        caches: list[Cache],
        *,
        limit: int = 10,
    ) -> int:
        def expired(cache):
            return [key for key, (at, _) in cache._entries.items() if at < _now()]

        return sum(len(expired(cache)) for cache in caches[:limit])

    class Stats:
        hits = 0

        def reset(self):
            self.hits = 0


def größe(cache: Cache) -> int:
    # Kept for old callers.
    "The size, in German."
    return cache.size


cache = Cache()
if __name__ == "__main__":
    print(cache.size)
