"""Which files stay out of the index, and why.

Two stages: by the row of the tree, without reading (:meth:`Rules.by_entry`), then by content
(:meth:`Rules.examine`). Who decides, from the strongest: what a file is (symbolic link, submodule,
empty, too large, binary, no known language); the user's settings; ``.codesearchignore``;
``.gitattributes``; the built-in rules of ``conventions.py``. ``!pattern`` in settings or in
``.codesearchignore`` brings back whatever a weaker one leaves out, generated content included.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexers import conventions
from indexers.ignorefiles import (
    ATTRIBUTES_FILE,
    GENERATED,
    IGNORE_FILE,
    VENDORED,
    AttributeFiles,
    IgnoreFiles,
    ignore_lines,
    ignore_spec,
)
from indexers.languages import detect
from indexers.repository import Repository
from indexers.types import SkipReason, TreeEntry

MAX_FILE_BYTES = 1 << 20
RULES_VERSION = "2"  # change it with the built-in rules: every decision is then made again
_SYMLINK = 0o120000
_SUBMODULE = 0o160000
_HEAD_BYTES = 8000  # where git looks for a NUL to call a file binary
_HEAD_CHARS = 20_000  # past a licence, to where a header file shows whether it is C++
RULE_FILE_BYTES = 1 << 20  # a longer .gitattributes is no honest one
_MAX_INVALID = 0.10  # of all bytes. Comments in Latin-1 or GBK stay below, and the code is sound
_INVALID = re.compile("[\udc80-\udcff]")
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """A file that goes into the index."""

    text: str  # as it stands in the blob, line ends included
    language: str


class Rules:
    """All rules as they stand at one commit. Made by :meth:`at`."""

    def __init__(
        self,
        ignores: IgnoreFiles,
        attributes: AttributeFiles,
        *,
        max_file_bytes: int = MAX_FILE_BYTES,
        exclude: Sequence[str] = (),
        include: Sequence[str] = (),
    ) -> None:
        self._ignores = ignores
        self._attributes = attributes
        self._max_file_bytes = max_file_bytes
        exclude, include = ignore_lines(exclude), ignore_lines(include)
        self._exclude = ignore_spec(exclude)
        self._include = ignore_spec(include) if include else None
        said = (RULES_VERSION, max_file_bytes, exclude, include)
        source = repr((said, ignores.source, attributes.source))
        self.digest = hashlib.sha256(source.encode(errors="backslashreplace")).hexdigest()

    @classmethod
    def at(
        cls,
        repository: Repository,
        commit: str,
        *,
        max_file_bytes: int = MAX_FILE_BYTES,
        exclude: Sequence[str] = (),
        include: Sequence[str] = (),
    ) -> Rules:
        """Join the user's settings with the rules that the tree at ``commit`` holds.

        ``exclude`` and ``include`` have the syntax of ``.gitignore``, relative to the root of the
        repository. What ``exclude`` names stays out; its ``!pattern`` brings in what other rules
        leave out. If ``include`` names anything, nothing but that comes in.
        Raises ``RepositoryError`` if git cannot read the rules.
        """
        return cls.of(
            rule_texts(repository, commit),
            max_file_bytes=max_file_bytes,
            exclude=exclude,
            include=include,
        )

    @classmethod
    def of(
        cls,
        texts: Mapping[str, str],
        *,
        max_file_bytes: int = MAX_FILE_BYTES,
        exclude: Sequence[str] = (),
        include: Sequence[str] = (),
    ) -> Rules:
        """Join the user's settings, as in :meth:`at`, with these rule files: text by path."""
        named: dict[str, dict[str, str]] = {IGNORE_FILE: {}, ATTRIBUTES_FILE: {}}
        for path, text in texts.items():
            folder, _, name = path.rpartition("/")
            named[name][folder] = text
        return cls(
            IgnoreFiles(named[IGNORE_FILE]),
            AttributeFiles(named[ATTRIBUTES_FILE]),
            max_file_bytes=max_file_bytes,
            exclude=exclude,
            include=include,
        )

    def by_entry(self, entry: TreeEntry) -> SkipReason | None:
        """Why this file stays out, as far as that can be said without reading it."""
        reason = by_mode(entry)
        if reason is not None:
            return reason
        if entry.size == 0:
            return SkipReason.EMPTY
        wanted = self._wanted(entry.path)
        if wanted is False:
            return SkipReason.EXCLUDED
        if wanted is None and (reason := self._by_path(entry.path)) is not None:
            return reason
        if conventions.is_binary_name(entry.path):
            return SkipReason.BINARY
        if detect(entry.path) is None and not conventions.may_be_script(entry.path):
            return SkipReason.UNSUPPORTED
        if entry.size > self._max_file_bytes:  # last: of interest where nothing else is
            return SkipReason.TOO_LARGE
        return None

    def examine(self, path: str, data: bytes) -> Source | SkipReason:
        """Decide by the content of a file that :meth:`by_entry` lets pass."""
        if not data:
            return SkipReason.EMPTY
        if len(data) > self._max_file_bytes:  # its size was not known before
            return SkipReason.TOO_LARGE
        if is_binary(data):
            return SkipReason.BINARY
        text = decode(data)
        if text is None:
            return SkipReason.UNDECODABLE
        if not text.strip():
            return SkipReason.EMPTY
        language = detect(path, text[:_HEAD_CHARS])
        if language is None:
            return SkipReason.UNSUPPORTED
        generated = self._attributes.get(GENERATED, path)
        if generated is not False and self._wanted(path) is None:
            if conventions.says_generated(path, text):
                return SkipReason.GENERATED
            if conventions.looks_minified(path, text):
                return SkipReason.MINIFIED
        return Source(text, language)

    def stance(self, path: str) -> tuple[bool | None, bool | None, bool | None]:
        """All that settings and rule files say about a path.

        Where that is the same, so is every decision about the same content.
        """
        said = self._attributes
        return self._wanted(path), said.get(VENDORED, path), said.get(GENERATED, path)

    def _wanted(self, path: str) -> bool | None:
        """What the user says: True means in despite other rules, False out, None nothing."""
        if self._include is not None and not self._include.match_file(path):
            return False
        out = self._exclude.check_file(path).include
        if out is None:
            out = self._ignores.leaves_out(path)
        return None if out is None else not out

    def _by_path(self, path: str) -> SkipReason | None:
        vendored = self._attributes.get(VENDORED, path)
        if vendored or (vendored is None and conventions.is_vendored(path)):
            return SkipReason.VENDORED
        generated = self._attributes.get(GENERATED, path)
        if generated is not None:
            return SkipReason.GENERATED if generated else None
        return conventions.machine_made(path)


