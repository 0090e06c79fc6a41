"""A chunk → (what its documentation says, where in its text that stands): pairs to train on.

Pure functions. The first paragraph of a docstring stands in for a question, the code without it
for the answer; see :func:`find_pair`. Undocumented functions give weak pairs: their name, taken
apart, for their body. What no question asks for stands by: see :func:`find_bystander`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from indexers.aside import is_test
from indexers.summaries import is_usable, summary
from indexers.types import Chunk, Kind

MIN_BODY_LINES = 3  # below the declaration, blank ones not counted
_WEAK_WORDS = 2, 8  # of a name that says something and was written by a person
_SIGNATURE_LINES = 30  # a longer declaration is not looked for
_SIGNATURE_NOISE = re.compile(r"\s+|,(?=\s*[)\]>])")  # how it is laid out

_FUNCTIONS = (Kind.FUNCTION, Kind.METHOD)
# What frameworks put before a test: #[test], #[tokio::test], @Test, [Fact], [TestMethod].
_TEST_MARK = re.compile(
    r"^\s*(?:#\[(?:\w+::)*(?:test|bench)\b|@(?:Parameterized)?Test\b"
    r"|\[(?:Fact|Theory|Test(?:Method|Case)?)\b)",
    re.MULTILINE,
)
_TEST_SYMBOL = re.compile(r"(?:test|Test|Benchmark|Example)(?:_|[A-Z])")

_LINE_COMMENT = re.compile(r"\s*(?://|#(?!\[|!\[|if|else|end|def|inc|pragma|undef)|--|;;|%)")
_BLOCK_OPENS, _BLOCK_CLOSES = (
    re.compile(r"\s*(?:/\*|\{-|=begin\b|--\[=*\[)"),
    {
        "/*": "*/",
        "{-": "-}",
        "=b": "=end",
        "--": "]]",
    },
)
_NO_HASHES = ("javascript", "typescript")  # where "#name" is private and no comment
_DOCSTRING = re.compile(r"\s*[rRuUbBfF]{0,2}(\"\"\"|'''|\"|')")


@dataclass(frozen=True, slots=True)
class Pair:
    """A text and the code that answers it; "" where no text does: a bystander.

    ``chunk.text`` holds the documentation in its lines ``doc_lines[0]`` to ``doc_lines[1]``
    (from 0, the end excluded; equal where there is none); its first ``declaration`` lines
    outside of them are decorators and signature.
    """

    text: str
    chunk: Chunk
    doc_lines: tuple[int, int]
    declaration: int
    weak: bool  # the text is only the name

    @property
    def parts(self) -> tuple[str, str, str]:
        """The chunk's text: before its documentation, the documentation, after it."""
        lines = self.chunk.text.split("\n")
        first, end = self.doc_lines
        before, doc, after = lines[:first], lines[first:end], lines[end:]
        return "\n".join(before), "\n".join(doc), "\n".join(after)

    @property
    def bare(self) -> Chunk:
        """The chunk without its documentation."""
        before, _, after = self.parts
        text = "\n".join(part for part in (before, after) if part)
        return replace(self.chunk, text=text.strip("\n"), docstring="")


def find_pair(chunk: Chunk) -> Pair | None:
    """The pair that a documented definition gives, None where it gives no good one."""
    if chunk.part > 1 or chunk.kind is Kind.TEXT or not chunk.docstring:
        return None
    if is_test_code(chunk):
        return None
    text = without_own_name(summary(chunk.docstring), chunk)
    doc_lines = documentation_lines(chunk) if is_usable(text) else None
    if doc_lines is None:
        return None
    pair = _make(text, chunk, doc_lines, weak=False)
    opening = chunk.docstring.split("\n")[0].strip()
    if len(opening) > 12 and opening in pair.bare.text:
        return None  # said twice, or not found where it was looked for
    return pair if _has_body(pair) else None


def find_weak_pair(chunk: Chunk) -> Pair | None:
    """(name, body) of an undocumented function, None where the name or the body is too short."""
    if not is_function(chunk) or chunk.docstring or is_test_code(chunk):
        return None
    words = name_words(chunk.symbol)
    if not _WEAK_WORDS[0] <= len(words) <= _WEAK_WORDS[1]:
        return None
    pair = _make(" ".join(words).lower(), chunk, (0, 0), weak=True)
    return pair if _has_body(pair) else None


def find_later_pair(first: Pair, chunk: Chunk) -> Pair | None:
    """(what ``first`` says, a later part of the same definition); None where it is of another."""
    same = (chunk.path, chunk.qualified_name, chunk.signature, chunk.parts)
    one = first.chunk
    if chunk.part < 2 or same != (one.path, one.qualified_name, one.signature, one.parts):
        return None
    pair = _make(first.text, chunk, (0, 0), weak=False)
    return pair if _has_body(pair) else None


