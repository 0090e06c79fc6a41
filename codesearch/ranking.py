"""Pure score functions: a question and its candidates in, order and explanation out.

Every rule is one function, one sentence and one part of the explanation; ``without`` leaves rules
out, which is how the benchmark tells what each is worth. The weights are round numbers from a
plateau, chosen on two measures that pull apart: a board that counts files, and questions that ask
for functions (tests/golden).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from codesearch.encoder.text import identifier_words
from codesearch.lexical import stem
from codesearch.question import Question
from codesearch.types import Explanation, Kind
from indexers import languages
from indexers.aside import is_documentation, is_example, is_test
from indexers.languages import Form

MEANING, WORDS = "meaning", "words"  # what is fused
CANDIDATES = 100  # of each kind that come into the ranking
_DENSE_WEIGHT, _DENSE_WEIGHT_OF_NAMES = 0.5, 0.2
_FILE_WEIGHT, _FOLDER_WEIGHT, _SYMBOL_WEIGHT = 0.2, 0.1, 0.03
_EXACT_WEIGHT, _EXACT_IN_SENTENCE_WEIGHT, _SCOPE_WEIGHT = 0.4, 0.1, 0.1
_ASIDE_FACTOR = 0.6
_PROSE_FACTOR = 0.7
_LOOSE_FACTOR = 0.85
_DECLARATION_FACTOR = 0.8
_REPEAT_FACTOR = 0.8
_SUPPORT_WEIGHT, _SUPPORT_DECAY, _SUPPORTERS = 0.25, 0.5, 8

_FUNCTIONS = {Kind.FUNCTION, Kind.METHOD}
_DEFINITIONS = {*_FUNCTIONS, Kind.CLASS}
_ASIDE_WORDS = "benchmark demo doc example fixture mock sample spec test"
_PROSE_WORDS = "changelog doc documentation guide readme tutorial"
_ASKS_FOR_ASIDE = frozenset(map(stem, _ASIDE_WORDS.split()))
_ASKS_FOR_PROSE = frozenset(map(stem, _PROSE_WORDS.split()))
_NAMELESS = {"index", "init", "lib", "main", "mod", "package"}  # their folder has the name


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


def fusion(candidate: Candidate, dense: Scale, lexical: Scale, weight: float) -> dict[str, float]:
    """Weigh scores by meaning and by words, each as a share of the best; 1 is the best of both.

    ``weight`` is that of meaning, 0 to 1. A sum of scores keeps what ranks lose: by how much one
    is better than the next (Bruch, Gai & Ingber, "An Analysis of Fusion Functions for Hybrid
    Retrieval", 2023).
    The square spreads cosines, which lie close together; the root gathers BM25, which does not.
    """
    by_meaning, by_words = dense.share(candidate.dense), lexical.share(candidate.lexical)
    parts = {MEANING: weight * by_meaning**2, WORDS: (1 - weight) * math.sqrt(by_words)}
    return {name: part for name, part in parts.items() if part}


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
    if not _defines(candidate, question.names):
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


def score_parts() -> dict[str, str]:
    """What each part of a score means, by its name in ``Explanation.parts``: one sentence each."""
    fused = {
        MEANING: "How near it is to the question in meaning, as a share of the nearest.",
        WORDS: "How well its words match those of the question, as a share of the best match.",
    }
    rules = {**RULES, SUPPORT: _support, REPEAT: _repeat}
    told = {name: (rule.__doc__ or "").split("\n\n")[0] for name, rule in rules.items()}
    return fused | {name: " ".join(words.split()) for name, words in told.items()}


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
    # One word may be a topic as well: "authentication". It is a name where something is called so.
    if question.is_name and not any(_defines(one, question.names) for one in candidates):
        question = replace(question, is_name=False)
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
    final: list[Ranked] = []
    for members in files.values():
        support = {} if SUPPORT in without else {SUPPORT: _support(members)}
        final.append(_changed(members[0], support))
        seen = {_definition(members[0])}
        for place, member in enumerate(members[1:], 1):
            # Of a name, every definition is wanted, but not every part of a long one.
            is_wanted = question.is_name and _definition(member) not in seen
            repeat = {} if is_wanted or REPEAT in without else {REPEAT: _repeat(member, place)}
            final.append(_changed(member, repeat))
            seen.add(_definition(member))
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
    question: Question, candidate: Candidate, parts: dict[str, float], without: Collection[str]
) -> Ranked:
    """The sum of what was fused, changed by the rules."""
    score = sum(parts.values())
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


@lru_cache(maxsize=20_000)
def _file_and_folder(path: str) -> tuple[str, str]:
    """What a file and its folder are called: ``auth/cart.service.ts`` is cart, in auth."""
    *folders, name = path.split("/")
    folder = folders[-1] if folders else ""
    file = name.lstrip(".").partition(".")[0]
    return folder if file.lower().strip("_") in _NAMELESS else file, folder


def _defines(candidate: Candidate, names: frozenset[str]) -> bool:
    """Whether it is a definition of one of these names."""
    symbol = candidate.payload["symbol"]
    return candidate.payload["kind"] in _DEFINITIONS and not names.isdisjoint(
        (symbol, symbol.lower())
    )


def _scopes(candidate: Candidate) -> set[str]:
    """Classes and modules that it is in, in small letters."""
    path = PurePosixPath(candidate.payload["path"])
    parts = (*path.parts[:-1], path.stem, *candidate.payload["class_path"].split("."))
    return {part.lower() for part in parts}


def _definition(ranked: Ranked) -> tuple[Any, ...]:
    """What tells the definitions of one file apart; all parts of a long one are one."""
    payload = ranked.candidate.payload
    if payload["parts"] == 1:
        return (ranked.candidate.id,)
    return payload["class_path"], payload["symbol"], payload["parts"]


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
    """Whether every word of the name occurs in the question."""
    words = _name_words(name)
    return bool(words) and words <= question.words


@lru_cache(maxsize=20_000)
def _name_words(name: str) -> frozenset[str]:
    return frozenset(stem(word.lower()) for word in identifier_words(name))
