"""What makes two vectors comparable, and two indexes interchangeable.

An index remembers the fingerprint under which it was built. Where it differs from the one of the
running program, nothing of the old index is mixed in: a new one is built beside it.
"""

from __future__ import annotations

import hashlib

from codesearch.encoder.text import TEMPLATE_VERSION
from codesearch.lexical import LEXICAL_VERSION
from indexers import CHUNKER_VERSION

STORE_VERSION = 3  # layout of points, payload and files on disk


def encoder_fingerprint(model_digest: str) -> str:
    """Identify the map from a chunk's text to its vector: weights and text template."""
    return _digest(model_digest, f"template {TEMPLATE_VERSION}")


def index_fingerprint(model_digest: str) -> str:
    """Identify everything that decides which points a commit turns into."""
    return _digest(
        encoder_fingerprint(model_digest),
        f"chunker {CHUNKER_VERSION}",
        f"lexical {LEXICAL_VERSION}",
        f"store {STORE_VERSION}",
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
