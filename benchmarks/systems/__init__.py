"""The systems that are compared: each a module with ``make(options)``, found by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from benchmarks.corpus import Corpus
from benchmarks.errors import BenchmarkError, UnavailableError
from benchmarks.results import WITHOUT
from benchmarks.scoring import Place

Search = Callable[[str, int], Sequence[Place]]
"""Question and how many results → results, best first."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says to the systems."""

    cache: Path  # where built indexes stay from run to run
    model: Path | None = None  # our encoder; None: the one in the package
    minilm: Path | None = None  # all-MiniLM-L6-v2 as an encoder folder of ours
    semble_model: str = ""  # a Model2Vec folder, or a name that semble can load


class System(Protocol):
    """One way to search."""

    @property
    def name(self) -> str:
        """As in tables."""
        ...

    @property
    def describes(self) -> str:
        """One line: what exactly was run, with versions."""
        ...

    def open(self, corpus: Corpus) -> AbstractContextManager[Search]:
        """Index the corpus, and give what answers questions about it."""
        ...


# In the order of tables. Modules are imported when asked for: some are slow to import.
MODULES = {
    "ripgrep": "benchmarks.systems.ripgrep",
    "bm25-files": "benchmarks.systems.bm25",
    "bm25-chunks": "benchmarks.systems.bm25",
    "minilm": "benchmarks.systems.minilm",
    "semble": "benchmarks.systems.semble",
    "dense": "benchmarks.systems.ours",
    "lexical": "benchmarks.systems.ours",
    "hybrid": "benchmarks.systems.ours",
    "dense + rules": "benchmarks.systems.ours",
    "lexical + rules": "benchmarks.systems.ours",
    "codesearch": "benchmarks.systems.ours",
}


def make_systems(names: Iterable[str], options: Options) -> tuple[list[System], dict[str, str]]:
    """The systems called ``names``, and those that cannot take part, with reasons.

    Raises ``BenchmarkError`` for an unknown name, and where no system is left.
    """
    names = list(names)
    if unknown := [name for name in names if _module(name) is None]:
        raise BenchmarkError(f"No system {unknown[0]!r}; there are {', '.join(MODULES)}")
    systems: list[System] = []
    left_out: dict[str, str] = {}
    for name in names:
        try:
            module: Any = import_module(str(_module(name)))
            systems.append(module.make(name, options))
        except UnavailableError as reason:
            left_out[name] = str(reason)
        except ModuleNotFoundError as missing:
            left_out[name] = f"{missing.name} is not installed (pip install '.[bench]')"
    if not systems:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise BenchmarkError("No system can take part", reasons)
    return systems, left_out


def _module(name: str) -> str | None:
    return MODULES["codesearch"] if name.startswith(WITHOUT) else MODULES.get(name)
