from __future__ import annotations

from collections.abc import Iterator

import pytest

from stores import server_url


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Address of a Qdrant server, real or not: ``support/stores.py``."""
    with server_url() as address:
        yield address
