"""semble from PyPI, with the Model2Vec model that is named on the command line.

Its own model is on a hub that cannot be reached from everywhere. A Model2Vec folder distilled
from another encoder stands in, and the result says which: it is not the published system then.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

from benchmarks.corpus import Corpus
from benchmarks.errors import UnavailableError
from benchmarks.scoring import Place
from benchmarks.systems import Options, Search, System


def make(name: str, options: Options) -> System:
    """Semble with the model of the options."""
    if not options.semble_model:
        raise UnavailableError("name a Model2Vec folder: --semble-model DIR")
    shown = PurePosixPath(options.semble_model).name
    return Semble(f"{name} ({shown})", options.semble_model)


@dataclass(frozen=True, slots=True)
class Semble:
    """The library as it is installed: ``SembleIndex.from_path`` and ``search``."""

    name: str
    model: str

    @property
    def describes(self) -> str:
        """With its version and model."""
        return f"semble {version('semble')}, Model2Vec model {PurePosixPath(self.model).name}"

    @contextmanager
    def open(self, corpus: Corpus) -> Iterator[Search]:
        """Index the folder of the root: semble takes a folder to be the whole repository."""
        root = corpus.pinned.root
        with tempfile.TemporaryDirectory(prefix="semble-") as cache:
            # It keeps indexes and statistics of use below the user's cache folder.
            before = os.environ.get("SEMBLE_CACHE_LOCATION")
            os.environ["SEMBLE_CACHE_LOCATION"] = cache
            try:
                yield _open(corpus.folder / root, root, self.model)
            finally:
                os.environ.pop("SEMBLE_CACHE_LOCATION")
                if before is not None:
                    os.environ["SEMBLE_CACHE_LOCATION"] = before


def _open(folder: Path, root: str, model: str) -> Search:
    # Not at the top: without a model nobody needs it, and it is not in every installation.
    library: Any = import_module("semble")
    index = library.SembleIndex.from_path(folder, model_path=model)

    def search(query: str, top_k: int) -> list[Place]:
        return [
            Place(
                str(PurePosixPath(root) / found.chunk.file_path),
                found.chunk.start_line,
                found.chunk.end_line,
            )
            for found in index.search(query, top_k=top_k)
        ]

    return search
