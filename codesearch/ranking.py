"""Pure score functions: a question and its candidates in, order and explanation out.

What meaning and words say is fused, changed by the rules (``rules.py``), and files are given their
places. ``without`` leaves rules out, which is how the benchmark tells what each is worth.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from codesearch.question import Question
from codesearch.rules import RULES, Candidate, defines
from codesearch.types import Explanation

MEANING, WORDS = "meaning", "words"  # what is fused
CANDIDATES = 100  # of each kind that come into the ranking
_DENSE_WEIGHT, _DENSE_WEIGHT_OF_NAMES = 0.5, 0.2
_REPEAT_FACTOR = 0.95
_SUPPORT_WEIGHT, _SUPPORT_DECAY, _SUPPORTERS = 0.2, 0.5, 8


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


def fusion(candidate: Candidate, dense: Scale, lexical: Scale, weight: float) -> dict[str, float]:
    """Weigh scores by meaning and by words, each as a share of the best; 1 is the best of both.

    ``weight`` is that of meaning, 0 to 1. A sum of scores keeps what ranks lose: by how much one
    is better than the next (Bruch, Gai & Ingber, "An Analysis of Fusion Functions for Hybrid
    Retrieval", 2023).
    The square spreads similarities, which lie close together; the root gathers BM25, which does
    not.
    """
    by_meaning, by_words = dense.share(candidate.dense), lexical.share(candidate.lexical)
    parts = {MEANING: weight * by_meaning**2, WORDS: (1 - weight) * math.sqrt(by_words)}
    return {name: part for name, part in parts.items() if part}


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
    if question.is_name and not any(defines(one, question.names) for one in candidates):
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
    """Further hits of a file make way: each counts a twentieth less."""
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
    dense_rank, similarity = candidate.dense or (None, None)
    lexical_rank, bm25 = candidate.lexical or (None, None)
    explanation = Explanation(dense_rank, similarity, lexical_rank, bm25, parts)
    return Ranked(candidate, score, explanation)


def _order(ranked: Ranked) -> tuple[float, tuple[str, str], int, str]:
    candidate = ranked.candidate
    return (-ranked.score, candidate.file, candidate.payload["start_line"], candidate.id)


def _definition(ranked: Ranked) -> tuple[Any, ...]:
    """What tells the definitions of one file apart; all parts of a long one are one."""
    payload = ranked.candidate.payload
    if payload["parts"] == 1:
        return (ranked.candidate.id,)
    return payload["class_path"], payload["symbol"], payload["parts"]
