"""The set docstring → function: held-out repositories, documentation as questions.

The recipe is in the repository, the data are not. Which repositories: ``recipes/heldout.tsv``,
some of those that are kept out of all training; the others stay unseen for a last measurement.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from codesearch.training.dedup import Seen, shape
from codesearch.training.mine import Source, collect, find_documented, locate, read_list
from indexers.pairs import Pair, is_function


def write(listed: Path, clones: Path, out: Path, *, each: int = 250) -> str:
    """Write JSON lines (id, language, query, chunk without documentation); what they hold.

    At most ``each`` functions of a language, the same ones every time, as evenly from its
    repositories as they allow. Repositories that are not below ``clones`` are named.
    """
    absent, found = [], []
    for source in read_list(listed):
        place = locate(clones, source.name)
        if place is None:
            absent.append(source.name)
        else:
            found += list(_questions(source, place))
    chosen = _choose(found, each)
    with out.open("w", encoding="utf-8") as lines:
        for number, (name, pair) in enumerate(chosen):
            chunk = pair.bare
            row = {
                "id": number,
                "repository": name,
                "language": chunk.language,
                "query": pair.text,
                "path": chunk.path,
                "symbol": chunk.symbol,
                "class_path": chunk.class_path,
                "signature": chunk.signature,
                "code": chunk.text,
            }
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
    counts = Counter(pair.chunk.language for _, pair in chosen)
    words = ", ".join(f"{language} {count}" for language, count in sorted(counts.items()))
    return f"{len(chosen)} functions ({words})" + (f"; absent: {absent}" if absent else "")


def _questions(source: Source, place: Path) -> Iterator[tuple[str, Pair]]:
    _, pairs = collect(source, place, find_documented)
    for pair in pairs:
        if is_function(pair.chunk) and not pair.weak:
            yield source.name, pair


def _choose(found: list[tuple[str, Pair]], each: int) -> list[tuple[str, Pair]]:
    seen, kept = Seen(), []
    for name, pair in sorted(found, key=_key):
        text, code = pair.text, pair.bare.text
        if seen.is_new_text(text) and seen.is_new_code(code) and seen.is_new_shape(shape(code)):
            kept.append((name, pair))
    ranks: Counter[tuple[str, str]] = Counter()
    turns = []
    for name, pair in kept:
        ranks[pair.chunk.language, name] += 1
        turns.append((ranks[pair.chunk.language, name], name, pair))
    turns.sort(key=lambda turn: turn[0])
    counts: Counter[str] = Counter()
    chosen = []
    for _, name, pair in turns:
        counts[pair.chunk.language] += 1
        if counts[pair.chunk.language] <= each:
            chosen.append((name, pair))
    return chosen


def _key(item: tuple[str, Pair]) -> str:
    return hashlib.sha256((item[0] + item[1].chunk.content_hash).encode()).hexdigest()
