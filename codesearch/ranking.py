"""Pure score functions: a question and its candidates in, order and explanation out.

Every rule is one function, one sentence and one part of the explanation; ``without`` leaves rules
out, which is how the benchmark tells what each is worth. The weights are round numbers from a
plateau: halving or doubling any one of them moves NDCG@10 on 30 repositories by less than .01.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from codesearch.encoder.text import identifier_words
from codesearch.lexical import question_words, stem
from codesearch.types import Explanation, Kind

_RRF_K = 60  # Cormack, Clarke & Büttcher, "Reciprocal Rank Fusion", 2009
_DENSE_WEIGHT, _LEXICAL_WEIGHT = 0.45, 0.55
_FILE_WEIGHT, _FOLDER_WEIGHT = 0.2, 0.1
_EXACT_WEIGHT, _EXACT_IN_SENTENCE_WEIGHT = 0.4, 0.1
_ASIDE_FACTOR = 0.6
_PROSE_FACTOR = 0.7
_SUPPORT_WEIGHT, _SUPPORT_DECAY, _SUPPORTERS = 0.25, 0.5, 8

_DEFINITIONS = {Kind.FUNCTION, Kind.METHOD, Kind.CLASS}
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
_NAME_BORDER = re.compile(r"\.|::|#|->")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A point that meaning or words brought up; ranks count from 1."""

    id: str
    payload: Mapping[str, Any]
    dense: tuple[int, float] | None = None  # rank, cosine
    lexical: tuple[int, float] | None = None  # rank, BM25


@dataclass(frozen=True, slots=True)
class Question:
    """What the rules look at in a question."""

    words: frozenset[str]  # stemmed, without those that say nothing about code
    names: frozenset[str]  # lower-cased identifiers, of ``a.b`` the last part
    is_name: bool  # the question is one name, not a sentence

    @classmethod
    def of(cls, text: str) -> Question:
        """Take a question apart."""
        tokens = [token.strip("?!.,;:()`'\"") for token in text.split()]
        tokens = [token for token in tokens if token]
        names = {_NAME_BORDER.split(token)[-1].lower() for token in tokens}
        return cls(question_words(text), frozenset(names), len(tokens) == 1)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate in its place."""

    candidate: Candidate
    score: float
    explanation: Explanation


Rule = Callable[[Question, Candidate, float], float]  # question, candidate, score so far → change


def fusion(candidate: Candidate) -> float:
    """Fuse reciprocal ranks; 1 for the first by meaning and by words."""
    dense = _DENSE_WEIGHT / (_RRF_K + candidate.dense[0]) if candidate.dense else 0.0
    lexical = _LEXICAL_WEIGHT / (_RRF_K + candidate.lexical[0]) if candidate.lexical else 0.0
    return (dense + lexical) * (_RRF_K + 1)


def place(question: Question, candidate: Candidate, score: float) -> float:
    """A file all of whose name the question says is likelier the place; so is a folder."""
    path = PurePosixPath(candidate.payload["path"])
    folder = path.parent.name
    file = folder if path.stem.lower().strip("_") in _NAMELESS else path.stem
    return _FILE_WEIGHT * _says(question, file) + _FOLDER_WEIGHT * _says(question, folder)


def exact(question: Question, candidate: Candidate, score: float) -> float:
    """Who asks for a name wants its definition, not its uses."""
    payload = candidate.payload
    if payload["kind"] not in _DEFINITIONS or payload["symbol"].lower() not in question.names:
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


RULES: Mapping[str, Rule] = {
    "place": place,
    "exact name": exact,
    "test or example": aside,
    "prose": prose,
}
SUPPORT = "same file"  # the rule that looks at several candidates


def rank(
    question: Question,
    candidates: Sequence[Candidate],
    *,
    grouped: bool = True,
    without: Collection[str] = (),
) -> list[Ranked]:
    """Order candidates, best first; equal scores by path and line, so that order is certain.

    Candidates of one file support each other: its best one gets a share of the others' scores.
    ``grouped``: the best of every file comes first, then the rest.
    """
    scored = [_scored(question, candidate, without) for candidate in candidates]
    files: defaultdict[str, list[Ranked]] = defaultdict(list)
    for ranked in sorted(scored, key=_order):
        files[ranked.candidate.payload["path"]].append(ranked)
    best, rest = [], []
    for members in files.values():
        best.append(members[0] if SUPPORT in without else _supported(members))
        rest += members[1:]
    if grouped:
        return sorted(best, key=_order) + sorted(rest, key=_order)
    return sorted(best + rest, key=_order)


def _scored(question: Question, candidate: Candidate, without: Collection[str]) -> Ranked:
    score = fusion(candidate)
    parts: dict[str, float] = {}
    for name, rule in RULES.items():
        if name not in without and (change := rule(question, candidate, score)):
            parts[name] = change
            score += change
    dense_rank, cosine = candidate.dense or (None, None)
    lexical_rank, bm25 = candidate.lexical or (None, None)
    explanation = Explanation(dense_rank, cosine, lexical_rank, bm25, parts)
    return Ranked(candidate, score, explanation)


def _supported(members: Sequence[Ranked]) -> Ranked:
    """The best member of a file, with what the next ones add: each half of the one before."""
    first, *others = members[:_SUPPORTERS]
    support = sum(
        other.score * _SUPPORT_WEIGHT * _SUPPORT_DECAY**place for place, other in enumerate(others)
    )
    if not support:
        return first
    parts = {**first.explanation.parts, SUPPORT: support}
    explanation = replace(first.explanation, parts=parts)
    return Ranked(first.candidate, first.score + support, explanation)


def _order(ranked: Ranked) -> tuple[float, str, int, str]:
    payload = ranked.candidate.payload
    return (-ranked.score, payload["path"], payload["start_line"], ranked.candidate.id)


def _says(question: Question, name: str) -> bool:
    """Whether every word of the name occurs in the question."""
    words = _name_words(name)
    return bool(words) and words <= question.words


@lru_cache(maxsize=20_000)
def _name_words(name: str) -> frozenset[str]:
    return frozenset(stem(word.lower()) for word in identifier_words(name))
