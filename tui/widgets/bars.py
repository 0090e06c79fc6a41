"""The one-line widgets: header, facets and notices, progress."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from codesearch import CodesearchError, Freshness
from tui.facets import Facet
from tui.lines import cut, one_line


class Header(Static):
    """Whose index this is, at which commit, and whether that is still HEAD."""

    title: reactive[str] = reactive("")
    ref: reactive[str] = reactive("")
    found: reactive[str] = reactive("")
    freshness: reactive[Freshness | None] = reactive(None)
    syncing: reactive[bool] = reactive(False)

    def render(self) -> Content:
        """See ``Widget``."""
        left = Content.from_markup(
            " [b $accent]codesearch[/]  [b]$title[/] ", title=cut(one_line(self.title), 30)
        )
        if self.freshness is not None:
            left += _place(self.freshness, self.ref, syncing=self.syncing)
        right = Content.from_markup("[$quiet]$found [/]", found=self.found)
        room = self.size.width - right.cell_length
        if left.cell_length > room:
            return left.truncate(self.size.width, ellipsis=True)
        return left.pad_right(room - left.cell_length) + right


def _place(freshness: Freshness, ref: str, *, syncing: bool) -> Content:
    commit = freshness.commit[:8]
    where = Content.from_markup(
        " [$quiet]$ref[/]", ref=f"{ref} @ {commit}" if ref else f"@ {commit}"
    )
    return where + Content("  ") + _state(freshness, syncing=syncing) + _uncommitted(freshness)


def _state(freshness: Freshness, *, syncing: bool) -> Content:
    if syncing:
        return Content.from_markup("[b $accent]◐ syncing[/] [$quiet]ctrl+s stops[/]")
    behind = freshness.commits_behind
    if freshness.partial:
        return _call("◐ indexed in part", "ctrl+s goes on")
    if freshness.is_current:
        return Content.from_markup("[$success]●[/] [$quiet]up to date[/]")
    if behind is None:
        return Content.from_markup("[$warning]▲ HEAD is elsewhere[/]")
    if behind == 0:
        return Content.from_markup("[$quiet]● ahead of HEAD[/]")
    return _call(f"▲ {behind:,} commit{'s' if behind > 1 else ''} behind", "ctrl+s syncs")


def _uncommitted(freshness: Freshness) -> Content:
    """How many files were searched as they are in the working tree."""
    overlaid, uncovered = freshness.overlaid_files, freshness.uncovered_files
    words = f" + {overlaid:,} changed file{'s' if overlaid > 1 else ''}" if overlaid else ""
    words += f", {uncovered:,} not taken in" if uncovered else ""
    return Content.from_markup("[$quiet]$words[/]", words=words)


def _call(text: str, what: str) -> Content:
    return Content.from_markup(
        "[@click=screen.sync][b $warning]$text[/] [$quiet]$what[/][/]", text=text, what=what
    )


class FacetBar(Static):
    """Counts to click on; or a notice, while there is one."""

    class Toggled(Message):
        """A facet was clicked."""

        def __init__(self, facet: Facet) -> None:
            super().__init__()
            self.facet = facet

    def __init__(self) -> None:
        super().__init__(id="facets")
        self._facets: list[Facet] = []

    def show(self, groups: Sequence[Sequence[Facet]]) -> None:
        """Show facets, those of a group together."""
        self._facets = [facet for group in groups for facet in group]
        pieces: list[Content] = []
        number = 0
        for group in groups:
            chips = []
            for facet in group:
                chips.append(_chip(facet, number))
                number += 1
            pieces.append(Content("  ").join(chips))
        line = Content.from_markup("  [$faint]│[/]  ").join(pieces)
        self.update(line, layout=False)  # one line, whatever it says

    def say(self, error: CodesearchError) -> None:
        """Show what is wrong with the question."""
        self._facets = []
        self.update(
            Content.from_markup(
                "[b $error]✗ $what[/]  [$quiet]$remedy[/]", what=str(error), remedy=error.remedy
            ),
            layout=False,
        )

    def action_pick(self, number: int) -> None:
        """A chip was clicked."""
        if number < len(self._facets):
            self.post_message(self.Toggled(self._facets[number]))


def _chip(facet: Facet, number: int) -> Content:
    name = cut(one_line(facet.value), 24)
    if facet.active:
        return Content.from_markup(f"[b $accent]✓ [/][@click=pick({number})]$name[/]", name=name)
    return Content.from_markup(
        f"[@click=pick({number})]$name[/] [$faint]$count[/]", name=name, count=facet.count
    )
