"""A commit in, chunks out. No torch, no Qdrant, no import of a sibling."""

CHUNKER_VERSION = 5
"""Raised whenever the same text would give other chunks: an index knows it is out of date.

Here, because a query asks for it and should not load the chunker for that.
"""
