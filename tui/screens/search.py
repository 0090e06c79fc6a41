"""The main screen: a question above, hits and the code of the chosen one below."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center, Horizontal, VerticalScroll
from textual.message import Message
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Footer, Input, OptionList, Static

from codesearch import CodesearchError, FilterError, Freshness, Hit, NotIndexedError, Query
from tui import cards, facets
from tui.history import History
from tui.indexing import Done, Moment
from tui.preferences import Preferences
from tui.screens.hits import HitActions
from tui.screens.keys import BINDINGS
from tui.screens.syncing import Syncing
from tui.session import Answer, Overview, Session
from tui.widgets.bars import FacetBar, Header
from tui.widgets.preview import Preview
from tui.widgets.query import Completions, QueryInput
from tui.widgets.results import ResultList

DEBOUNCE = 0.02  # seconds: keys that follow faster are answered together
_REMEMBER_AFTER = 2.0  # seconds that an answer is looked at before its question is kept
_POLL = 5.0  # seconds between two looks at HEAD
_SIDE_BY_SIDE = 100  # columns


class SearchScreen(HitActions, Syncing, Screen[None]):
    """Listens to its widgets, asks the session, shows what comes back."""

    BINDINGS: ClassVar[list[BindingType]] = [*BINDINGS]

    class Answered(Message):
        """Hits arrived."""

        def __init__(self, answer: Answer) -> None:
            super().__init__()
            self.answer = answer

    class Failed(Message):
        """Something went wrong on the way to them."""

        def __init__(self, error: CodesearchError) -> None:
            super().__init__()
            self.error = error

    def __init__(
        self,
        opener: Callable[[], Session],
        preferences: Preferences,
        history: History,
        question: str = "",
    ) -> None:
        super().__init__()
        self._opener = opener
        self.preferences = preferences
        self.history = history
        self.session: Session | None = None
        self.answer: Answer | None = None
        self.overview: Overview | None = None
        self._question = question
        self._before: tuple[Answer, int] | None = None  # what «more like this» was asked from
        self._card = "welcome"

    def compose(self) -> ComposeResult:
        """See ``Screen``."""
        yield Header(id="header")
        with Horizontal(id="ask"):
            yield Static("❯", id="prompt")
            yield QueryInput(self._question)
        yield FacetBar()
        with ContentSwitcher(initial="card", id="body"):
            with Horizontal(id="hits"):
                yield ResultList(id="results")
                yield Preview(id="preview")
            with VerticalScroll(id="card", can_focus=False), Center():
                yield Static(id="card-text")
        yield Static(id="progress")
        yield Footer(show_command_palette=False)
        yield Completions()

    # -- beginning

    def on_mount(self) -> None:
        """Open the index while the first letters are typed."""
        self.results.grouped = self.preferences.grouped
        self.results.compact = self.preferences.density == "compact"
        self.query_one(Completions).display = False
        self.query_one("#progress").display = False
        self.ask.focus()
        self._show_welcome()
        self._open()
        self.set_interval(_POLL, self.look_at_head)

    @property
    def results(self) -> ResultList:
        """The list."""
        return self.query_one(ResultList)

    @property
    def preview(self) -> Preview:
        """The code."""
        return self.query_one(Preview)

    @property
    def ask(self) -> QueryInput:
        """The input."""
        return self.query_one(QueryInput)

    @work(exclusive=True, group="open")
    async def _open(self) -> None:
        try:
            self.session = await asyncio.to_thread(self._opener)
            self.query_one(Header).title = self.session.name
            if not self.session.index.is_built:
                self._show_not_indexed(NotIndexedError("Nothing is indexed yet", ""))
                return
            await self._look()
            await asyncio.to_thread(self.session.warm)
        except CodesearchError as error:
            self.post_message(self.Failed(error))

    async def _look(self) -> None:
        """Learn what is indexed; then answer what was typed meanwhile."""
        assert self.session is not None
        self.overview = await asyncio.to_thread(self.session.overview)
        header = self.query_one(Header)
        header.ref, header.freshness = self.overview.ref, self.overview.freshness
        if self.ask.value.strip():
            self.search()
        else:
            self._show_welcome()
        self.ask.known = await asyncio.to_thread(self.session.known)

    @work(exclusive=True, group="head")
    async def look_at_head(self) -> None:
        """Notice new commits."""
        if self.session is None or self.overview is None:
            return
        try:
            found: Freshness = await asyncio.to_thread(self.session.freshness)
        except CodesearchError:
            return  # the next search says it
        self.query_one(Header).freshness = found
        if found.commit != self.overview.freshness.commit:  # another process synced
            await self._look()

    def on_app_focus(self) -> None:
        """Back from elsewhere, where commits are made."""
        self.look_at_head()

    # -- asking

    @on(Input.Changed, "#query")
    def _typed(self) -> None:
        self._offer_completions()
        self._before = None
        self.search()

    def search(self) -> None:
        """Answer what stands in the input."""
        text = self.ask.value
        if text.strip():
            self._search(text)
        else:
            self.workers.cancel_group(self, "search")
            self.answer = None
            self.query_one(FacetBar).show([])
            self.query_one(Header).found = ""
            if self.session is None or self.overview is not None:
                self._show_welcome()

    @work(exclusive=True, group="search")
    async def _search(self, text: str) -> None:
        await asyncio.sleep(DEBOUNCE)  # a further key cancels this worker here
        if self.session is None or self._card in ("building", "not indexed"):
            return
        try:
            query = Query.parse(text)
            if not query.words:
                return
            answer = await asyncio.to_thread(self.session.search, query)
        except FilterError as error:
            if not self.ask.completions:  # else the value is only half typed
                self.query_one(FacetBar).say(error)
                self.results.add_class("-stale")
            return
        except CodesearchError as error:
            self.post_message(self.Failed(error))
            return
        if answer is not None:
            self.post_message(self.Answered(answer))

    def on_search_screen_answered(self, message: Answered) -> None:
        """Show hits."""
        self.show_answer(message.answer)

    def show_answer(self, answer: Answer, place: int = 0) -> None:
        """Put an answer on the screen, its hit at ``place`` chosen."""
        self.answer = answer
        self.results.remove_class("-stale")
        self.query_one(FacetBar).show(facets.count_facets(answer.hits, answer.query))
        self.query_one(Header).found = _found(answer)
        if not answer.hits:
            self.results.show([])
            self._show_card("nothing", cards.nothing_found(answer.query))
            return
        self._card = ""
        self.query_one("#body", ContentSwitcher).current = "hits"
        self.results.show(answer.hits, place)
        if answer.like is None:
            self._remember_later(answer.query.text)

    @work(exclusive=True, group="remember")
    async def _remember_later(self, text: str) -> None:
        await asyncio.sleep(_REMEMBER_AFTER)
        self.history.add(text)

    def on_search_screen_failed(self, message: Failed) -> None:
        """Say what is wrong, in the middle of the screen."""
        if isinstance(message.error, NotIndexedError):
            self._show_not_indexed(message.error)
        else:
            self._show_card("trouble", cards.trouble(message.error))

    # -- what stands in the middle

    def _show_card(self, name: str, content: object) -> None:
        self._card = name
        self.query_one("#card-text", Static).update(content)  # type: ignore[arg-type]
        self.query_one("#body", ContentSwitcher).current = "card"

    def _show_welcome(self) -> None:
        if self._card in ("building", "not indexed"):
            return
        self._show_card("welcome", cards.welcome(self.overview, self.history.newest(5)))

    def _show_not_indexed(self, error: CodesearchError) -> None:
        assert self.session is not None
        card = cards.not_indexed(self.session.name, str(self.session.place), error)
        self._show_card("not indexed", card)

    def show_building(self, moment: Moment | None) -> None:
        """The first index grows."""
        assert self.session is not None
        self._show_card("building", cards.building(self.session.name, moment))

    @property
    def is_built(self) -> bool:
        """Whether there is something to search."""
        return self._card not in ("not indexed", "building")

    async def synced(self, done: Done | None) -> None:
        """A sync ended, well or not; show what is there now."""
        self._card = ""
        if self.session is None or not self.session.index.is_built:
            self._open()
            return
        await self._look()

    # -- choosing

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
            document = await asyncio.to_thread(self.session.document, hit.chunk)
        except CodesearchError as error:
            self.preview.show_chunk(hit.chunk, str(error))
            return
        self.preview.show(hit.chunk, document)

    @on(Input.Submitted, "#query")
    def _submitted(self) -> None:
        if self._accept_completion():
            return
        if self._card == "not indexed":
            self.action_sync()
        else:
            self.action_open()

    @on(ResultList.Opened)
    def _opened(self) -> None:
        self.action_open()

    @on(FacetBar.Toggled)
    def _toggled(self, message: FacetBar.Toggled) -> None:
        self.ask.ask(facets.toggle(self.ask.value, message.facet))

    # -- completion

    def _offer_completions(self) -> None:
        offered = self.ask.completions
        self.query_one(Completions).offer(offered, self.ask.cursor_screen_offset.x - 2)

    def _accept_completion(self) -> bool:
        completions = self.query_one(Completions)
        chosen = completions.chosen
        if chosen is None:
            return False
        completions.offer([], 0)
        self.ask.accept(chosen)
        return True

    @on(QueryInput.Completed)
    def _tabbed(self) -> None:
        if not self._accept_completion():
            self.focus_next()

    @on(OptionList.OptionSelected, "#completions")
    def _clicked_completion(self, event: OptionList.OptionSelected) -> None:
        completions = self.query_one(Completions)
        self.ask.accept(completions.at(event.option_index))
        self.ask.focus()

    # -- layout

    def on_resize(self, event: events.Resize) -> None:
        """Side by side where there is room."""
        self.lay_out(event.size.width)

    def lay_out(self, width: int) -> None:
        """Lay results and preview out as preferred."""
        layout = self.preferences.layout
        side = layout == "side" or (layout == "auto" and width >= _SIDE_BY_SIDE)
        self.query_one("#hits").set_class(not side, "-stacked")


def _found(answer: Answer) -> str:
    count = len(answer.hits)
    what = f"{count} hit{'s' if count != 1 else ''}"
    if answer.like is not None:
        return f"{what} like {answer.like.symbol or answer.like.path} · esc goes back"
    return f"{what} · {answer.milliseconds:.0f} ms"
