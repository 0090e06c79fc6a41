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
from tui.session import Standing


class Header(Static):
    """Whose index this is, at which commit, and whether that is still HEAD."""

    title: reactive[str] = reactive("")
    found: reactive[str] = reactive("")
    standing: reactive[Standing | None] = reactive(None)
    syncing: reactive[bool] = reactive(False)

    def render(self) -> Content:
        """See ``Widget``."""
        left = Content.from_markup(
            " [b $accent]codesearch[/]  [b]$title[/] ", title=cut(one_line(self.title), 30)
        )
        if self.standing is not None:
            left += _place(self.standing, syncing=self.syncing)
        right = Content.from_markup("[$quiet]$found [/]", found=self.found)
        room = self.size.width - right.cell_length
        if left.cell_length > room:
            return left.truncate(self.size.width, ellipsis=True)
        return left.pad_right(room - left.cell_length) + right


def _place(standing: Standing, *, syncing: bool) -> Content:
    each = list(standing.each.values())
    where = Content("")
    if len(each) == 1:
        commit = f"@ {each[0].commit[:8]}"
        ref = f"{one_line(standing.ref)} {commit}" if standing.ref else commit
        where = Content.from_markup(" [$quiet]$ref[/]", ref=ref)
    if syncing:
        state = Content.from_markup("[b $accent]◐ syncing[/] [$quiet]ctrl+s stops[/]")
    else:
        state = _state(each[0]) if len(each) == 1 else _state_of_several(standing)
    return where + Content("  ") + state + _uncommitted(each)


def _state_of_several(standing: Standing) -> Content:
    if not standing.stale:
        return Content.from_markup("[$success]●[/] [$quiet]up to date[/]")
    return _call(f"▲ {len(standing.stale)} of {len(standing.each)} behind", "ctrl+s syncs")


def _state(freshness: Freshness) -> Content:
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


def _uncommitted(each: Sequence[Freshness]) -> Content:
    """How many files were searched as they are in the working tree."""
    overlaid = sum(one.overlaid_files for one in each)
    uncovered = sum(one.uncovered_files for one in each)
    words = f" + {overlaid:,} changed file{'s' if overlaid > 1 else ''}" if overlaid else ""
    words += f", {uncovered:,} not taken in" if uncovered else ""
    uncompared = sum(bool(one.uncompared) for one in each)
    trees = "a working tree" if uncompared == 1 else f"{uncompared:,} working trees"
    words += f", {trees} left out" if uncompared else ""
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
                "[b $error]✗ $what[/]  [$quiet]$remedy[/]",
                what=one_line(str(error)),
                remedy=one_line(error.remedy),
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