def find_bystander(chunk: Chunk) -> Pair | None:
    """What is served beside functions, and has no text of its own; None for a function.

    Prose, code outside of definitions, undocumented classes: a search meets them all, so an
    encoder has to learn that they are seldom the answer.
    """
    if chunk.kind in _FUNCTIONS or is_test_code(chunk):
        return None
    return Pair("", chunk, (0, 0), 0, weak=False)


def pair_with(text: str, chunk: Chunk) -> Pair | None:
    """A text from elsewhere and a function that answers it; None where there is little of it."""
    doc_lines = documentation_lines(chunk) if chunk.docstring else None
    pair = _make(text, chunk, doc_lines or (0, 0), weak=False)
    return pair if _has_body(pair) else None


def is_function(chunk: Chunk) -> bool:
    """Whether it is a function or method, or the first part of a long one."""
    return chunk.kind in _FUNCTIONS and chunk.part <= 1


def is_test_code(chunk: Chunk) -> bool:
    """Whether it tests or measures, by its path, its name, its marks, or what it stands in."""
    if is_test(chunk.path) or _TEST_SYMBOL.match(chunk.symbol) or _TEST_MARK.search(chunk.text):
        return True
    return chunk.class_path.split(".")[0] in ("test", "tests")  # Rust's "mod tests"


def without_own_name(text: str, chunk: Chunk) -> str:
    """``text`` less the name of what it documents, with which Go's begin, and some others.

    "Dial connects to …" → "connects to …": who asks does not know the name. A single word stays
    in other languages, for there it is the verb ("Parse a header").
    """
    if chunk.language != "go" and len(name_words(chunk.symbol)) < 2:
        return text
    return re.sub(rf"^{re.escape(chunk.symbol)}(?:\(\))?(?![\w.(])[\s:–-]*", "", text)


def documentation_lines(chunk: Chunk) -> tuple[int, int] | None:
    """Lines of ``chunk.text`` that are documentation (from 0, end excluded); None if not found."""
    lines = chunk.text.split("\n")
    if chunk.language == "python":
        return _docstring_lines(lines) or _leading_comment(lines)
    return _leading_comment(lines, hashes=chunk.language not in _NO_HASHES)


def name_words(symbol: str) -> list[str]:
    """The words of a name that are words: ``_parseHTTP2`` → ``parse HTTP``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", symbol)
    return [word for word in re.findall(r"[A-Za-z]+", spaced) if len(word) > 1]


def _make(text: str, chunk: Chunk, doc_lines: tuple[int, int], *, weak: bool) -> Pair:
    lines = chunk.text.split("\n")
    rest = lines[: doc_lines[0]] + lines[doc_lines[1] :]
    return Pair(text, chunk, doc_lines, _declaration_lines(rest, chunk.signature), weak)


def _declaration_lines(lines: list[str], signature: str) -> int:
    """How many of the first lines the declaration takes; 0 where it cannot be told."""
    wanted = _SIGNATURE_NOISE.sub("", signature)
    seen = ""
    for number, line in enumerate(lines[:_SIGNATURE_LINES]):
        seen += line + "\n"
        if wanted and wanted in _SIGNATURE_NOISE.sub("", seen):
            return number + 1
    return 0


def _has_body(pair: Pair) -> bool:
    lines = [line for line in pair.bare.text.split("\n") if line.strip()]
    return len(lines) - max(1, pair.declaration) >= MIN_BODY_LINES


def _leading_comment(lines: list[str], *, hashes: bool = True) -> tuple[int, int] | None:
    """The first run of whole-line comments, before which only attributes may stand."""
    start = 0
    while start < min(len(lines), 12) and re.match(r"\s*(?:@\w|#!?\[|\[\w|\[\[|$)", lines[start]):
        start += 1
    end = start
    while end < len(lines):
        after = _after_block(lines, end)
        opened = _LINE_COMMENT.match(lines[end])
        if after is None and (opened is None or (opened[0].endswith("#") and not hashes)):
            break
        end = after or end + 1
    return (start, end) if end > start else None


def _after_block(lines: list[str], start: int) -> int | None:
    """The line after the block comment that opens on line ``start``; None where none does."""
    opened = _BLOCK_OPENS.match(lines[start])
    if opened is None:
        return None
    closer = _BLOCK_CLOSES[opened.group().strip()[:2]]
    for number in range(start, len(lines)):
        text = lines[number][opened.end() :] if number == start else lines[number]
        _, found, rest = text.partition(closer)
        if found:
            return number + 1 if not rest.strip() else None  # code goes on behind it
    return None


def _docstring_lines(lines: list[str]) -> tuple[int, int] | None:
    """The first statement that is a string, in Python."""
    for start, line in enumerate(lines[: _SIGNATURE_LINES * 2]):
        opened = _DOCSTRING.match(line)
        if opened is None:
            continue
        for number in range(start, len(lines)):
            text = lines[number][opened.end() :] if number == start else lines[number]
            if opened.group(1) in text:
                return start, number + 1
        return None
    return None
