"""A draft → chunks: cut to the budget, with the fields that every chunk has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from indexers.chunker.splitting import NO_BORDER, Measure, Row, split
from indexers.types import Chunk, Kind, Span


@dataclass(slots=True)
class Draft:
    """What will be one chunk, or several parts of one. Lines are counted from 0."""

    kind: Kind
    symbol: str
    class_path: str
    signature: str
    docstring: str
    rows: list[Row]  # not empty
    last: int
    rank: Callable[[Row], int]  # how good a border lies before a row


@dataclass(frozen=True, slots=True)
class Maker:
    """What all chunks of one file share."""

    path: str
    language: str
    blob: str
    budget: int
    measure: Measure

    def chunks(self, draft: Draft) -> Iterator[Chunk]:
        """Yield a draft as one chunk, or as parts where it is longer than the budget."""
        text = "\n".join(row.text for row in draft.rows)
        if self.measure(text) <= self.budget:
            yield self._chunk(draft, Span(draft.rows[0].first + 1, draft.last + 1), text)
            return
        rows = _ranked(draft)
        parts = [part for part in split(rows, self.budget, self.measure) if _has_text(part)]
        starts = [part[0].first for part in parts]
        for number, part in enumerate(parts):
            following = starts[number + 1] if number + 1 < len(parts) else draft.last + 1
            span = Span(starts[number] + 1, max(following, starts[number] + 1))
            text = "\n".join(row.text for row in part)
            yield self._chunk(draft, span, text, number + 1, len(parts))

    def _chunk(self, draft: Draft, span: Span, text: str, part: int = 1, parts: int = 1) -> Chunk:
        return Chunk(
            path=self.path,
            language=self.language,
            kind=draft.kind,
            symbol=draft.symbol,
            class_path=draft.class_path,
            signature=draft.signature,
            docstring=draft.docstring if part == 1 else "",
            span=span,
            blob=self.blob,
            text=text.strip("\n"),
            part=part,
            parts=parts,
        )


def _ranked(draft: Draft) -> list[Row]:
    """Rank the rows as borders; of two equal ones, that after a blank line is better."""
    blanks = [True, *(not row.text.strip() for row in draft.rows)]
    return [
        Row(row.first, row.text, min(2 * draft.rank(row) + (not blank), NO_BORDER))
        for row, blank in zip(draft.rows, blanks, strict=False)
    ]


def _has_text(rows: list[Row]) -> bool:
    return any(row.text.strip() for row in rows)
