"""The main screen without its keys: widgets, what is known, and the way from question to answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import cached_property

from textual import work
from textual.app import ComposeResult
from textual.containers import Center, Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Footer, Static

from codesearch import CodesearchError, FilterError, NotIndexedError, Query, printable
from tui import cards, facets
from tui.history import History
from tui.indexing import Moment
from tui.lines import one_line
from tui.preferences import Preferences
from tui.session import Answer, Overview, Session
from tui.widgets.bars import FacetBar, Header
from tui.widgets.preview import Preview
from tui.widgets.query import SEVERAL, Completions, QueryInput
from tui.widgets.results import ResultList

DEBOUNCE = 0.02  # seconds: keys that follow faster are answered together
_LOOK_AFTER = 0.5  # seconds after an answer
_REMEMBER_AFTER = 1.5  # seconds that an answer is looked at before its question is kept


class Desk(Screen[None]):
    """Asks the session, shows what comes back."""

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
        self.preferences = preferences
        self.history = history
        self.session: Session | None = None
        self.answer: Answer | None = None
        self.overview: Overview | None = None
        self.before: tuple[Answer, int] | None = None  # where «more like this» was asked
        self.card = "welcome"  # what stands in the middle; "": hits
        self.waiting: str | None = None  # a question that is asked when its ref is finished
        self._opener = opener
        self._question = question

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

    # Found once: a worker that comes back while the screen is being closed finds no widget there.

    @cached_property
    def results(self) -> ResultList:
        """The list."""
        return self.query_one(ResultList)

    @cached_property
    def preview(self) -> Preview:
        """The code."""
        return self.query_one(Preview)

    @cached_property
    def ask(self) -> QueryInput:
        """The input."""
        return self.query_one(QueryInput)

    @cached_property
    def header(self) -> Header:
        """The first line."""
        return self.query_one(Header)

    @cached_property
    def facet_bar(self) -> FacetBar:
        """Facets, or what is wrong with the question."""
        return self.query_one(FacetBar)

    @cached_property
    def completions(self) -> Completions:
        """The list under the input."""
        return self.query_one(Completions)

    @cached_property
    def body(self) -> ContentSwitcher:
        """Hits, or a card."""
        return self.query_one("#body", ContentSwitcher)

    @cached_property
    def card_text(self) -> Static:
        """What stands on the card."""
        return self.query_one("#card-text", Static)

    @cached_property
    def progress(self) -> Static:
        """The line of a running sync."""
        return self.query_one("#progress", Static)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """As ``Widget``, but ``app/[slug]/page.ts`` is no markup, and controls nothing."""
        said, title = printable(message), one_line(title)
        super().notify(said, title=title, severity=severity, timeout=timeout, markup=markup)

    # -- what is searched

    @work(exclusive=True, group="open")
    async def open_session(self) -> None:
        """Open the index; what was typed meanwhile is then answered."""
        self.card = ""
        try:
            if self.session is None:
                self.session = await asyncio.to_thread(self._opener)
            self._say_left_out()
            self.results.names_repository = self.session.is_several
            if self.session.is_several:
                self.ask.placeholder = SEVERAL
            if self.session.is_built:
                await self._look()
                await asyncio.to_thread(self.session.warm)
            else:
                self._show_not_indexed(NotIndexedError("Nothing is indexed yet"))
        except CodesearchError as error:
            self.post_message(self.Failed(error))

    async def look(self) -> None:
        """Learn what is indexed now, and answer from it."""
        try:
            await self._look()
        except CodesearchError as error:
            self.post_message(self.Failed(error))

    async def _look(self) -> None:
        assert self.session is not None
        self.overview = await asyncio.to_thread(self.session.overview)
        self._say_left_out()
        self.header.standing = self.overview.standing
        self.card = "welcome" if self.card == "not indexed" else self.card
        self.search_again()
        self.ask.known = await asyncio.to_thread(self.session.known)

    @work(exclusive=True, group="head")
    async def look_at_head(self) -> None:
        """Notice new commits."""
        if self.session is None or self.overview is None:
            return
        try:
            found = await asyncio.to_thread(self.session.standing)
        except CodesearchError:
            return  # the next search says it
        self.header.standing = found
        if not found.shows_the_same(self.overview.standing):
            await self.look()  # somebody synced
        elif any(one.partial for one in found.each.values()):
            self.search_again()  # and there may be more of it

    def _say_left_out(self) -> None:
        """Also what went away since the last time, and so how many there are."""
        assert self.session is not None
        self.header.title = self.session.name
        while self.session.left_out:
            folder, error = self.session.left_out.popitem()
            self.notify(f"{error}", title=f"Left out: {folder}", severity="warning", timeout=8)

    # -- from question to answer

    def search(self) -> None:
        """Answer what stands in the input."""
        text = self.ask.value
        if text.strip():
            self._search(text)
            return
        self.workers.cancel_group(self, "search")
        self._show_no_answer([])

    def _show_no_answer(self, set_: Sequence[Sequence[facets.Facet]]) -> None:
        """There is nothing to look for yet, with these filters or without."""
        self.answer = None
        self.facet_bar.show(set_)
        self.header.found = ""
        if self.is_searchable:
            self.show_card("welcome", cards.welcome(self.overview, self.history.newest(5)))

    def search_again(self) -> None:
        """Answer what stands in the input once more; «more like this» stays until it is left."""
        if self.before is None or self.body.current != "hits":
            self.search()

    @work(exclusive=True, group="search")
    async def _search(self, text: str) -> None:
        await asyncio.sleep(DEBOUNCE)  # a further key cancels this worker here
        if self.session is None or not self.is_searchable:
            return
        query: Query | None = None
        try:
            query = self._parsed(text)
            if not query.words.strip():
                self._show_no_answer(facets.count_facets([], query))
                return
            if self.ask.key == "ref":
                await self._check_ref(query)
            answer = await asyncio.to_thread(self.session.search, query)
        except CodesearchError as error:
            if query is None or query.ref or isinstance(error, FilterError):
                self.facet_bar.say(error)  # wrong is the question, not the index
                self.results.add_class("-stale")
            else:
                self.post_message(self.Failed(error))
            return
        if answer is not None:
            self.post_message(self.Answered(answer))

    async def _check_ref(self, query: Query) -> None:
        """HEAD~1 is not to be indexed, and followed from then on, on the way to HEAD~12."""
        assert self.session is not None
        if not await asyncio.to_thread(self.session.is_indexed, query):
            self.waiting = query.text
            raise NotIndexedError(
                f"{query.ref} is not indexed yet", "Enter does it, if it is quick"
            )

    def _parsed(self, text: str) -> Query:
        """The question; as long as a filter's value is only half typed, without that filter."""
        completions = self.ask.completions
        if completions and text == self.ask.value:
            end = completions[0].end
            begin = next(term.start for term in Query.scan(text) if term.end == end)
            try:
                return Query.parse(text)
            except FilterError:
                return Query.parse(text[:begin] + text[end:])
        return Query.parse(text)

    def show_answer(self, answer: Answer, place: int = 0) -> None:
        """Put an answer on the screen, its hit at ``place`` chosen."""
        place = place or self._same_place(answer)
        self._say_left_out()
        self.answer = answer
        self.before = self.before if answer.like else None
        self.results.remove_class("-stale")
        self.facet_bar.show(facets.count_facets(answer.hits, answer.query))
        self.header.found = _found(answer)
        if not answer.hits:
            self.results.show([])
            self.show_card("nothing", cards.nothing_found(answer.query))
            return
        self.card = ""
        self.body.current = "hits"
        self.results.show(answer.hits, place)
        if answer.like is None:
            self._remember_later(answer.query.text)

    def _same_place(self, answer: Answer) -> int:
        """Where the chosen hit stands in a new answer to the same question; else 0."""
        old, chosen = self.answer, self.results.hit
        if old is None or chosen is None or not self.results.place:
            return 0  # what stood first gives way to what stands first now
        if (old.query.text, old.like) != (answer.query.text, answer.like):
            return 0
        keys = [(hit.repository, hit.chunk.path, hit.chunk.qualified_name) for hit in answer.hits]
        key = (chosen.repository, chosen.chunk.path, chosen.chunk.qualified_name)
        return keys.index(key) if key in keys else 0

    @work(exclusive=True, group="remember")
    async def _remember_later(self, text: str) -> None:
        await asyncio.sleep(_LOOK_AFTER)
        self.look_at_head()  # the search has seen which files were changed
        await asyncio.sleep(_REMEMBER_AFTER)
        self.history.add(text)

    # -- what stands in the middle

    @property
    def is_searchable(self) -> bool:
        """Whether there is, or may be, something to search."""
        if self.card == "trouble":
            return self.overview is not None
        return self.card not in ("not indexed", "building")

    def on_desk_failed(self, message: Failed) -> None:
        """Say what is wrong, in the middle of the screen."""
        one = self.session is not None and not self.session.is_several
        if isinstance(message.error, NotIndexedError) and one:
            self._show_not_indexed(message.error)
        else:
            self.show_card("trouble", cards.trouble(message.error))

    def show_card(self, name: str, content: Content) -> None:
        """Put a text in place of the hits."""
        self.card = name
        self.card_text.update(content)
        self.body.current = "card"

    def show_building(self, moment: Moment | None) -> None:
        """The first index grows."""
        assert self.session is not None
        self.show_card("building", cards.building(self.session.name, moment))

    def _show_not_indexed(self, error: CodesearchError) -> None:
        assert self.session is not None
        place = str(self.session.place)
        self.show_card("not indexed", cards.not_indexed(self.session.name, place, error))


def _found(answer: Answer) -> str:
    count = len(answer.hits)
    what = f"{count} hit{'s' if count != 1 else ''}"
    if answer.like is not None:
        like = one_line(answer.like.symbol or answer.like.path)
        return f"{what} like {like} · esc goes back"
    return f"{what} · {answer.milliseconds:.0f} ms"
