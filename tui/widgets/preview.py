"""The file that the chosen hit is in, at the indexed version, with the hit marked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.strip import Strip
from textual.widgets import Static

from codesearch import Chunk
from tui.document import LONGEST_LINE, Document
from tui.highlight import STYLES, Piece, PlainPainter
from tui.lines import cut_left, one_line
from tui.widgets.lineview import LineView

_KEPT_STRIPS = 1000


class CodeView(LineView):
    """Numbered, coloured lines; those of the hit on a ground of their own."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"code--{style}" for style in STYLES} | {
        "code--gutter",
        "code--gutter-marked",
        "code--marked",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", "Down", show=False),
        Binding("k", "scroll_up", "Up", show=False),
        Binding("h", "scroll_left", "Left", show=False),
        Binding("l", "scroll_right", "Right", show=False),
        Binding("space", "page_down", "Page down", show=False),
        Binding("g", "scroll_home", "Top", show=False),
        Binding("G", "scroll_end", "Bottom", show=False),
    ]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.document = Document((), PlainPainter(), 0)
        self._first = self._last = 0
        self._strips: dict[int, Strip] = {}

    def show(self, document: Document, first: int, last: int) -> None:
        """Show a document with lines ``first`` to ``last`` (from 1) marked and in view."""
        self.document, self._first, self._last = document, first, last
        self._strips.clear()
        self.holds(document.width + self._gutter + 1, len(document.lines))
        self.show_span()
        self.refresh()
        self.call_after_refresh(self.show_span)  # the first time there is no size yet

    def show_span(self) -> None:
        """Scroll so that the marked lines are in view, with a little of what is around them."""
        height = self.size.height or 20
        lines = self._last - self._first + 1
        above = max(1, min(height // 3, (height - lines) // 2))
        self.scroll_to(x=0, y=max(0, self._first - 1 - above), animate=False, immediate=True)

    @property
    def _gutter(self) -> int:
        return len(str(len(self.document.lines))) + 3

    def notify_style_update(self) -> None:
        """Colours changed: draw anew."""
        self._strips.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """See ``ScrollView``."""
        number = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        marked = self._first <= number + 1 <= self._last
        base = self.rich_style
        if marked:
            base += self._component("marked")
        if number >= len(self.document.lines):
            return Strip.blank(width, base)
        gutter = self._gutter_strip(number, marked, base)
        strip = self._strips.get(number)
        if strip is None:
            if len(self._strips) > _KEPT_STRIPS:
                self._strips.clear()
            strip = self._strips[number] = Strip(self._segments(number, base))
        left = self.scroll_offset.x
        code = strip.crop_extend(left, left + width - self._gutter, base)
        return Strip([*gutter, *code], width)

    def _gutter_strip(self, number: int, marked: bool, base: Style) -> list[Segment]:
        style = self._component("gutter-marked" if marked else "gutter")
        text = f"{number + 1:>{self._gutter - 2}} "
        return [Segment(text, base + style), Segment("▎" if marked else " ", base + style)]

    def _segments(self, number: int, base: Style) -> list[Segment]:
        line = self.document.lines[number]
        shown = line[:LONGEST_LINE]
        segments = [
            Segment(text, base + self._component(style) if style else base)
            for text, style in _runs(shown, self.document.painter.line(number))
        ]
        if len(line) > LONGEST_LINE:
            segments.append(Segment(" …", base + self._component("comment")))
        return segments

    def _component(self, name: str) -> Style:
        return self.get_component_rich_style(f"code--{name}", partial=True)


def _runs(line: str, pieces: Sequence[Piece]) -> list[tuple[str, str]]:
    """A line as runs of one style each; a later piece covers an earlier one."""
    if not pieces:
        return [(line, "")] if line else []
    styles = [""] * len(line)
    for start, end, style in pieces:
        end = min(end, len(line))
        styles[start:end] = [style] * max(0, end - start)
    runs: list[tuple[str, str]] = []
    begin = 0
    for place in range(1, len(line) + 1):
        if place == len(line) or styles[place] != styles[begin]:
            runs.append((line[begin:place], styles[begin]))
            begin = place
    return runs


class Preview(Vertical):
    """A heading, and the code under it."""

    shown: Chunk | None = None  # whose file is shown
    _note = ""  # what is said of it, behind its place

    def compose(self) -> ComposeResult:
        """See ``Widget``."""
        yield Static(id="preview-title")
        yield CodeView(id="code")

    @cached_property
    def code(self) -> CodeView:
        """What scrolls."""
        return self.query_one(CodeView)

    @cached_property
    def heading(self) -> Static:
        """The line above the code."""
        return self.query_one("#preview-title", Static)

    def on_mount(self) -> None:
        """Find both, for workers that come back late."""
        _ = self.code, self.heading

    def show(self, chunk: Chunk, document: Document) -> None:
        """Show the file of ``chunk``, which is marked."""
        if chunk == self.shown and document is self.code.document:
            self.code.show_span()
            return
        self._head(chunk, f"{len(document.lines):,} lines")
        self.code.show(document, chunk.span.start_line, chunk.span.end_line)

    def show_chunk(self, chunk: Chunk, why: str) -> None:
        """Show the chunk's own text, where the file cannot be had."""
        self._head(chunk, one_line(why))
        document = Document.of(chunk.text, chunk.language, chunk.path)
        self.code.show(document, 1, len(document.lines))

    def clear(self) -> None:
        """Show nothing."""
        self.shown = None
        self.heading.update("")
        self.code.show(Document((), PlainPainter(), 0), 0, 0)

    def on_resize(self) -> None:
        """The heading tells as much of the path as there is room for."""
        if self.shown is not None:
            self._head(self.shown, self._note)

    def _head(self, chunk: Chunk, note: str) -> None:
        self.shown, self._note = chunk, note
        span = f"{chunk.span.start_line}-{chunk.span.end_line}"
        room = max(10, self.size.width - len(span) - len(note) - 6)
        path = cut_left(one_line(chunk.path), room)
        folder, _, name = path.rpartition("/")
        self.heading.update(
            Content.from_markup(
                "[$quiet]$folder[/][b]$name[/][$quiet]:$span  $note[/]",
                folder=folder + "/" if folder else "",
                name=name,
                span=span,
                note=note,
            ),
            layout=False,
        )
