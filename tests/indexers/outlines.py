"""How the chunker's tests write a file's chunks down: one line a chunk."""

from __future__ import annotations

from pathlib import Path

from indexers.chunker import chunk_text
from indexers.languages import detect
from indexers.types import Chunk

SOURCES = Path(__file__).parent.parent / "data" / "sources"


def chunks_of(text: str, path: str, **options: int) -> list[Chunk]:
    language = detect(path, text)
    assert language is not None
    return chunk_text(text, path=path, language=language, blob="b10b", **options)


def outline(chunks: list[Chunk]) -> list[str]:
    """``method Cache.get 35-44 | Return the value of ``key`` unless it has expired.``"""
    return [_line(chunk) for chunk in chunks]


def _line(chunk: Chunk) -> str:
    words = [chunk.kind, chunk.qualified_name, f"{chunk.span.start_line}-{chunk.span.end_line}"]
    if chunk.parts > 1:
        words.append(f"{chunk.part}/{chunk.parts}")
    if chunk.docstring:
        words.append("| " + chunk.docstring.split("\n")[0])
    return " ".join(word for word in words if word)


def uncovered(text: str, chunks: list[Chunk]) -> list[int]:
    """Return the lines that are not blank and that no chunk's span holds."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    covered = {
        line for chunk in chunks for line in range(chunk.span.start_line, chunk.span.end_line + 1)
    }
    return [
        number for number, line in enumerate(lines, 1) if line.strip() and number not in covered
    ]
