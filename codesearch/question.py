"""A question taken apart: its words, and the names of code in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from codesearch.lexical import question_words
from indexers import languages
from indexers.languages import Form

_IDENTIFIER = re.compile(r"[a-z0-9][A-Z]|[A-Z]{2,}[a-z]{2}|\w_\w|\w(\.|::|#|->|\\)\w")
_BORDER = re.compile(r"\.|::|#|->|\\")
_MARKS = "?!.,;:()`'\""
_CALL = re.compile(r"(?<=\w)(\(.*|/\d+$)")  # of ``close()``, ``map/2``


@dataclass(frozen=True, slots=True)
class Question:
    """What the rules of the ranking look at in a question."""

    words: frozenset[str]  # stemmed, without those that say nothing about code
    names: frozenset[str]  # identifiers in it; of ``a.b`` the last part
    scopes: frozenset[str]  # the other parts, in small letters
    is_name: bool  # the question is one word or name, not a sentence

    @classmethod
    def of(cls, text: str) -> Question:
        """Take a question apart."""
        tokens = [token for token in text.split() if token.strip(_MARKS)]
        is_name = len(tokens) == 1
        names: set[str] = set()
        scopes: set[str] = set()
        for token in tokens:
            bare = _CALL.sub("", token.strip(_MARKS))
            # In a sentence, "add" and "split" are words; ``add_all`` and ``splitLines`` are names.
            if (is_name or _IDENTIFIER.search(bare)) and not _is_file(bare):
                *outer, last = _BORDER.split(bare)
                names |= {last, last + _last_sign(token, last)}
                scopes |= {scope.lower() for scope in outer if scope}
        return cls(question_words(text), frozenset(names), frozenset(scopes), is_name)


def _is_file(token: str) -> bool:
    """``setup.py`` is no name; ``response.json`` may be one."""
    language = languages.detect(token)
    return languages.get(language or "").form in (Form.TREE, Form.HEADINGS)


def _last_sign(token: str, name: str) -> str:
    """Ruby's ``valid?`` and Haskell's ``foldl'`` are names to their last sign; "" for others."""
    sign = token[token.rfind(name) + len(name) :][:1]
    return sign if sign in ("?", "!", "'") else ""
