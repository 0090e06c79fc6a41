"""The stores that the contract is tested over, each in a place of its own.

The server is the one that ``CODESEARCH_TEST_QDRANT_URL`` names (with the API key in
``CODESEARCH_TEST_QDRANT_API_KEY``), otherwise one of ``qdrant_http.py``, which says what they lack.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from qdrant_client import QdrantClient

from codesearch.settings import Settings
from codesearch.store import Point, Store
from codesearch.store.opening import open_store
from qdrant_edge_engine import EdgeEngine
from qdrant_http import Engine, LocalEngine, serving

ENGINES: dict[str, Callable[[], Engine]] = {"edge": EdgeEngine, "local": LocalEngine}
Plain = tuple[bytes, dict[int, float], dict[str, Any]]  # vector, terms, payload
_SUPPORT = Path(__file__).parent
_ROOT = _SUPPORT.parent.parent


@dataclass(frozen=True)
class Place:
    """Where a store's index is; opens it, here or in another process."""

    folder: str
    url: str = ""
    prefix: str = ""
    repo: str = "one repository"
    machine: str = "here"

    @property
    def settings(self) -> Settings:
        return Settings(
            home=Path(self.folder),
            url=self.url,
            machine=self.machine,
            server_prefix=self.prefix or "unused",
        )

    @property
    def environment(self) -> dict[str, str]:
        """For programs that work with this place."""
        if not self.url:
            return {}
        return {
            "CODESEARCH_URL": self.url,
            "CODESEARCH_SERVER_PREFIX": self.prefix,
            "CODESEARCH_MACHINE": self.machine,
            "CODESEARCH_API_KEY": os.environ.get("CODESEARCH_TEST_QDRANT_API_KEY", ""),
        }

    def open(self) -> Store:
        os.environ |= {k: v for k, v in self.environment.items() if k == "CODESEARCH_API_KEY"}
        return open_store(self.settings, Path(self.folder) / "index", lambda: self.repo)

    def client(self) -> QdrantClient:
        """To look at the server, or to do damage."""
        key = os.environ.get("CODESEARCH_TEST_QDRANT_API_KEY")
        return QdrantClient(url=self.url, api_key=key, check_compatibility=False)

    def over(self, url: str) -> Place:
        """The same place by another way."""
        return replace(self, url=url)

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run Python in another process, where ``place`` is this one."""
        start = (
            f"import json, sys; sys.path[:0] = {[str(_SUPPORT), str(_ROOT)]!r}\n"
            f"from stores import *; place = Place(**json.loads(sys.argv[1]))\n"
        )
        return subprocess.run(
            [sys.executable, "-c", start + script, json.dumps(asdict(self))],
            capture_output=True,
            text=True,
            timeout=60,
        )


@contextmanager
def server_url(engine: str) -> Iterator[str]:
    """Address of the server to test with: a real one, or one of the ``ENGINES``."""
    real = os.environ.get("CODESEARCH_TEST_QDRANT_URL")
    with nullcontext(real) if real else serving(ENGINES[engine]()) as url:
        yield url


@contextmanager
def place_on_server(url: str, folder: Path) -> Iterator[Place]:
    """A place of its own on a server; what is there in the end is deleted."""
    place = Place(str(folder), url, f"codesearch-test-{uuid.uuid4().hex[:12]}")
    yield place
    with closing(place.client()) as client:
        for collection in client.get_collections().collections:
            if collection.name.startswith(place.prefix):
                client.delete_collection(collection.name)


def contents(store: Store) -> dict[str, Plain]:
    """All points that the last publication has, by id."""
    reader = store.reader()
    assert reader is not None
    with closing(reader):
        return {point.id: plain(point) for point in reader.points()}


def plain(point: Point) -> Plain:
    """A point's values, as they can be compared."""
    terms = {term: float(np.float32(weight)) for term, weight in point.terms.items()}
    return point.vector.tobytes(), terms, dict(point.payload)
