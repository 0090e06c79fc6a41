"""The part of the main screen that does something with the chosen hit, or with the list."""

from __future__ import annotations

import asyncio
import subprocess

from textual import work
from textual.app import SuspendNotSupported

from codesearch import CodesearchError, FilterError, Hit, Query
from tui import facets
from tui.editors import Editor
from tui.lines import one_line
from tui.places import Place, place_of
from tui.preferences import DENSITIES, LAYOUTS
from tui.screens.desk import Desk
from tui.screens.dialogs import Choice, Explain, Help, Picker
from tui.session import Answer

_SIDE_BY_SIDE = 100  # columns


class HitActions(Desk):
    """Actions behind the keys."""

    @property
    def hit(self) -> Hit | None:
        """The chosen hit, if hits are shown at all."""
        return self.results.hit if self.answer is not None and self.answer.hits else None

    # -- moving

    def action_move(self, steps: int) -> None:
        """Choose another hit; in an open list of completions, another of these."""
        completions = self.completions
        if completions.is_open:
            completions.action_cursor_down() if steps > 0 else completions.action_cursor_up()
        else:
            self.results.action_move(steps)

    def action_file(self, step: int) -> None:
        """Choose the first hit of the next or previous file."""
        self.results.move_by_file(step)

    def action_scroll_code(self, lines: int) -> None:
        """Scroll the preview."""
        code = self.preview.code
        code.scroll_to(y=code.scroll_offset.y + lines, animate=False)

    def action_ask(self) -> None:
        """Back to typing."""
        self.ask.focus()

    def action_back(self) -> None:
        """One step back, whatever the last one was."""
        completions = self.completions
        if completions.is_open:
            completions.offer([], 0)
        elif self.before is not None:
            answer, place = self.before
            self.before = None
            self.show_answer(answer, place)
            self.search()  # the index may have moved on since
        elif not self.ask.has_focus:
            self.ask.focus()
        elif self.ask.value:
            self.history.add(self.ask.value)
            self.ask.value = ""

    # -- opening

    def action_open(self) -> None:
        """Open the hit's file in the editor, at its line."""
        if self.hit is not None and self.session is not None:
            self._remember()
            self._open_hit(self.hit)

    @work(exclusive=True, group="editor")
    async def _open_hit(self, hit: Hit) -> None:
        assert self.session is not None
        editor = Editor.find()
        if editor is None:
            self.notify("Set $EDITOR, for instance to vim or code.", title="No editor")
            return
        try:
            place = await asyncio.to_thread(place_of, self.session, hit)
        except (CodesearchError, OSError) as error:
            self.notify(getattr(error, "remedy", ""), title=str(error), severity="error")
            return
        self._run(editor, place)
        if place.note:
            self.notify(place.note, title="Another version", severity="warning")
        self.search_again()  # the file may have been changed
        self.look_at_head()

    def _run(self, editor: Editor, place: Place) -> None:
        command = editor.command(place.path, place.line)
        try:
            if editor.has_window:
                subprocess.Popen(
                    command,
                    cwd=place.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
                self.notify(f"{place.path.name}:{place.line} in {editor.name}", timeout=3)
            elif self.app.is_headless:  # nobody's terminal
                subprocess.run(command, cwd=place.folder, check=False, stdin=subprocess.DEVNULL)
            else:
                with self.app.suspend():
                    subprocess.run(command, cwd=place.folder, check=False)
                self.app.refresh(layout=True)
        except SuspendNotSupported:
            self.notify("In a browser there is no terminal for it.", title="No editor here")
        except OSError as error:
            self.notify(
                "Set $VISUAL or $EDITOR to an editor that is installed.",
                title=f"Cannot start {editor.name}: {error.strerror}",
                severity="error",
            )

    # -- copying

    def action_copy(self, what: str) -> None:
        """Copy ``place`` (path:line), ``path`` or ``code`` of the hit."""
        if self.hit is None:
            return
        self._remember()
        chunk = self.hit.chunk
        # Of several repositories, a path within one of them says too little.
        root = self.session.folder(self.hit) if self.session and self.session.is_several else None
        place, path = (
            str(root / text) if root else text for text in (self.hit.location, chunk.path)
        )
        text = {"place": place, "path": path, "code": chunk.text}[what]
        self.app.copy_to_clipboard(text)
        lines = chunk.text.count("\n") + 1
        said = f"{lines} lines of code" if what == "code" else text
        self.notify(one_line(said), title="Copied", timeout=2)

    # -- other answers

    def action_similar(self) -> None:
        """Show what is like the chosen hit."""
        if self.hit is not None and self.answer is not None:
            self._remember()
            self._similar(self.hit, self.answer, self.results.place)

    @work(exclusive=True, group="search")
    async def _similar(self, hit: Hit, answer: Answer, place: int) -> None:
        assert self.session is not None
        try:
            query = Query.parse(self.ask.value)
            found = await asyncio.to_thread(self.session.similar, hit.chunk, query)
        except FilterError:
            return  # said under the question already
        except CodesearchError as error:
            self.notify(error.remedy, title=str(error), severity="error")
            return
        self.before = self.before or (answer, place)
        self.show_answer(found)

    def action_drop_filters(self) -> None:
        """Search for the words alone."""
        self.ask.ask(facets.without_filters(self.ask.value))

    def action_ask_recent(self, number: int) -> None:
        """Ask one of the last questions again."""
        recent = self.history.newest(number + 1)
        if number < len(recent):
            self.ask.ask(recent[number])
            self.ask.focus()

    @work(exclusive=True, group="dialog")
    async def action_history(self) -> None:
        """Choose among the questions asked before."""
        self._remember()
        choices = [Choice(one_line(query), "", query) for query in self.history.newest()]
        picker = Picker("Asked before", choices, "Nothing was asked yet.")
        query = await self.app.push_screen_wait(picker)
        if query is not None:
            self.ask.ask(query)
            self.ask.focus()

    @work(exclusive=True, group="dialog")
    async def action_refs(self) -> None:
        """Choose what to search: a branch, tag or commit that is indexed."""
        if self.session is None:
            return
        if self.session.is_several:
            self.notify("Type repo:NAME ref:BRANCH in the question.", title="Several repositories")
            return
        try:
            refs = await asyncio.to_thread(self.session.refs)
        except CodesearchError as error:
            self.notify(error.remedy, title=str(error), severity="error")
            return
        choices = [Choice("HEAD, wherever it is", "", "")]
        choices += [Choice(one_line(ref.name), ref.commit[:8], ref.name) for ref in refs]
        more = "Type ref:NAME in the question for others. Index more: codesearch index --rev NAME"
        ref = await self.app.push_screen_wait(Picker("Search at", choices, more, hint=more))
        if ref is not None:
            self.session.at = ref or None
            self.before = None
            await self.look()

    # -- looking closer

    def action_explain(self) -> None:
        """Take the hit's score apart."""
        if self.hit is not None:
            self.app.push_screen(Explain(self.hit))

    def action_help(self) -> None:
        """Show the keys."""
        self.app.push_screen(Help())

    # -- preferences

    def action_group(self) -> None:
        """Hits by file, or by score."""
        self.results.grouped = self.preferences.grouped = not self.results.grouped
        self.preferences.save()
        self.results.rearrange(keep=self.results.hit)

    def action_density(self) -> None:
        """One line a hit, or several."""
        now = DENSITIES[1 - DENSITIES.index(self.preferences.density)]
        self.preferences.density = now
        self.results.compact = now == "compact"
        self.preferences.save()
        self.results.rearrange(keep=self.results.hit)

    def action_layout(self) -> None:
        """Side by side, stacked, or what fits."""
        place = (LAYOUTS.index(self.preferences.layout) + 1) % len(LAYOUTS)
        self.preferences.layout = LAYOUTS[place]
        self.preferences.save()
        self.lay_out(self.size.width)
        self.notify(f"Layout: {self.preferences.layout}", timeout=2)

    def lay_out(self, width: int) -> None:
        """Put results and preview where they are preferred."""
        layout = self.preferences.layout
        side = layout == "side" or (layout == "auto" and width >= _SIDE_BY_SIDE)
        self.query_one("#hits").set_class(not side, "-stacked")

    def _remember(self) -> None:
        self.history.add(self.ask.value)
