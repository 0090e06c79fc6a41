"""The working tree laid over an indexed commit: changed, new and deleted files as they are.

``keeper.py`` says when the tree is looked at, ``builder.py`` turns what differs into points within
a time budget, ``vectors.py`` knows vectors without writing to the shared index, ``view.py`` lays
the points over a reader, so that a search need not know.
"""

from __future__ import annotations

from codesearch.overlay.keeper import Keeper
from codesearch.overlay.view import OverlaidReader, Overlay

__all__ = ["Keeper", "OverlaidReader", "Overlay"]
