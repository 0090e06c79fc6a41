"""What documentation says first, as running text, and whether it says anything."""

from __future__ import annotations

import re

MIN_WORDS, MAX_WORDS = 3, 120

# Where the first paragraph ends although no blank line does.
_PARAGRAPH_ENDS = re.compile(
    r"\s*(?:[@\\](?!brief\b|summary\b|desc(?:ription)?\b|short\b|link\b|code\b|c\s|p\s|ref\s)\w+"
    r"|:\w+(?:\s+[^:\n]+)?:(?!`)|>>>|```|~~~|\.\.\s+\w|[-=~^*]{3,}\s*$"
    r"|(?:args?|arguments?|param(?:eter)?s?|returns?|raises?|throws|yields?|examples?|notes?"
    r"|usage|see also|warning|attributes|safety|panics|errors|since)\s*:?\s*$"
    r"|(?:args?|arguments?|param(?:eter)?s?|returns|raises|throws|yields|examples?|usage"
    r"|see also)\s*:|#+\s|\||[-*+]\s|\d+[.)]\s)",
    re.IGNORECASE,
)
_SUMMARY_TAG = re.compile(
    r"^\s*[@\\](?:brief|summary|desc(?:ription)?|short)\b:?\s*", re.IGNORECASE
)
_CLEANINGS = (
    (re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)"), r"\1"),  # Markdown links
    (re.compile(r"\[([^\[\]]+)\]\[[^\[\]]*\]"), r"\1"),
    (re.compile(r"\{@\w+\s+([^{}]*)\}"), r"\1"),
    (re.compile(r":\w+(?::\w+)*:`~?(?:[^`<>]*<)?~?([^`<>]+)>?`"), r"\1"),  # Sphinx's roles
    (re.compile(r"`+_*([^`]*)`+_*"), r"\1"),
    (re.compile(r"</?[A-Za-z][^<>]{0,200}>"), " "),
    (re.compile(r"\b(?:https?|ftp)://\S+"), " "),
    (re.compile(r"[@\\](?:c|p|ref|a|em|b|link|code|endlink)\s"), " "),
    (re.compile(r"\*\*|__(?=\w)|(?<=\w)__"), ""),
    (re.compile(r"\s+"), " "),
)
_REFUSED = re.compile(
    r"^(?:todo|fixme|xxx|hack|deprecated|inherit|see\b|copyright|auto-?generated|ditto|same as"
    r"|@|\{|\(c\)|non-javadoc|internal use only|for internal use|not implemented|this is a test"
    r"|overrides?\b|implementation of|implements\s+\S+$)|inherit-?doc"
    # At the top of files.
    r"|all rights reserved|copyright (?:\(c\)|©|\d{4})|do not edit\b|code generated",
    re.IGNORECASE,
)
_LOOKS_LIKE_CODE = re.compile(r"[;{}]\s*$|=>|->.*->|\b\w+\([^)]*\)\s*[;{]|&&|\|\||[=!]=\s")
_WORD = re.compile(r"[^\W\d_]+(?:['’][a-z]+)?")
_ENGLISH = frozenset(
    "a about after all also an and any are as at be been before between but by can cannot does "
    "each for from given has have if in into is it its like may method must new no not of on one "
    "only or other out over set should so such than that the their then there these this to true "
    "under up use used uses using value was we when where whether which while will with without "
    "you your return returns get gets sets create creates check checks function class add adds "
    "remove removes make makes find finds convert converts compute computes".split()
)


def summary(docstring: str) -> str:
    """The first paragraph as running text: no tags, markup, links; "" where there is none."""
    lines: list[str] = []
    for line in _SUMMARY_TAG.sub("", docstring.strip()).split("\n"):
        if lines and not line.strip():
            break
        if _PARAGRAPH_ENDS.match(line):
            break
        if line.strip():
            lines.append(_SUMMARY_TAG.sub("", line.strip()))
    text = " ".join(lines)
    for pattern, replacement in _CLEANINGS:
        text = pattern.sub(replacement, text)
    return text.strip(" \t-*:")


def is_usable(text: str) -> bool:
    """Whether a paragraph is an English sentence of 3 to 120 words, and neither code nor a note."""
    words = _WORD.findall(text)
    if len(words) < MIN_WORDS or len(text.split()) > MAX_WORDS:
        return False
    if _REFUSED.search(text) or _LOOKS_LIKE_CODE.search(text):
        return False
    letters = [letter for letter in text if letter.isalpha()]
    if sum(map(str.isascii, letters)) < 0.95 * len(letters):
        return False
    if sum(len(word) for word in words) < 0.6 * len(text.replace(" ", "")):
        return False
    known = sum(word.lower() in _ENGLISH for word in words)
    return known >= (1 if len(words) < 12 else len(words) // 6)
