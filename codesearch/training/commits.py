"""What people wrote when they changed a function: commit subjects as questions.

Documentation says what code does; a commit's subject says what somebody wanted of it, in the words
of who works on the repository («prevent panicking in 'rg -h | rg'»). That is how questions are
asked, and unlike documentation it does not stand in the code, so code that keeps its documentation
can learn from it, too. Issue localisation is trained on the same source (SweRank, 2505.07849).

Only commits that change a single function give a pair: of more, nobody says which one was meant.
Nor of one that adds, removes or moves source files, or that changes more outside of functions.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice

from codesearch.training.mine import chunks_of
from indexers import git, languages
from indexers.aside import is_test
from indexers.pairs import Pair, is_function, is_test_code, pair_with
from indexers.repository import Repository
from indexers.skip import Rules
from indexers.summaries import is_usable, summary
from indexers.types import Chunk, Span, TreeEntry

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
# Of source files only: git ends at the first blob that a mirror lacks, and that is mostly data.
_SOURCES = [
    f"*.{extension}"
    for row in map(languages.get, languages.LANGUAGES)
    for extension in row.extensions
    if row.form is languages.Form.TREE
]
_LOG = (
    *("log", "--no-merges", "--patch", "--unified=0", "--no-renames"),
    *("--full-index", "--no-color", "--no-ext-diff", "--no-textconv", "--format=%x00%s"),
    f"--max-count={_MOST_COMMITS}",
)
_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(slots=True)
class _Hunk:
    first: int  # line after the change, from 1
    last: int
    size: int  # lines that went and lines that came

    def meets(self, span: Span) -> bool:
        return span.start_line <= self.last and self.first <= span.end_line

    def is_within(self, span: Span) -> bool:
        return span.start_line <= self.first and self.last <= span.end_line


@dataclass(slots=True)
class _File:
    path: str
    blob: str = ""  # after the change
    is_whole: bool = False  # the file came or went
    hunks: list[_Hunk] = field(default_factory=list)


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
    with git.lines([f"--git-dir={repository.git_dir}", *_LOG, commit, "--", *_SOURCES]) as lines:
        for line in lines:
            if line.startswith(b"\0"):
                if subject is not None:
                    yield subject, files
                subject, files = line[1:].decode(errors="replace").strip(), []
            elif line.startswith(b"diff --git "):
                files.append(_File(_path(line)))
            elif files:
                _read(line, files[-1])
    if subject is not None:
        yield subject, files


def _path(line: bytes) -> str:
    """The path in "diff --git a/PATH b/PATH"."""
    both = line.removeprefix(b"diff --git ").rstrip(b"\n")
    return both[(len(both) + 1) // 2 + 2 :].decode(errors="replace")


def _read(line: bytes, file: _File) -> None:
    """Take in one line of a patch."""
    if line.startswith((b"new file mode", b"deleted file mode")):
        file.is_whole = True
    elif line.startswith(b"index "):
        file.blob = line.split()[1].split(b"..")[1].decode("ascii")
    elif hunk := _HUNK.match(line):
        went, first, came = int(hunk[1] or 1), int(hunk[2]), int(hunk[3] or 1)
        # Lines that only went were between two that stay: both must be the function's.
        file.hunks.append(_Hunk(first, first + (came - 1 if came else 1), went + came))


def _pair(repository: Repository, rules: Rules, subject: str, files: list[_File]) -> Pair | None:
    text = question(subject)
    chunk = _changed(repository, rules, files) if text else None
    return pair_with(text, chunk) if chunk else None


def _changed(repository: Repository, rules: Rules, files: list[_File]) -> Chunk | None:
    """The one function, as it was after the change, that a commit changed outside of tests."""
    files = [file for file in files if _is_wanted(rules, file)]
    if any(file.is_whole for file in files) or sum(len(file.hunks) for file in files) > _MOST_HUNKS:
        return None
    found: dict[tuple[str, int], Chunk] = {}
    inside = outside = 0
    for file in files:
        functions = _functions(repository, rules, file)
        for hunk in file.hunks:
            touched = _touched(functions, hunk)
            if touched and all(map(is_test_code, touched)):
                continue
            if touched and hunk.is_within(touched[0].span):
                inside += hunk.size
                found[file.path, touched[0].span.start_line] = touched[0]
            else:
                outside += hunk.size
    return next(iter(found.values())) if len(found) == 1 and outside <= inside else None


def _is_wanted(rules: Rules, file: _File) -> bool:
    entry = TreeEntry(file.path, file.blob, 0o100644)
    return rules.by_entry(entry) is None and not is_test(file.path)


def _touched(functions: list[Chunk], hunk: _Hunk) -> list[Chunk]:
    """The innermost function that holds these lines; where none does, all that have some."""
    around = [one for one in functions if hunk.is_within(one.span)]
    if around:
        return [max(around, key=lambda one: one.span.start_line)]
    return [one for one in functions if hunk.meets(one.span)]


def _functions(repository: Repository, rules: Rules, file: _File) -> list[Chunk]:
    chunks = chunks_of(repository, rules, file.path, file.blob)
    return list(filter(is_function, chunks))
