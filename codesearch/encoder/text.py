"""The one place where a chunk, or a question, becomes the string that is encoded.

Writer, training and benchmarks all come here, so what the encoder was trained on and what it
serves cannot drift apart. Any change of the strings below is a new ``TEMPLATE_VERSION``, which
is part of an index's fingerprint: old vectors are then not compared with new ones.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from indexers.types import Chunk

TEMPLATE_VERSION = 1

# The words in an identifier: an acronym before a capitalised word, a capitalised or lower-case
# word, an acronym, a number, letters of a script without case. Latin-1 is enough for camel case.
_WORD = re.compile(
    r"[A-ZÀ-ÖØ-Þ]+(?=[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ])"
    r"|[A-ZÀ-ÖØ-Þ]?[a-zß-öø-ÿ]+"
    r"|[A-ZÀ-ÖØ-Þ]+"
    r"|\d+"
    r"|[^\W\d_A-Za-zÀ-ÖØ-öø-ÿ]+"
)
# The same borders as places in running text; what is neither letter nor digit stays.
_BORDER = re.compile(
    r"(?<=[a-zß-öø-ÿ0-9])(?=[A-ZÀ-ÖØ-Þ])"
    r"|(?<=[A-ZÀ-ÖØ-Þ])(?=[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ])"
    r"|_+"
)
_SPACE = re.compile(r"\s+")
# Comment marks at the ends of a line, in any language: what separates text from docstring.
_MARKS = " \t/*#!-\"'`;%{}|<>="


def identifier_words(name: str) -> list[str]:
    """The words of one identifier or path, case kept.

    ``parseHTTPHeader`` → ``parse HTTP Header``, ``sha256_sum`` → ``sha 256 sum``.
    """
    return _WORD.findall(name)


def split_identifiers(text: str) -> str:
    """``text`` with every identifier in it split to words; all else stays, white space folded."""
    return _SPACE.sub(" ", _BORDER.sub(" ", text)).strip()


def query_text(query: str) -> str:
    """The encoded form of a question: identifiers in it split as they are in documents."""
    return split_identifiers(query)


def document_text(chunk: Chunk) -> str:
    """The encoded form of a chunk, most important first, for the encoder cuts the end off.

    Where it stands (parent folder and file stem), what it is called, what its documentation
    says, then the code, in which the documentation is not repeated.
    """
    parts = [
        _path_words(chunk.path),
        " ".join(identifier_words(chunk.qualified_name)),
        split_identifiers(chunk.docstring),
        split_identifiers(_body(chunk)),
    ]
    return "\n".join(part for part in parts if part)


def _path_words(path: str) -> str:
    """Words of the parent folder and of the file's stem: ``src/http/cookieJar.py`` → …"""
    pure = PurePosixPath(path)
    return " ".join(identifier_words(f"{pure.parent.name} {pure.stem}"))


def _body(chunk: Chunk) -> str:
    """The code without its documentation; the signature first where a later part lacks it."""
    body = _without_docstring(chunk.text, chunk.docstring)
    return f"{chunk.signature}\n{body}" if chunk.part > 1 else body


def _without_docstring(text: str, docstring: str) -> str:
    """``text`` less each line that, comment marks aside, is a line of ``docstring``."""
    if not docstring:
        return text
    said = {line.strip(_MARKS) for line in docstring.splitlines()}
    return "\n".join(line for line in text.splitlines() if line.strip(_MARKS) not in said)
