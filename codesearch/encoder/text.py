"""The one place where a chunk, or a question, becomes the string that is encoded.

Writer, training and benchmarks all come here, so what the encoder was trained on and what it
serves cannot drift apart. Any change of the strings below is a new ``TEMPLATE_VERSION``, which
is part of an index's fingerprint: old vectors are then not compared with new ones.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from indexers.types import Chunk

TEMPLATE_VERSION = 2

# The words in an identifier: an acronym in the plural ("URLs"), an acronym before a capitalised
# word, a capitalised or lower-case word, an acronym, a number, letters of a script without case.
# Latin-1 is enough for camel case.
_WORD = re.compile(
    r"[A-ZÀ-ÖØ-Þ]{2,}s(?![a-zß-öø-ÿ])"
    r"|[A-ZÀ-ÖØ-Þ]+(?=[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ])"
    r"|[A-ZÀ-ÖØ-Þ]?[a-zß-öø-ÿ]+"
    r"|[A-ZÀ-ÖØ-Þ]+"
    r"|\d+"
    r"|[^\W\d_A-Za-zÀ-ÖØ-öø-ÿ]+"
)
# The same borders as places in running text; what is neither letter nor digit stays.
_BORDER = re.compile(
    r"(?<=[a-zß-öø-ÿ0-9])(?=[A-ZÀ-ÖØ-Þ])"
    r"|(?<=[A-ZÀ-ÖØ-Þ])(?=[A-ZÀ-ÖØ-Þ](?!s(?![a-zß-öø-ÿ]))[a-zß-öø-ÿ])"
    r"|_+"
)
_SPACE = re.compile(r"\s+")
_FOLDERS = 4  # how many of a path's last names are said, the file's own among them


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

    What it is called, where it stands (its last folders and the file's stem), then its text as
    it stands in the file, documentation included; identifiers split to words. Chosen on 97
    questions about five repositories (aiohttp, chi, trpc, rack, serde; NDCG@10 of the vectors
    alone, 128 tokens):

    ====================================================  ====
    the text as it is                                     .619
    identifiers split                                     .643
    parent folder and file, split text                    .668
    parent folder and file, name, docstring, code         .673
    name, parent folder and file, docstring, code         .689
    name, parent folder and file, split text              .713
    four names of the path, name, split text              .702
    **name, four names of the path, split text**          .740
    the same with three, with eight names of the path     .721, .733
    the same at 256 tokens                                .724
    ====================================================  ====

    Putting the docstring first loses, for it tears the documentation from its code. Leaving
    punctuation out loses too (.807 → .791 on HumanEval-X, .531 → .512 on CoSQA).
    """
    parts = [
        " ".join(identifier_words(chunk.qualified_name)),
        _path_words(chunk.path),
        # The later parts of a long function begin in the middle of it.
        split_identifiers(chunk.signature) if chunk.part > 1 else "",
        split_identifiers(chunk.text),
    ]
    return "\n".join(part for part in parts if part)


def _path_words(path: str) -> str:
    """Words of the last folders and the stem: ``lib/src/http/cookieJar.py`` → …"""
    pure = PurePosixPath(path)
    names = (*pure.parts[:-1], pure.stem)
    return " ".join(identifier_words(" ".join(names[-_FOLDERS:])))
