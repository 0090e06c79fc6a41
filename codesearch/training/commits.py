"""What people wrote when they changed a function: commit subjects as questions.

Documentation says what code does; a commit's subject says what somebody wanted of it, in the words
of who works on the repository («prevent panicking in 'rg -h | rg'»). That is how questions are
asked, and unlike documentation it does not stand in the code, so code that keeps its documentation
can learn from it, too. Issue localisation is trained on the same source (SweRank, 2505.07849).

Only commits that change a single function give a pair: of more, nobody says which one was meant.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice

from codesearch.training.mine import chunks_of
from indexers import git
from indexers.pairs import Pair, is_test, is_usable, pair_with, summary
from indexers.repository import Repository
from indexers.skip import Rules
from indexers.types import Chunk, Kind

_MOST_COMMITS, _MOST_PAIRS = 2500, 700  # of one repository
_MOST_HUNKS = 12
_WORDS = 4, 25
# What trackers and conventions put around a subject: "[core]", "fix(io):", "ABC-12:", "(#34)". Of
# "UTF-8" and "SHA-256" there is no tracker.
_TICKET = r"(?-i:\b(?!UTF|SHA|ISO|MD|RFC|HTTP|ARM|IEEE)[A-Z][A-Z0-9]+-\d+)"
_BEFORE = re.compile(
    r"^\s*(?:\[[^\]]{1,40}\]\s*|\([^)]{1,30}\)\s*|" + _TICKET + r"[\s:.,-]*"
    r"|(?:gh-|bpo-|#)\d+[\s:.,-]*|(?:fix(?:es|ed)?|close[sd]?|resolve[sd]?|refs?)\s+#\d+"
    r"[\s:.,-]*|\w+\([^)]*\)!?:\s+|[\w./+-]{1,40}!?:\s+)+",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:\s*(?:[\[(]?(?:(?:fix(?:es|ed)?|close[sd]?|resolve[sd]?|refs?|see|issue|pr|by)\s+)*"
    r"(?:gh-|#)\d+[\])]?|\(?" + _TICKET + r"\)?|\.))+\s*$",
    re.IGNORECASE,
)
# Changes of form: what they touch is not what they are about.
_OF_FORM = re.compile(
    r"\b(?:bump|release[sd]?|merge[sd]?|revert(?:s|ed)?|version|typos?|changelog|lint(?:s|er|ing)?"
    r"|format(?:ting)?|clean-?ups?|clean up|tidy|style|whitespace|indent\w*|spelling|grammar"
    r"|copyright|licen[cs]e|rubocop|clippy|phpstan|psalm|checkstyle|pylint|flake8|mypy|black"
    r"|prettier|eslint|gofmt|rustfmt|clang-format|todo|wip|review|nits?|minor|misc|various|some"
    r"|tests?|unittests?|specs?|ci|travis|docs?|docstrings?|documentation|javadocs?|comments?"
    r"|readme|deprecat\w+|renam\w+|refactor\w*|upgrade[ds]?|dependenc\w+|warnings?|unused"
    r"|simplif\w+|annotations?|type hints?|move[sd]?|imports?|cosmetic\w*|backport|cherry)\b",
    re.IGNORECASE,
)
_LOG = (
    *("log", "--no-merges", "--diff-filter=M", "--patch", "--unified=0", "--no-renames"),
    *("--full-index", "--no-color", "--no-ext-diff", "--no-textconv", "--format=%x00%s"),
    f"--max-count={_MOST_COMMITS}",
)
_HUNK = re.compile(rb"@@ -\S+ \+(\d+)(?:,(\d+))? @@")


@dataclass(slots=True)
class _File:
    path: str = ""
    blob: str = ""  # after the change
    hunks: list[tuple[int, int]] = field(default_factory=list)  # first and last line, from 1


def find_told(repository: Repository, commit: str, rules: Rules) -> Iterator[Pair]:
    """The pairs of the last commits up to ``commit``, newest first."""
    with closing(_changes(repository, commit)) as changes:
        pairs = (_pair(repository, rules, subject, files) for subject, files in changes)
        yield from islice(filter(None, pairs), _MOST_PAIRS)


def question(subject: str) -> str:
    """What a subject says of the program; "" where it speaks of the form, or says too little."""
    text = summary(_AFTER.sub("", _BEFORE.sub("", subject)))
    if not _WORDS[0] <= len(text.split()) <= _WORDS[1]:
        return ""
    return text if is_usable(text) and not _OF_FORM.search(text) else ""


def _changes(repository: Repository, commit: str) -> Generator[tuple[str, list[_File]]]:
    """Subject and changed files of the last commits up to ``commit``, newest first."""
    subject: str | None = None
    files: list[_File] = []
    with git.lines([f"--git-dir={repository.git_dir}", *_LOG, commit]) as lines:
        for line in lines:
            if line.startswith(b"\0"):
                if subject is not None:
                    yield subject, files
                subject, files = line[1:].decode(errors="replace").strip(), []
            elif line.startswith(b"diff --git "):
                files.append(_File())
            elif files:
                _read(line, files[-1])
    if subject is not None:
        yield subject, files


def _read(line: bytes, file: _File) -> None:
    """Take in one line of a patch."""
    if line.startswith(b"index ") and not file.blob:
        file.blob = line.split()[1].split(b"..")[1].decode("ascii")
    elif line.startswith(b"+++ b/") and not file.path:
        file.path = line[6:].rstrip(b"\n").decode(errors="replace")
    elif file.path and (hunk := _HUNK.match(line)):
        first, count = int(hunk[1]), int(hunk[2] or 1)
        file.hunks.append((first, first + max(count, 1) - 1))


def _pair(repository: Repository, rules: Rules, subject: str, files: list[_File]) -> Pair | None:
    text = question(subject)
    chunk = _changed(repository, rules, files) if text else None
    return pair_with(text, chunk) if chunk else None


def _changed(repository: Repository, rules: Rules, files: list[_File]) -> Chunk | None:
    """The one function, as it was after the change, that a commit changed outside of tests."""
    files = [file for file in files if file.blob and not is_test(file.path)]
    if sum(len(file.hunks) for file in files) > _MOST_HUNKS:
        return None
    found: dict[tuple[str, int], Chunk] = {}
    for file in files:
        functions = _functions(repository, rules, file)
        for first, last in file.hunks:
            inner = _innermost(functions, first, last)
            if inner is not None:
                found[file.path, inner.span.start_line] = inner
    return next(iter(found.values())) if len(found) == 1 else None


def _innermost(functions: list[Chunk], first: int, last: int) -> Chunk | None:
    """The function that holds these lines."""
    around = [one for one in functions if one.span.start_line <= first <= last <= one.span.end_line]
    return max(around, key=lambda one: one.span.start_line, default=None)


def _functions(repository: Repository, rules: Rules, file: _File) -> list[Chunk]:
    chunks = chunks_of(repository, rules, file.path, file.blob)
    return [one for one in chunks if one.kind in (Kind.FUNCTION, Kind.METHOD) and one.part <= 1]
