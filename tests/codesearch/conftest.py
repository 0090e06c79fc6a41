from __future__ import annotations

from collections.abc import Iterator

import pytest

from stores import server_url


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Address of a Qdrant server, real or not: ``support/stores.py``."""
    with server_url("edge") as address:
        yield address


@pytest.fixture(scope="session")
def local_server() -> Iterator[str]:
    """The same, with the other engine where no real server is at hand."""
    with server_url("local") as address:
        yield address
