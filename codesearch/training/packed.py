"""Pairs as token ids: small enough to travel, loaded with numpy alone.

A record keeps its text and the segments of its code apart, so that every form of the code that
training wants is put together without a tokenizer: with or without documentation, name, path,
declaration. :meth:`Pairs.document` without any of that equals the serving side: the ids of
``document_text`` (a test holds the two together). That works because a word-piece tokenizer never
joins across white space, at which the segments were cut.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.uint16]
Records = NDArray[np.intp]  # their places in a ``Pairs``

SEGMENTS = ("text", "name", "path", "before", "doc", "after")
"""Question; qualified name; path words; code before, in, and after the documentation."""

SHARDS = "pairs-*.npz.xz"
_TEXT, _NAME, _PATH, _BEFORE, _DOC, _AFTER = range(len(SEGMENTS))
# 16-bit numbers: position and context bits that know of pairs of bytes save a tenth.
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "lc": 2, "lp": 1, "pb": 1}]
_FIELDS = ("lengths", "symbol", "declared", "language", "repository", "answer", "weak", "told")


@dataclass(frozen=True, slots=True)
class Specials:
    """Ids of the tokens that are no text."""

    pad: int
    cls: int
    sep: int
    mask: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Meta:
    """What is true of all records."""

    template_version: int
    tokenizer_digest: str  # SHA-256 of the rules, without cutting and padding
    vocabulary: int
    max_tokens: int  # no form of a document is exact beyond this many
    specials: Specials
    languages: tuple[str, ...]
    repositories: tuple[str, ...]
    licences: tuple[str, ...]  # of the repositories, in their order
    # By language: openings as people type them, "how to", "how to in python", …
    questions: tuple[tuple[tuple[int, ...], ...], ...]
    stop_words: tuple[int, ...]  # and signs: what a question of key words leaves out


@dataclass(frozen=True, slots=True)
class View:
    """One form of a document. The default is what is served."""

    keep_doc: bool = True
    mask_name: bool = False  # the symbol's own words: out of the name, [MASK] in the code
    drop_declaration: bool = False
    drop_path: bool = False


SERVED = View()
BARE = View(keep_doc=False)


class Pairs:
    """N records in flat arrays."""

    def __init__(self, meta: Meta, ids: Ids, fields: dict[str, NDArray[Any]]) -> None:
        self.meta = meta
        self.ids = ids
        self.lengths: NDArray[np.uint16] = fields["lengths"]  # (N, 6) tokens by segment
        self.symbol: NDArray[np.uint16] = fields["symbol"]  # (N,) last tokens of the name
        self.declared: NDArray[np.uint16] = fields["declared"]  # (N,) first of the bare code
        self.language: NDArray[np.uint8] = fields["language"]  # (N,) into meta.languages
        self.repository: NDArray[np.uint16] = fields["repository"]  # (N,)
        # (N,) The same number: the same function, as its documentation and a commit may ask for.
        self.answer: NDArray[np.uint32] = fields["answer"]
        self.weak: NDArray[np.bool_] = fields["weak"]  # (N,) the text is the name
        self.told: NDArray[np.bool_] = fields["told"]  # (N,) the text is a commit's
        self.asked: NDArray[np.bool_] = self.lengths[:, _TEXT] > 0  # (N,) not of bystanders
        ends = np.cumsum(self.lengths.reshape(-1), dtype=np.int64)
        self._starts = np.concatenate([[0], ends])  # (6 N + 1,)

    def __len__(self) -> int:
        return len(self.symbol)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over all records."""
        return digest(self.ids, *(getattr(self, name) for name in _FIELDS))

    def segment(self, record: int, number: int) -> Ids:
        """Ids of one segment, without special tokens."""
        place = record * len(SEGMENTS) + number
        return self.ids[self._starts[place] : self._starts[place + 1]]

    def has_documentation(self, record: int) -> bool:
        """Whether there is any to keep: a commit may change a function that has none."""
        return bool(self.lengths[record, _DOC])

    def text(self, record: int, max_tokens: int, opening: Sequence[int] = ()) -> Ids:
        """Ids of the question, special tokens included, behind an ``opening``."""
        return self._close([np.array(opening, np.uint16), self.segment(record, _TEXT)], max_tokens)

    def key_words(self, record: int, max_tokens: int, opening: Sequence[int] = ()) -> Ids:
        """The same without its stop words and signs, should more than two tokens be left."""
        text = self.segment(record, _TEXT)
        told = text[~np.isin(text, self.meta.stop_words)]
        text = told if len(told) > 2 else text
        return self._close([np.array(opening, np.uint16), text], max_tokens)

    def name(self, record: int, max_tokens: int, *, qualified: bool) -> Ids:
        """Ids of the symbol's name as a question, with what it stands in where ``qualified``."""
        name = self.segment(record, _NAME) if qualified else self.own_name(record)
        return self._close([name], max_tokens)

    def own_name(self, record: int) -> Ids:
        """Ids of the symbol alone, without special tokens."""
        name = self.segment(record, _NAME)
        return name[len(name) - int(self.symbol[record]) :]

    def document(self, record: int, max_tokens: int, view: View = SERVED) -> Ids:
        """Ids of the code in one form, special tokens included, cut as the encoder cuts."""
        name, path, before, doc, after = (self.segment(record, n) for n in range(1, 6))
        if view.drop_declaration:
            before, after = _drop(before, after, int(self.declared[record]))
        symbol = self.own_name(record)
        if view.mask_name and len(symbol):
            name = name[: len(name) - len(symbol)]
            mask = self.meta.specials.mask
            before, doc, after = (replaced(part, symbol, mask) for part in (before, doc, after))
        parts = [name, path[:0] if view.drop_path else path, before]
        parts += [doc, after] if view.keep_doc else [after]
        return self._close(parts, max_tokens)

    def save(self, path: Path) -> int:
        """Write one file, all or nothing; how many bytes it has."""
        arrays = {name: getattr(self, name) for name in _FIELDS} | {"ids": self.ids}
        arrays["meta"] = np.frombuffer(json.dumps(asdict(self.meta)).encode(), np.uint8)
        raw = io.BytesIO()
        np.savez(raw, **arrays)
        data = lzma.compress(raw.getvalue(), format=lzma.FORMAT_XZ, filters=_FILTERS)
        partial = path.with_name(path.name + ".part")
        partial.write_bytes(data)
        partial.replace(path)
        return len(data)

    @classmethod
    def load(cls, path: Path) -> Pairs:
        """Read a file that :meth:`save` wrote; ``ValueError`` where another version did."""
        with np.load(io.BytesIO(lzma.decompress(path.read_bytes()))) as arrays:
            if lacking := set(_FIELDS) - set(arrays):
                raise ValueError(f"{path} lacks {', '.join(sorted(lacking))}: pack the pairs again")
            fields = json.loads(arrays["meta"].tobytes())
            return cls(_meta(fields), arrays["ids"], {name: arrays[name] for name in _FIELDS})

    def choose(self, records: Records) -> Pairs:
        """Only these records, in this order."""
        places = [self._starts[i * 6 : i * 6 + 7 : 6] for i in records]
        ids = [self.ids[start:end] for start, end in places]
        fields = {name: getattr(self, name)[records] for name in _FIELDS}
        return Pairs(self.meta, np.concatenate(ids) if ids else self.ids[:0], fields)

    def _close(self, parts: Sequence[Ids], max_tokens: int) -> Ids:
        special = self.meta.specials
        ids = np.concatenate([np.array([special.cls], np.uint16), *parts])[: max_tokens - 1]
        return np.append(ids, np.uint16(special.sep))


