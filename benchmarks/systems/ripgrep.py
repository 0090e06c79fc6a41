"""Keywords, as people search today: any word of the question, files by how many lines match.

Runs ripgrep on the corpus written to a folder; where there is no ``rg``, counts the same lines
in Python, and says so in its name.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus import Corpus
from benchmarks.scoring import Place
from benchmarks.systems import Options, Search, System

_WORD = re.compile(r"[^\W_]\w*")
_SHORTEST = 3  # letters of a word that somebody would search for
_LESS = frozenset(
    """the and for how what where when which who why does are was with from into that
    this""".split()
)


def make(name: str, options: Options) -> System:
    """Ripgrep if it is installed, else its stand-in."""
    program = shutil.which("rg")
    return Ripgrep(name, program) if program else GrepInPython(f"{name} (counted in Python)")


def keywords(query: str) -> list[str]:
    """The words of a question that somebody would search for."""
    words = dict.fromkeys(word for word in _WORD.findall(query) if len(word) >= _SHORTEST)
    return [word for word in words if word.lower() not in _LESS] or list(words) or [query]


@dataclass(frozen=True, slots=True)
class Ripgrep:
    """The program."""

    name: str
    program: str

    @property
    def describes(self) -> str:
        """With its version."""
        done = subprocess.run([self.program, "--version"], capture_output=True, text=True)
        return f"any word of the question, files by matching lines; {done.stdout.splitlines()[0]}"

    @contextmanager
    def open(self, corpus: Corpus) -> Iterator[Search]:
        """Nothing to index, but the files have to be on a disk."""
        folder = corpus.folder
        yield lambda query, top_k: self._search(folder, query, top_k)

    def _search(self, folder: Path, query: str, top_k: int) -> list[Place]:
        words = [argument for word in keywords(query) for argument in ("-e", word)]
        options = ["--count", "--ignore-case", "--fixed-strings", "--hidden", "--no-ignore", "-0"]
        done = subprocess.run(
            [self.program, *options, *words, "."], cwd=folder, capture_output=True, check=False
        )
        counts = {}
        for line in done.stdout.decode(errors="surrogateescape").splitlines():
            path, _, count = line.partition("\0")
            counts[path.removeprefix("./")] = int(count)
        return _most(counts, top_k)


@dataclass(frozen=True, slots=True)
class GrepInPython:
    """The same count without the program."""

    name: str
    describes: str = "any word of the question, files by matching lines; no ripgrep was installed"

    @contextmanager
    def open(self, corpus: Corpus) -> Iterator[Search]:
        """Nothing to index."""
        texts = corpus.texts
        yield lambda query, top_k: _most(count_lines(texts, keywords(query)), top_k)


def count_lines(texts: dict[str, str], words: Sequence[str]) -> dict[str, int]:
    """Path → number of lines that hold any of the words, upper or lower case; none left out."""
    line = re.compile(f"^.*?(?:{'|'.join(map(re.escape, words))}).*$", re.IGNORECASE | re.MULTILINE)
    counts = {path: sum(1 for _ in line.finditer(text)) for path, text in texts.items()}
    return {path: count for path, count in counts.items() if count}


def _most(counts: dict[str, int], top_k: int) -> list[Place]:
    ordered = sorted(counts, key=lambda path: (-counts[path], path))
    return [Place(path) for path in ordered[:top_k]]
