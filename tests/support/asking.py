"""A program that asks an index, over and over, until its standard input ends.

``python asking.py FOLDER…``, each a working tree. Every answer is about the marks of one generation
(``generations.py``): all of them, and none of another. Prints what it saw as JSON.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from codesearch import Filter, Hit, Index

_MARKS = Filter(path="marks/")


def ask(indexes: list[Index], stop: threading.Event) -> dict[str, object]:
    """Ask one after the other. The first wrong answer, or error, ends it."""
    seen: Counter[str] = Counter()
    milliseconds = []
    wrong = ""
    while not (stop.is_set() or wrong):
        for index in indexes:
            started = time.perf_counter()
            try:
                hits = index.search("mark", top_k=100, filter=_MARKS, overlay=False)
            except Exception as error:
                wrong = f"{type(error).__name__}: {error}"
                break
            milliseconds.append((time.perf_counter() - started) * 1000)
            wrong = wrong or check(hits)
            seen[generation_of(hits[0])] += 1 if hits else 0
    return {"answers": len(milliseconds), "wrong": wrong, "seen": seen, "ms": milliseconds}


def check(hits: list[Hit]) -> str:
    """What is wrong with an answer."""
    generations = {generation_of(hit) for hit in hits}
    names = sorted(hit.chunk.symbol for hit in hits)
    whole = {hit.chunk.symbol.split("_")[1] for hit in hits} == set("abcdef")
    return "" if len(generations) == 1 and whole and len(names) == 6 else f"a mixture: {names}"


def generation_of(hit: Hit) -> str:
    """``mark_a_of_main_12`` → ``main_12``."""
    return hit.chunk.symbol.partition("_of_")[2]


def main() -> None:
    """Ask until standard input ends."""
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    indexes = [Index.open(Path(folder)) for folder in sys.argv[1:]]
    result = ask(indexes, stop)
    for index in indexes:
        index.close()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
