"""Real code that is on every machine: the functions of Python's standard library."""

from __future__ import annotations

import ast
import random
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from codesearch.encoder.text import document_text
from indexers.types import Chunk, Kind, Span

_PACKAGES = ("asyncio", "collections", "email", "http", "importlib", "json", "logging", "urllib")


def sample_texts(count: int, seed: int = 1) -> list[str]:
    """``document_text`` of ``count`` functions, the same ones for the same Python."""
    root = Path(sysconfig.get_path("stdlib"))
    files = sorted(root.glob("*.py"))
    for package in _PACKAGES:
        files += sorted((root / package).glob("*.py"))
    texts = [document_text(chunk) for file in files for chunk in _functions(root, file)]
    random.Random(seed).shuffle(texts)
    return texts[:count]


def _functions(root: Path, file: Path) -> Iterator[Chunk]:
    try:
        source = file.read_text(encoding="utf-8")
        tree = ast.parse(source)
    except (SyntaxError, UnicodeDecodeError):
        return
    lines = source.splitlines()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            yield Chunk(
                path=file.relative_to(root).as_posix(),
                language="python",
                kind=Kind.FUNCTION,
                symbol=node.name,
                class_path="",
                signature=lines[node.lineno - 1].strip(),
                docstring=ast.get_docstring(node) or "",
                span=Span(node.lineno, node.end_lineno),
                blob="",
                text="\n".join(lines[node.lineno - 1 : node.end_lineno]),
            )
