"""The main screen: a question above, hits and the code of the chosen one below."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import events, on, work
from textual.binding import BindingType
from textual.widgets import Input, OptionList

from codesearch import CodesearchError, Hit
from tui import facets
from tui.screens.desk import Desk
from tui.screens.hits import HitActions
from tui.screens.keys import BINDINGS
from tui.screens.syncing import Syncing
from tui.widgets.bars import FacetBar
from tui.widgets.query import QueryInput
from tui.widgets.results import ResultList

_POLL = 5.0  # seconds between two looks at HEAD


class SearchScreen(HitActions, Syncing):
    """Listens to the widgets."""

    BINDINGS: ClassVar[list[BindingType]] = [*BINDINGS]
    _opens_next = ""  # the question whose best hit is to be opened

    def on_mount(self) -> None:
        """Open the index while the first letters are typed."""
        self.results.grouped = self.preferences.grouped
        self.results.compact = self.preferences.density == "compact"
        self.completions.display = False
        self.progress.display = False
        _ = self.header, self.facet_bar, self.preview, self.body, self.card_text
        self.ask.focus()
        self.open_session()
        self.set_interval(_POLL, self.look_at_head)

    def on_app_focus(self) -> None:
        """Back from elsewhere, where commits are made."""
        self.look_at_head()

    def on_resize(self, event: events.Resize) -> None:
        """Side by side where there is room."""
        self.lay_out(event.size.width)

    # -- the question

    @on(Input.Changed, "#query")
    def _typed(self) -> None:
        column = self.ask.cursor_screen_offset.x - 2
        self.completions.offer(self.ask.completions, column)
        self.before = None
        self._opens_next = ""
        self.search()

    def on_desk_answered(self, message: Desk.Answered) -> None:
        """Show hits; open the best where Enter was pressed before they were there."""
        self.show_answer(message.answer)
        if message.answer.query.text == self._opens_next:
            self._opens_next = ""
            self.action_open()

    @on(Input.Submitted, "#query")
    def _submitted(self) -> None:
        if self._accept_completion():
            return
        if self.card in ("not indexed", "trouble"):
            self.action_sync()
        elif self.answer is not None and self.answer.query.text == self.ask.value:
            self.action_open()
        elif self.waiting == self.ask.value:
            self.ask.ask(f"{self.waiting} ")  # nothing more is typed to the ref
        else:
            self._opens_next = self.ask.value  # typed faster than answered

    @on(QueryInput.Completed)
    def _tabbed(self) -> None:
        if not self._accept_completion():
            self.focus_next()

    @on(QueryInput.HelpAsked)
    def _help_asked(self) -> None:
        self.action_help()

    @on(OptionList.OptionSelected, "#completions")
    def _clicked_completion(self, event: OptionList.OptionSelected) -> None:
        self.ask.accept(self.completions.at(event.option_index))
        self.ask.focus()

    def _accept_completion(self) -> bool:
        chosen = self.completions.chosen
        if chosen is None:
            return False
        self.completions.offer([], 0)
        self.ask.accept(chosen)
        return True

    @on(FacetBar.Toggled)
    def _toggled(self, message: FacetBar.Toggled) -> None:
        self.ask.ask(facets.toggle(self.ask.value, message.facet))

    # -- the hits

    @on(ResultList.Moved)
    def _moved(self, message: ResultList.Moved) -> None:
        if message.hit is None:
            self.preview.clear()
        else:
            self._preview(message.hit)

    @work(exclusive=True, group="preview")
    async def _preview(self, hit: Hit) -> None:
        if self.session is None:
            return
        try:
            document = await asyncio.to_thread(self.session.document, hit)
        except CodesearchError as error:
            self.preview.show_chunk(hit.chunk, str(error))
            return
        self.preview.show(hit.chunk, document)

    @on(ResultList.Opened)
    def _opened(self) -> None:
        self.action_open()
