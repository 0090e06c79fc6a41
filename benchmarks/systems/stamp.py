"""Which code an index was built by, and its vectors.

The product tells by version numbers whether an index is out of date; they are raised with a
release, not with every edit. A benchmark is run between edits, so it looks at the code itself,
and at the libraries that take part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from types import ModuleType

import codesearch
import indexers

# What makes a vector of a text; and what makes points of a commit, given the vectors.
_ENCODING = tuple(
    f"encoder/{name}.py" for name in ("loaded", "onnx", "tokenizer", "torch", "weights")
)
_ENCODERS = ("numpy", "onnxruntime", "tokenizers")
_BUILDING = ("encoder/text.py", "fingerprint.py", "lexical.py", "writer.py", "sync.py", "store")
_BUILDERS = ("pathspec", "pystemmer", "qdrant-edge-py", "tree-sitter")  # and all grammars
_NAME = "built-by"


def folder(cache_folder: Path, weights: str) -> Path:
    """Where indexes of these weights (a digest) are kept, as the code encodes now.

    A folder of its own for each way to encode: vectors that an index knows are not made again.
    """
    return cache_folder / f"{weights[:12]}-{_encoding()[:8]}"


def is_current(directory: Path) -> bool:
    """Whether the index in ``directory`` was built by the code as it is now."""
    try:
        return (directory / _NAME).read_text(encoding="ascii") == _building()
    except OSError:
        return False


def sign(directory: Path) -> None:
    """Note that the index in ``directory`` was built by the code as it is now."""
    (directory / _NAME).write_text(_building(), encoding="ascii")


@cache
def _encoding() -> str:
    return _digest(_files(codesearch, _ENCODING), _ENCODERS)


@cache
def _building() -> str:
    return _digest([*_files(indexers, [""]), *_files(codesearch, _BUILDING)], _BUILDERS)


def _digest(files: Iterable[Path], libraries: tuple[str, ...]) -> str:
    found = hashlib.sha256()
    for path in files:
        found.update(path.name.encode() + path.read_bytes())
    for library in sorted({f"{d.name} {d.version}".lower() for d in distributions()}):
        if library.startswith(libraries):
            found.update(library.encode())
    return found.hexdigest()


def _files(package: ModuleType, names: Iterable[str]) -> Iterator[Path]:
    room = Path(str(package.__path__[0]))
    for name in names:
        place = room / name
        inside = sorted(place.rglob("*")) if place.is_dir() else [place]
        yield from (path for path in inside if path.suffix in (".py", ".scm"))
