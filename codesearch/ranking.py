"""Pure score functions: a question and its candidates in, order and explanation out.

Every rule is one function, one sentence and one part of the explanation; ``without`` leaves rules
out, which is how the benchmark tells what each is worth. The weights are round numbers from a
plateau, chosen on two measures that pull apart: a board that counts files, and questions that ask
for functions (tests/golden).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from codesearch.encoder.text import identifier_words
from codesearch.lexical import question_words, stem
from codesearch.types import Explanation, Kind

CANDIDATES = 100  # of each kind that come into the ranking
_DENSE_WEIGHT, _DENSE_WEIGHT_OF_NAMES = 0.5, 0.2
_FILE_WEIGHT, _FOLDER_WEIGHT, _SYMBOL_WEIGHT = 0.2, 0.1, 0.03
_EXACT_WEIGHT, _EXACT_IN_SENTENCE_WEIGHT = 0.4, 0.1
_ASIDE_FACTOR = 0.6
_PROSE_FACTOR = 0.7
_LOOSE_FACTOR = 0.85
_DECLARATION_FACTOR = 0.8
_REPEAT_FACTOR = 0.8
_SUPPORT_WEIGHT, _SUPPORT_DECAY, _SUPPORTERS = 0.25, 0.5, 8

_FUNCTIONS = {Kind.FUNCTION, Kind.METHOD}
_DEFINITIONS = {*_FUNCTIONS, Kind.CLASS}
_ASIDE_PATH = re.compile(
    r"(^|/)(__tests__|bench(marks?)?|demos?|docs?|e2e|examples?|fixtures?|mocks?|samples?|specs?"
    r"|test(s|data|ing)?)/"  # a folder
    r"|(^|/)(test_|conftest\.)[^/]*$|[_.-](bench|mock|spec|test)s?\.[^/]*$"  # test_x.py, x.spec.ts
    r"|[a-z0-9](Mock|Spec|Test|TestCase)s?\.[A-Za-z]+$"  # CartTest.java
)
_ASIDE_WORDS = "benchmark demo doc example fixture mock sample spec test"
_PROSE_WORDS = "changelog doc documentation guide readme tutorial"
_ASKS_FOR_ASIDE = frozenset(map(stem, _ASIDE_WORDS.split()))
_ASKS_FOR_PROSE = frozenset(map(stem, _PROSE_WORDS.split()))
_NAMELESS = {"index", "init", "lib", "main", "mod", "package"}  # their folder has the name
_IDENTIFIER = re.compile(r"[a-z0-9][A-Z]|\w_\w|\w(\.|::|#|->)\w")
_NAME_BORDER = re.compile(r"\.|::|#|->")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A point that meaning or words brought up; ranks count from 1."""

    id: str
    payload: Mapping[str, Any]
    dense: tuple[int, float] | None = None  # rank, cosine
    lexical: tuple[int, float] | None = None  # rank, BM25
    repository: str = ""  # where several are searched together: paths alone could clash

    @property
    def file(self) -> tuple[str, str]:
        """Which file it is in."""
        return self.repository, self.payload["path"]


