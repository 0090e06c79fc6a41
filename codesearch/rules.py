"""The rules of the ranking: a question, a candidate and its score so far in, a change out.

Every rule is one function, one sentence and one part of the explanation. The weights are round
numbers from a plateau, chosen on two measures that pull apart: a board that counts files, and
questions that ask for functions (tests/golden).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from codesearch.abbreviations import is_said
from codesearch.encoder.text import identifier_words
from codesearch.lexical import stem
from codesearch.question import Question
from codesearch.types import Kind
from indexers import languages
from indexers.aside import is_documentation, is_example, is_test
from indexers.languages import Form

_FILE_WEIGHT, _FOLDER_WEIGHT, _SYMBOL_WEIGHT = 0.2, 0.1, 0.03
_EXACT_WEIGHT, _EXACT_IN_SENTENCE_WEIGHT, _SCOPE_WEIGHT = 0.4, 0.1, 0.1
_ASIDE_FACTOR = 0.6
_PROSE_FACTOR = 0.5
_LOOSE_FACTOR = 0.85
_DECLARATION_FACTOR = 0.8
_SHORT_TYPE_LINES, _SHORT_TYPE_FACTOR = 25, 0.9

_FUNCTIONS = {Kind.FUNCTION, Kind.METHOD}
_DEFINITIONS = {*_FUNCTIONS, Kind.CLASS}
_ASIDE_WORDS = "benchmark demo doc example fixture mock sample spec test"
_PROSE_WORDS = "changelog doc documentation guide readme tutorial"
_TYPE_WORDS = "class dataclass enum interface struct trait"
_ASKS_FOR_ASIDE = frozenset(map(stem, _ASIDE_WORDS.split()))
_ASKS_FOR_PROSE = frozenset(map(stem, _PROSE_WORDS.split()))
_ASKS_FOR_TYPE = frozenset(map(stem, _TYPE_WORDS.split()))
_NAMELESS = {"index", "init", "lib", "main", "mod", "package"}  # their folder has the name


@dataclass(frozen=True, slots=True)
class Candidate:
    """A point that meaning or words brought up; ranks count from 1."""

    id: str
    payload: Mapping[str, Any]
    dense: tuple[int, float] | None = None  # rank, similarity
    lexical: tuple[int, float] | None = None  # rank, BM25
    repository: str = ""  # where several are searched together: paths alone could clash

    @property
    def file(self) -> tuple[str, str]:
        """Which file it is in."""
        return self.repository, self.payload["path"]


Rule = Callable[[Question, Candidate, float], float]  # question, candidate, score so far → change


def place(question: Question, candidate: Candidate, score: float) -> float:
    """A file all of whose name the question says is likelier the place; so is a folder.

    A definition too, a little, if its name has several words: one word alone says nothing.
    """
    file, folder = _file_and_folder(candidate.payload["path"])
    symbol = candidate.payload["symbol"]
    said = _FILE_WEIGHT * _says(question, file) + _FOLDER_WEIGHT * _says(question, folder)
    if candidate.payload["kind"] in _DEFINITIONS and len(_name_words(symbol)) > 1:
        said += _SYMBOL_WEIGHT * _says(question, symbol)
    return said


def exact(question: Question, candidate: Candidate, score: float) -> float:
    """Who asks for a name wants its definition, not its uses; capitals typed are meant.

    Of several it is likelier the one in the class or the module that is named with it.
    """
    if not defines(candidate, question.names):
        return 0.0
    weight = _EXACT_WEIGHT if question.is_name else _EXACT_IN_SENTENCE_WEIGHT
    return weight + _SCOPE_WEIGHT * (not question.scopes.isdisjoint(_scopes(candidate)))


def aside(question: Question, candidate: Candidate, score: float) -> float:
    """Tests, examples and the like stand behind the code they are about, unless asked for."""
    path = candidate.payload["path"]
    asked = question.words & _ASKS_FOR_ASIDE
    if is_documentation(path):
        asked |= question.words & _ASKS_FOR_PROSE
    elif not is_test(path) and not is_example(path):
        return 0.0
    return 0.0 if asked else score * (_ASIDE_FACTOR - 1)


def prose(question: Question, candidate: Candidate, score: float) -> float:
    """Text about the code stands behind the code, unless asked for."""
    if question.words & _ASKS_FOR_PROSE or candidate.payload["kind"] != Kind.TEXT:
        return 0.0
    return score * (_PROSE_FACTOR - 1)


def loose(question: Question, candidate: Candidate, score: float) -> float:
    """Code outside of definitions (imports, constants) stands a little behind definitions.

    Where no grammar reads a language, nobody knows what is a definition.
    """
    payload = candidate.payload
    if payload["kind"] != Kind.MODULE or languages.get(payload["language"]).form is not Form.TREE:
        return 0.0
    return score * (_LOOSE_FACTOR - 1)


def declaration(question: Question, candidate: Candidate, score: float) -> float:
    """What is only declared (in a header, an interface) stands behind where it is done."""
    return score * (_DECLARATION_FACTOR - 1) if _has_no_body(candidate.payload) else 0.0


def short_type(question: Question, candidate: Candidate, score: float) -> float:
    """A short type says what there is and not what is done, which most ask, unless for a type."""
    payload = candidate.payload
    is_meant = question.is_name or defines(candidate, question.names)
    if payload["kind"] != Kind.CLASS or is_meant or question.words & _ASKS_FOR_TYPE:
        return 0.0
    is_short = payload["end_line"] - payload["start_line"] < _SHORT_TYPE_LINES
    return score * (_SHORT_TYPE_FACTOR - 1) if is_short else 0.0


RULES: Mapping[str, Rule] = {
    "place": place,
    "exact name": exact,
    "test or example": aside,
    "prose": prose,
    "outside definitions": loose,
    "declaration": declaration,
    "short type": short_type,
}


def defines(candidate: Candidate, names: frozenset[str]) -> bool:
    """Whether it is a definition of one of these names."""
    symbol = candidate.payload["symbol"]
    return candidate.payload["kind"] in _DEFINITIONS and not names.isdisjoint(
        (symbol, symbol.lower())
    )


@lru_cache(maxsize=20_000)
def _file_and_folder(path: str) -> tuple[str, str]:
    """What a file and its folder are called: ``auth/cart.service.ts`` is cart, in auth."""
    *folders, name = path.split("/")
    folder = folders[-1] if folders else ""
    file = name.lstrip(".").partition(".")[0]
    return folder if file.lower().strip("_") in _NAMELESS else file, folder


def _scopes(candidate: Candidate) -> set[str]:
    """Classes and modules that it is in, in small letters."""
    path = PurePosixPath(candidate.payload["path"])
    parts = (*path.parts[:-1], path.stem, *candidate.payload["class_path"].split("."))
    return {part.lower() for part in parts}


def _has_no_body(payload: Mapping[str, Any]) -> bool:
    signature = payload["signature"].rstrip("; ")
    if payload["kind"] not in _FUNCTIONS or payload["parts"] > 1 or not signature:
        return False
    if signature.endswith(("= default", "= delete")):  # C++: nothing more is said elsewhere
        return False
    if not payload["text"].rstrip("; \n").endswith(signature.split()[-1]):  # cheap, mostly enough
        return False
    text = " ".join(payload["text"].split()).rstrip("; ")
    return text.find(signature) == len(text) - len(signature)


def _says(question: Question, name: str) -> bool:
    """Whether every word of the name occurs in the question, short or long."""
    words = _name_words(name)
    return bool(words) and all(is_said(word, question.words) for word in words)


@lru_cache(maxsize=20_000)
def _name_words(name: str) -> frozenset[str]:
    return frozenset(stem(word.lower()) for word in identifier_words(name))
