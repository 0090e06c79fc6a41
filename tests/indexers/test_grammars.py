"""The queries of the chunker."""

from __future__ import annotations

import pytest

import freeing
from indexers.languages import GRAMMARS


@pytest.mark.parametrize("name", GRAMMARS)
def test_a_query_can_be_freed(name: str) -> None:
    """See ``indexers.chunker.grammars``: where a ``#set!`` follows a condition this crashes."""
    done = freeing.free(
        "from indexers.chunker.grammars import _load as load\n"
        "from indexers.languages import GRAMMARS\n"
        f"keys = [GRAMMARS[{name!r}]]\n"
    )
    assert done.returncode == 0, done.stderr