@dataclass(frozen=True, slots=True)
class Question:
    """What the rules look at in a question."""

    words: frozenset[str]  # stemmed, without those that say nothing about code
    names: frozenset[str]  # identifiers in it; of ``a.b`` the last part
    is_name: bool  # the question is one name, not a sentence

    @classmethod
    def of(cls, text: str) -> Question:
        """Take a question apart."""
        tokens = [token.strip("?!.,;:()`'\"") for token in text.split()]
        tokens = [token for token in tokens if token]
        is_name = len(tokens) == 1
        # In a sentence, "add" and "split" are words; ``add_all`` and ``splitLines`` are names.
        named = tokens if is_name else [token for token in tokens if _IDENTIFIER.search(token)]
        names = {_NAME_BORDER.split(token)[-1] for token in named}
        return cls(question_words(text), frozenset(names), is_name)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate in its place."""

    candidate: Candidate
    score: float
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Scale:
    """What the scores of one list of candidates are measured by."""

    best: float = 0.0
    missing: float = 0.0  # the score of who is not in the list

    @classmethod
    def of(cls, places: Iterable[tuple[int, float] | None], limit: int = CANDIDATES) -> Scale:
        """From ranks and scores of a list's members.

        Who is missing from a list that was cut off at ``limit`` would come right behind its last.
        A list that was not cut off holds all that match: who is missing there matches not at all.
        """
        scores = [place[1] for place in places if place]
        is_cut_off = len(scores) >= limit
        return cls(max(scores, default=0.0), min(scores) if is_cut_off else 0.0)

    def share(self, place: tuple[int, float] | None) -> float:
        """A score as a share of the best one, 0 to 1."""
        score = place[1] if place else self.missing
        return max(0.0, score / self.best) if self.best > 0 else 0.0


Rule = Callable[[Question, Candidate, float], float]  # question, candidate, score so far → change


def fusion(candidate: Candidate, dense: Scale, lexical: Scale, weight: float) -> float:
    """Weigh scores by meaning and by words, each as a share of the best; 1 is the best of both.

    ``weight`` is that of meaning, 0 to 1. A sum of scores keeps what ranks lose: by how much one
    is better than the next (Bruch, Gai & Ingber, "An Analysis of Fusion Functions for Hybrid
    Retrieval", 2023).
    The square spreads cosines, which lie close together; the root gathers BM25, which does not.
    """
    by_meaning, by_words = dense.share(candidate.dense), lexical.share(candidate.lexical)
    return weight * by_meaning**2 + (1 - weight) * math.sqrt(by_words)


def place(question: Question, candidate: Candidate, score: float) -> float:
    """A file all of whose name the question says is likelier the place; so is a folder.

    A definition too, a little, if its name has several words: one word alone says nothing.
    """
    path = PurePosixPath(candidate.payload["path"])
    folder = path.parent.name
    file = folder if path.stem.lower().strip("_") in _NAMELESS else path.stem
    symbol = candidate.payload["symbol"]
    said = _FILE_WEIGHT * _says(question, file) + _FOLDER_WEIGHT * _says(question, folder)
    if candidate.payload["kind"] in _DEFINITIONS and len(_name_words(symbol)) > 1:
        said += _SYMBOL_WEIGHT * _says(question, symbol)
    return said


def exact(question: Question, candidate: Candidate, score: float) -> float:
    """Who asks for a name wants its definition, not its uses; capitals typed are meant."""
    payload = candidate.payload
    symbol = payload["symbol"]
    if payload["kind"] not in _DEFINITIONS or not {symbol, symbol.lower()} & question.names:
        return 0.0
    return _EXACT_WEIGHT if question.is_name else _EXACT_IN_SENTENCE_WEIGHT


def aside(question: Question, candidate: Candidate, score: float) -> float:
    """Tests, examples and the like stand behind the code they are about, unless asked for."""
    if question.words & _ASKS_FOR_ASIDE or not _ASIDE_PATH.search(candidate.payload["path"]):
        return 0.0
    return score * (_ASIDE_FACTOR - 1)


def prose(question: Question, candidate: Candidate, score: float) -> float:
    """Text about the code stands behind the code, unless asked for."""
    if question.words & _ASKS_FOR_PROSE or candidate.payload["kind"] != Kind.TEXT:
        return 0.0
    return score * (_PROSE_FACTOR - 1)


def loose(question: Question, candidate: Candidate, score: float) -> float:
    """Code outside of definitions (imports, constants) stands a little behind definitions."""
    return score * (_LOOSE_FACTOR - 1) if candidate.payload["kind"] == Kind.MODULE else 0.0


def declaration(question: Question, candidate: Candidate, score: float) -> float:
    """What is only declared (in a header, an interface) stands behind where it is done."""
    return score * (_DECLARATION_FACTOR - 1) if _has_no_body(candidate.payload) else 0.0


RULES: Mapping[str, Rule] = {
    "place": place,
    "exact name": exact,
    "test or example": aside,
    "prose": prose,
    "outside definitions": loose,
    "declaration": declaration,
}
# The rules that look at all candidates of one file.
SUPPORT = "same file"
REPEAT = "repeated file"
# What is fused.
MEANING, WORDS = "meaning", "words"


def rank(
    question: Question,
    candidates: Sequence[Candidate],
    *,
    limit: int = CANDIDATES,
    without: Collection[str] = (),
) -> list[Ranked]:
    """Order candidates, best first; equal scores by path and line, so that order is certain.

    ``limit`` is how many each list of candidates could hold.
    ``without`` names rules to leave out; without ``MEANING`` or ``WORDS`` the other has all weight.
    """
    weight = _dense_weight(question, without)
    dense = Scale.of((candidate.dense for candidate in candidates), limit)
    lexical = Scale.of((candidate.lexical for candidate in candidates), limit)
    scored = [
        _scored(question, candidate, fusion(candidate, dense, lexical, weight), without)
        for candidate in candidates
    ]
    files: defaultdict[tuple[str, str], list[Ranked]] = defaultdict(list)
    for ranked in sorted(scored, key=_order):
        files[ranked.candidate.file].append(ranked)
    all_wanted = REPEAT in without or question.is_name  # of a name, every definition is wanted
    final: list[Ranked] = []
    for members in files.values():
        support = {} if SUPPORT in without else {SUPPORT: _support(members)}
        final.append(_changed(members[0], support))
        for place, member in enumerate(members[1:], 1):
            repeat = {} if all_wanted else {REPEAT: _repeat(member, place)}
            final.append(_changed(member, repeat))
    return sorted(final, key=_order)


def _dense_weight(question: Question, without: Collection[str]) -> float:
    """How much meaning counts beside words: a name leans on words."""
    if MEANING in without or WORDS in without:
        return float(WORDS in without)
    return _DENSE_WEIGHT_OF_NAMES if question.is_name else _DENSE_WEIGHT


def _support(members: Sequence[Ranked]) -> float:
    """A file with several good hits is likelier the place: its best gains from the next ones."""
    others = enumerate(members[1:_SUPPORTERS])
    return sum(_SUPPORT_WEIGHT * _SUPPORT_DECAY**place * other.score for place, other in others)


def _repeat(member: Ranked, place: int) -> float:
    """Further hits of a file make way: each counts a fifth less, so that no file fills the list."""
    return member.score * (_REPEAT_FACTOR**place - 1)


def _changed(ranked: Ranked, parts: Mapping[str, float]) -> Ranked:
    parts = {name: change for name, change in parts.items() if change}
    if not parts:
        return ranked
    explanation = replace(ranked.explanation, parts={**ranked.explanation.parts, **parts})
    return Ranked(ranked.candidate, ranked.score + sum(parts.values()), explanation)


def _scored(
    question: Question, candidate: Candidate, score: float, without: Collection[str]
) -> Ranked:
    """``score`` by fusion, changed by the rules."""
    parts: dict[str, float] = {}
    for name, rule in RULES.items():
        if name not in without and (change := rule(question, candidate, score)):
            parts[name] = change
            score += change
    dense_rank, cosine = candidate.dense or (None, None)
    lexical_rank, bm25 = candidate.lexical or (None, None)
    explanation = Explanation(dense_rank, cosine, lexical_rank, bm25, parts)
    return Ranked(candidate, score, explanation)


def _order(ranked: Ranked) -> tuple[float, tuple[str, str], int, str]:
    candidate = ranked.candidate
    return (-ranked.score, candidate.file, candidate.payload["start_line"], candidate.id)


def _has_no_body(payload: Mapping[str, Any]) -> bool:
    if payload["kind"] not in _FUNCTIONS or not (text := payload["text"].rstrip()).endswith(";"):
        return False
    # ``int size() => 3;`` ends alike, but not with its signature.
    return " ".join(text.split()).endswith(payload["signature"].rstrip("; ") + ";")


def _says(question: Question, name: str) -> bool:
    """Whether every word of the name occurs in the question."""
    words = _name_words(name)
    return bool(words) and words <= question.words


@lru_cache(maxsize=20_000)
def _name_words(name: str) -> frozenset[str]:
    return frozenset(stem(word.lower()) for word in identifier_words(name))