def is_rule_file(path: str) -> bool:
    """Whether this is one of the files by which a repository says what stays out."""
    return path.rpartition("/")[2] in (IGNORE_FILE, ATTRIBUTES_FILE)


def rule_texts(repository: Repository, commit: str) -> dict[str, str]:
    """The rule files of a tree, by path. Raises ``RepositoryError``."""
    return {
        entry.path: rule_text(repository.read(entry.blob, entry.path))
        for entry in repository.tree(commit)
        if is_rule_file(entry.path) and by_mode(entry) is None and entry.size <= RULE_FILE_BYTES
    }


def rule_text(data: bytes) -> str:
    """The text of a rule file; one that is too long, or no text, says nothing."""
    return (decode(data) or "") if len(data) <= RULE_FILE_BYTES else ""


def by_mode(entry: TreeEntry) -> SkipReason | None:
    """Why an entry that is no regular file stays out; None for a regular file."""
    if entry.mode == _SYMLINK:
        return SkipReason.SYMLINK
    return SkipReason.SUBMODULE if entry.mode == _SUBMODULE else None


def is_binary(data: bytes) -> bool:
    """True if there is a NUL near the start, as git has it, and no UTF-16 mark explains it."""
    return b"\0" in data[:_HEAD_BYTES] and not data.startswith(tuple(bom for bom, _ in _BOMS))


def decode(data: bytes) -> str | None:
    """Text of a file in UTF-8, or in UTF-16 or UTF-32 with a byte order mark (which is removed).

    Bytes that are not valid become U+FFFD, one each; None if they are more than a tenth.
    """
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        if not encoding.startswith("utf-8"):
            return None
    text = data.decode(encoding, errors="surrogateescape")
    text, invalid = _INVALID.subn("\ufffd", text)
    return text if invalid <= _MAX_INVALID * len(data) else None
