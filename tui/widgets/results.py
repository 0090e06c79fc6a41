"""The list of hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from codesearch import Chunk, Hit
from tui.lines import Part, bar, cut, cut_left, one_line, row
from tui.widgets.lineview import LineView

_BAR = 6  # cells
_STYLES = ("title", "rest", "place", "note", "doc", "bar", "bar-rest", "mark", "file")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A hit, or (grouped) the heading of a file."""

    hit: Hit
    place: int  # of the hit in the order shown; of a heading that of its first hit
    hits: int = 0  # of a heading: how many stand under it


class ResultList(LineView):
    """Hits, drawn line by line: only what is on the screen costs anything."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"hit--{name}" for name in _STYLES} | {"hit--chosen"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Previous hit", show=False),
        Binding("down,j", "move(1)", "Next hit", show=False),
        Binding("home,g", "move(-10000)", "First hit", show=False),
        Binding("end,G", "move(10000)", "Last hit", show=False),
    ]

    class Moved(Message):
        """Another hit was chosen (None: there are none)."""

        def __init__(self, hit: Hit | None) -> None:
            super().__init__()
            self.hit = hit

    class Opened(Message):
        """A hit was clicked twice."""

        def __init__(self, hit: Hit) -> None:
            super().__init__()
            self.hit = hit

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.hits: Sequence[Hit] = ()
        self.grouped = False
        self.compact = False
        self.names_repository = False
        self._order: list[Hit] = []
        self._lines: list[tuple[_Entry, int]] = []
        self._place = 0
        self._best = 1.0

    @property
    def hit(self) -> Hit | None:
        """The chosen one."""
        return self._order[self._place] if self._order else None

    @property
    def shown(self) -> Sequence[Hit]:
        """The hits in the order in which they stand there."""
        return self._order

    @property
    def place(self) -> int:
        """Where the chosen one stands, from 0."""
        return self._place

    def show(self, hits: Sequence[Hit], place: int = 0) -> None:
        """Show other hits, best first."""
        self.hits = hits
        self._best = max((hit.score for hit in hits), default=1.0)
        self._place = place
        self.rearrange(keep=None)
        if not place:
            self.scroll_to(y=0, animate=False)

    def rearrange(self, keep: Hit | None) -> None:
        """Order and draw anew after a change of any kind; ``keep`` stays chosen."""
        entries = _grouped(self.hits) if self.grouped else _ranked(self.hits)
        self._order = [entry.hit for entry in entries if not entry.hits]
        height = self._height
        self._lines = [
            (entry, part) for entry in entries for part in range(1 if entry.hits else height)
        ]
        self._place = min(self._place, max(0, len(self._order) - 1))
        if keep is not None and keep in self._order:
            self._place = self._order.index(keep)
        self.holds(self.virtual_size.width, len(self._lines))
        self.refresh()
        self._show_chosen()
        self.post_message(self.Moved(self.hit))

    def action_move(self, steps: int) -> None:
        """Choose the hit so many places further down."""
        self.move_to(self._place + steps)

    def move_to(self, place: int) -> None:
        """Choose the hit at a place."""
        place = max(0, min(place, len(self._order) - 1))
        if self._order and place != self._place:
            self._place = place
            self.refresh()
            self._show_chosen()
            self.post_message(self.Moved(self.hit))

    def move_by_file(self, step: int) -> None:
        """Choose the nearest hit, before or after, that is in another file."""
        if self.hit is None:
            return
        here, place = _file(self.hit), self._place
        while 0 <= place < len(self._order) and _file(self._order[place]) == here:
            place += step
        if 0 <= place < len(self._order):
            self.move_to(place)

    # -- drawing

    @property
    def _height(self) -> int:
        """Lines a hit."""
        if self.compact:
            return 1
        return 2 if self.size.height < 14 else 4

    def render_line(self, y: int) -> Strip:
        """See ``ScrollView``."""
        width = self.scrollable_content_region.width
        number = y + self.scroll_offset.y
        base = self.rich_style
        if number >= len(self._lines):
            return Strip.blank(width, base)
        entry, part = self._lines[number]
        if entry.hits:
            return Strip(self._heading(entry, width, base))
        chosen = entry.place == self._place
        if chosen and part != 3:
            base += self._component("chosen")
        mark = Segment("▌" if chosen and part != 3 else " ", base + self._component("mark"))
        gap = Segment("  " if self.grouped else " ", base)
        inner = width - 1 - len(gap.text) - 1
        segments = row(inner, *self._parts(entry.hit, part, inner), base)
        return Strip([mark, gap, *segments, Segment(" ", base)], width)

    def _parts(self, hit: Hit, part: int, width: int) -> tuple[list[Part], list[Part]]:
        if self.compact:
            where = [*self._where(hit, width // 2), *self._score(hit)]
            room = width - sum(cell_len(text) for text, _ in where) - 1
            return self._title(hit, room), where
        if part == 0:
            return self._title(hit, width - _BAR - 3), self._score(hit)
        if part == 1:
            note = self._note(hit, width)
            return self._where(hit, width - cell_len(note) - 2), [(note, self._component("note"))]
        if part == 2:
            return [(_said(hit.chunk), self._component("doc"))], []
        return [], []

    def _title(self, hit: Hit, room: int) -> list[Part]:
        name, rest = titled(hit.chunk)
        name = cut_left(name, room)  # the name itself is at the end, its classes before it
        return [(name, self._component("title")), (rest, self._component("rest"))]

    def _where(self, hit: Hit, width: int) -> list[Part]:
        span = hit.chunk.span
        lines = f":{span.start_line}-{span.end_line}"
        if self.grouped:
            return [(f"line {lines[1:]}", self._component("place"))]
        repository, path = self._repository(hit), one_line(hit.chunk.path)
        width -= cell_len(repository)
        if self.compact or cell_len(path + lines) > width:
            lines = f":{span.start_line}"
        room = max(8, width - len(lines))
        place = cut_left(path, room) + lines
        return [(repository, self._component("note")), (place, self._component("place"))]

    def _repository(self, hit: Hit) -> str:
        """Its name before the path, where there are several."""
        return f"{cut(one_line(hit.repository), 20)} " if self.names_repository else ""

    def _note(self, hit: Hit, width: int) -> str:
        chunk = hit.chunk
        note = f"{chunk.kind.value} · {chunk.language}"
        part = f"part {chunk.part} of {chunk.parts} · " if chunk.parts > 1 else ""
        return part + note if cell_len(part + note) < width // 2 else note

    def _score(self, hit: Hit) -> list[Part]:
        full, empty = bar(hit.score / self._best if self._best > 0 else 0, _BAR)
        return [
            ("  ", Style.null()),
            (full, self._component("bar")),
            (empty, self._component("bar-rest")),
        ]

    def _heading(self, entry: _Entry, width: int, base: Style) -> list[Segment]:
        repository = self._repository(entry.hit)
        path = cut_left(one_line(entry.hit.chunk.path), max(8, width - 8 - cell_len(repository)))
        left = [("▾ " + repository, self._component("note")), (path, self._component("file"))]
        right = [(f"{entry.hits} ", self._component("note"))]
        return row(width, left, right, base)

    def _component(self, name: str) -> Style:
        return self.get_component_rich_style(f"hit--{name}", partial=True)

    # -- events

    def on_resize(self, _: events.Resize) -> None:
        """Small terminals show fewer lines a hit."""
        if self.hits:
            self.rearrange(keep=self.hit)

    def on_click(self, event: events.Click) -> None:
        """Choose; twice: open."""
        number = event.y + self.scroll_offset.y
        if number >= len(self._lines):
            return
        entry, _ = self._lines[number]
        self.move_to(entry.place)
        if event.chain == 2 and self.hit is not None:
            self.post_message(self.Opened(self.hit))

    def _show_chosen(self) -> None:
        lines = [n for n, (entry, _) in enumerate(self._lines) if entry.place == self._place]
        if lines:
            region = Region(0, lines[0], 1, len(lines))
            self.scroll_to_region(region, animate=False, x_axis=False)


def titled(chunk: Chunk) -> tuple[str, str]:
    """What a hit is called, and the rest of its signature."""
    name = one_line(chunk.qualified_name)
    if not name:
        return _first_line(chunk.text) or "(empty)", ""
    _, found, after = chunk.signature.partition(chunk.symbol)
    rest = one_line(after) if found and chunk.symbol else ""
    if rest and not rest.startswith(("(", "[", "<", ":", ",")):
        rest = " " + rest
    return name, rest.rstrip(" {:")


def _said(chunk: Chunk) -> str:
    """The first line of the documentation; without one, of the code that is not the signature."""
    if said := _first_line(chunk.docstring):
        return said
    if not chunk.qualified_name:
        return one_line(" ".join(chunk.text.split("\n")[1:3]))
    return one_line(chunk.signature) or _first_line(chunk.text)


def _first_line(text: str) -> str:
    return next((one_line(line) for line in text.split("\n") if line.strip()), "")


def _file(hit: Hit) -> tuple[str, str]:
    return hit.repository, hit.chunk.path


def _ranked(hits: Sequence[Hit]) -> list[_Entry]:
    return [_Entry(hit, place) for place, hit in enumerate(hits)]


def _grouped(hits: Sequence[Hit]) -> list[_Entry]:
    """Files in the order of their best hits, each with a heading."""
    files: dict[tuple[str, str], list[Hit]] = {}
    for hit in hits:
        files.setdefault(_file(hit), []).append(hit)
    entries: list[_Entry] = []
    place = 0
    for members in files.values():
        entries.append(_Entry(members[0], place, len(members)))
        for hit in members:
            entries.append(_Entry(hit, place))
            place += 1
    return entries