def load(folder: Path) -> Pairs:
    """All shards of a folder as one. Raises ``FileNotFoundError`` where there is none."""
    shards = [Pairs.load(path) for path in sorted(folder.glob(SHARDS))]
    if not shards:
        raise FileNotFoundError(f"{folder} holds no shards; make them with the stage `pack`")
    if any(shard.meta != shards[0].meta for shard in shards):
        raise ValueError(f"the shards in {folder} are of different runs")
    fields = {name: np.concatenate([getattr(one, name) for one in shards]) for name in _FIELDS}
    return Pairs(shards[0].meta, np.concatenate([shard.ids for shard in shards]), fields)


def digest(*arrays: NDArray[Any]) -> str:
    """SHA-256 (hex) of the arrays' bytes."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def replaced(ids: Ids, wanted: Ids, by: int) -> Ids:
    """``ids`` with each run equal to ``wanted`` as the one id ``by``."""
    size = len(wanted)
    if not size or len(ids) < size:
        return ids
    windows = np.lib.stride_tricks.sliding_window_view(ids, size)
    hits = np.flatnonzero((windows == wanted).all(axis=1))
    if not len(hits):
        return ids
    keep = np.ones(len(ids), bool)
    out, last = ids.copy(), -size
    for hit in hits:
        if hit >= last + size:
            out[hit], keep[hit + 1 : hit + size], last = by, False, int(hit)
    chosen: Ids = out[keep]
    return chosen


def _drop(before: Ids, after: Ids, count: int) -> tuple[Ids, Ids]:
    """Less the first ``count`` ids of the two together."""
    return before[count:], after[max(0, count - len(before)) :]


def _meta(fields: dict[str, Any]) -> Meta:
    fields["specials"] = Specials(**fields["specials"])
    for name in ("languages", "repositories", "licences", "stop_words"):
        fields[name] = tuple(fields[name])
    fields["questions"] = tuple(tuple(map(tuple, by)) for by in fields["questions"])
    return Meta(**fields)
