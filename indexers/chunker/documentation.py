"""Comments and docstrings → plain text: marks off, dedented, without what speaks to tools."""

from __future__ import annotations

import html
import inspect
import re

_LINE_MARK = re.compile(r"^[ \t]*(?://[/!]*<?|#+[!:|]?|--+(?: ?[|^*])?|%+|;+)[ ]?")
_STAR = re.compile(r"^[ \t]*\*+(?!\*?/)[ ]?")
_STARRED_TAG = re.compile(r"^([ \t]*)\* ?(?=@)")  # of a comment that stars its tags alone
_LONG_LUA = re.compile(r"^--\[(=*)\[(.*?)(?:\]\1\])?$", re.DOTALL)
_ELIXIR = re.compile(r"^@\w*doc\s+", re.DOTALL)
_STRING = re.compile(r"^(?:[a-zA-Z]{0,2}(?=[\"'])|~[sS])(\"\"\"|'''|[\"'(\[{|])(.*)$", re.DOTALL)
_CLOSERS = {"(": ")", "[": "]", "{": "}"}

_MAX_LENGTH = 20_000  # of a comment: more is data, and some patterns are not linear in it
_BANNER = re.compile(r"^[\s\W_]*$")
_RULER = frozenset("-=*#~_+/")
_FENCE = re.compile(r"`{3}|[~*=]{3}$")
# What tools read. A word alone is not enough ("Region of interest" is documentation).
_DIRECTIVE = re.compile(
    r"^(?:eslint-\w|eslint [\w/-]+:|tslint:|js[hl]int\b|prettier-ignore|biome-ignore|@ts-|ts-ignore"
    r"|(?:istanbul|c8|v8) ignore|webpack\w+:|[#@]__|nolint\b|noqa\b|nosec\b|type:\s*ignore|pylint:"
    r"|pyright:|mypy:|pragma:? ?(?:no|once|mark)\b|fmt:\s*\w|yapf:|isort:|ruff:|flake8[:-]|rubocop:"
    r"|:(?:nocov|nodoc|startdoc|stopdoc):|frozen_string_literal:|(?:en)?coding[:=]|-\*-|vim?:\s*\w"
    r"|go:\w|\+build\b|swiftlint:|swift-format-|mark:|ktlint-|detekt:|scalastyle:|scalafix:"
    r"|NOLINT|clang-format o|LCOV_|cppcheck-|coverity\[|spell-checker:|cspell:|endregion\b"
    r"|shellcheck (?:disable|source|shell)|luacheck:|stylua:|selene:|credo:|dialyzer:|phpcs:"
    r"|@?phpstan-|@psalm-suppress|@codeCoverageIgnore|noinspection\b|ReSharper \w+|language="
    r"|zig fmt:|!/)",
    re.IGNORECASE,
)
_LICENSE = re.compile(
    r"copyright|@license|licen[sc]ed? under|spdx-license|all rights reserved"
    r"|permission is hereby granted|redistribution and use|mozilla public"
    r"|apache license|gnu (?:lesser )?general public",
    re.IGNORECASE,
)

# {@code <b>} keeps what it holds; a tag outside goes. One pattern, or the one undoes the other.
_JAVADOC = re.compile(
    r"\{@(?:link|linkplain|code|literal|value|see)\s+#?([^{}]*)\}"
    r"|</?(?:p|b|i|em|strong|code|pre|tt|ul|ol|li|dl|dt|dd|br|hr|h[1-6]|blockquote|a|sub|sup"
    r"|table|tr|td|th|div|span)\b[^<>]*>"
)
_XML_HINT = re.compile(r"<(?:summary|remarks|returns|param name|inheritdoc)\b")
_XML = (
    (
        re.compile(
            r"<(?:see|seealso|paramref|typeparamref)\b[^>]*?"
            r"\b(?:cref|name|langword|href)=\"(?:\w:)?([^\"]*)\"\s*/?>"
        ),
        r"\1",
    ),
    (re.compile(r"<(?:type)?param\s+name=\"([^\"]*)\"\s*>"), r"@param \1 "),
    (re.compile(r"<returns>\s*"), "@returns "),
    (re.compile(r"<exception\s+cref=\"(?:\w:)?([^\"]*)\"\s*/?>"), r"@throws \1 "),
    (
        re.compile(
            r"</?(?:summary|remarks|returns|value|para|param|typeparam|exception|c|code|example|see"
            r"|seealso|list|item|description|term|inheritdoc)\b[^>]*>"
        ),
        "",
    ),
)


def clean_comments(comments: list[str]) -> str:
    """Return what a run of adjacent comments says; "" where it speaks to tools or lawyers.

    C#'s XML becomes ``@param x`` tags and the like.
    """
    text = "\n".join(_unmark(comment) for comment in comments)[:_MAX_LENGTH]
    if is_license(text):
        return ""
    if _XML_HINT.search(text):
        for pattern, replacement in _XML:
            text = pattern.sub(replacement, text)
        text = html.unescape(text)
    return _tidy(text)


def clean_string(literal: str) -> str:
    """Return what a docstring says, given its literal with prefix and quotes."""
    match = _STRING.match(literal.strip())
    if match is None:
        return ""
    quote, body = match.groups()
    return inspect.cleandoc(body.removesuffix(_CLOSERS.get(quote, quote))).strip()


def is_license(text: str) -> bool:
    """Whether a comment is a licence or copyright notice, as stands at the top of files."""
    return _LICENSE.search(text[:1000]) is not None


def _unmark(comment: str) -> str:
    comment = comment.strip()
    if comment.startswith("@"):
        return clean_string(_ELIXIR.sub("", comment))
    if comment.startswith("/*"):
        text = _unmark_block(comment.removesuffix("*/").rstrip("*"), 2)
        if not comment.startswith("/**"):
            return text
        return html.unescape(_JAVADOC.sub(lambda match: match.group(1) or "", text))
    if comment.startswith("{-"):
        return _unmark_block(comment.removesuffix("-}"), 2)
    if comment.startswith("=begin"):
        return "\n".join(comment.split("\n")[1:]).removesuffix("=end")
    if match := _LONG_LUA.match(comment):
        return inspect.cleandoc(match.group(2))
    return "\n".join(_LINE_MARK.sub("", line) for line in comment.split("\n"))


def _unmark_block(block: str, mark: int) -> str:
    """Take the opening mark and the border of stars from a block comment."""
    first, *rest = block[mark:].split("\n")
    first = first.lstrip(" \t*!|^-").removeprefix("< ")
    if rest and all(_STAR.match(line) or not line.strip() for line in rest):
        rest = [_STAR.sub("", line) for line in rest]
    rest = [_STARRED_TAG.sub(r"\1", line) for line in rest]
    return "\n".join([first, inspect.cleandoc("\n" + "\n".join(rest))])


def _is_ruled(line: str) -> bool:
    """Whether a line is a ruler, or the title of a section between rulers."""
    return any(len(end) == 4 and _RULER.issuperset(end) for end in (line[:4], line[-4:]))


def _tidy(text: str) -> str:
    """Drop rulers and directives, dedent, and fold runs of blank lines."""
    kept: list[str] = []
    for line in inspect.cleandoc("\n" + text).split("\n"):
        stripped = line.strip()
        if stripped and (_DIRECTIVE.match(stripped) or _is_ruled(stripped)):
            continue
        if stripped and _BANNER.match(stripped) and not _FENCE.match(stripped):
            continue
        if line.strip() or (kept and kept[-1]):
            kept.append(line.rstrip())
    return "\n".join(kept).strip("\n")
