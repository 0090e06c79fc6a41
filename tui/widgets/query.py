"""The line where questions are typed, and the list of completions under it."""

from __future__ import annotations

from typing import ClassVar

from rich.highlighter import Highlighter
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingsMap, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from codesearch import Query
from tui.completion import Completion, Known, complete
from tui.lines import cut_left, one_line

_PLACEHOLDER = "Ask in plain words, or name a symbol.  Narrow: lang: path: kind: ref:"
SEVERAL = _PLACEHOLDER.replace("ref:", "repo:")  # a ref is of one repository


_OWN = (
    Binding("tab", "complete", "Complete", show=False),
    Binding("ctrl+c", "copy_or_quit", "Copy or quit", show=False),
)
_EDITING = BindingsMap([*_OWN, *Input.BINDINGS])  # ours first


class QueryInput(Input):
    """A line of text with coloured filters. Completions open where a filter is being typed."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"query--key", "query--value"}
    BINDINGS: ClassVar[list[BindingType]] = [*_OWN]

    # It has its line whatever is typed: without this, every key lays out the whole screen.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False)

    class Completed(Message):
        """The user wants the chosen completion, or the next widget if there is none."""

    class HelpAsked(Message):
        """A question mark, before any question."""

    def __init__(self, value: str) -> None:
        super().__init__(value, placeholder=_PLACEHOLDER, id="query", select_on_focus=False)
        self.highlighter = _Filters(self)
        self.known = Known()

    @property
    def completions(self) -> list[Completion]:
        """What fits at the cursor."""
        return complete(self.value, self.cursor_position, self.known)

    @property
    def key(self) -> str:
        """Of the filter that the cursor stands in or at the end of; "" among words."""
        place = self.cursor_position
        return next((t.key for t in Query.scan(self.value) if t.start < place <= t.end), "")

    def accept(self, completion: Completion) -> None:
        """Put a completion in place."""
        self.value, self.cursor_position = completion.apply(self.value)

    def ask(self, text: str) -> None:
        """Replace what is typed."""
        self.value = text
        self.cursor_position = len(text)

    def action_complete(self) -> None:
        """Tell the screen."""
        self.post_message(self.Completed())

    async def on_key(self, event: events.Key) -> None:
        """Editing keys act at once.

        Textual lets a key's action wait until the key has come back from this widget's parents;
        of keys that arrive together, as over a slow line, letters would overtake them.
        """
        if event.character == "?" and not self.value:  # begins no question
            event.prevent_default().stop()
            self.post_message(self.HelpAsked())
            return
        for binding in _EDITING.key_to_bindings.get(event.key, ()):
            event.prevent_default().stop()
            await self.run_action(binding.action)
            return

    async def action_copy_or_quit(self) -> None:
        """As in a shell, unless something is selected."""
        if self.selection.is_empty:
            await self.app.action_quit()
        else:
            self.action_copy()


class _Filters(Highlighter):
    """Colours the filters among the words."""

    def __init__(self, owner: QueryInput) -> None:
        self._owner = owner

    def highlight(self, text: Text) -> None:
        """See ``Highlighter``."""
        for term in Query.scan(text.plain):
            if term.key:
                colon = text.plain.index(":", term.start)
                text.stylize(self._style("key"), term.start, colon + 1)
                text.stylize(self._style("value"), colon + 1, term.end)

    def _style(self, name: str) -> Style:
        return self._owner.get_component_rich_style(f"query--{name}", partial=True)


class Completions(OptionList, can_focus=False):
    """Floats under the input while there is something to complete."""

    def __init__(self) -> None:
        super().__init__(id="completions")
        self._offered: list[Completion] = []

    @property
    def is_open(self) -> bool:
        """Whether it shows anything."""
        return bool(self.display and self._offered)

    @property
    def chosen(self) -> Completion | None:
        """The highlighted one."""
        if not self.is_open:
            return None
        return self._offered[self.highlighted or 0]

    def offer(self, completions: list[Completion], column: int) -> None:
        """Show these at a column of the screen; none: close."""
        self._offered = completions
        self.display = bool(completions)
        if not completions:
            return
        width = min(56, max(len(c.value) + len(c.note) for c in completions) + 3)
        self.clear_options()
        self.add_options([Option(_option(c, width)) for c in completions])
        self.highlighted = 0
        self.styles.width = width + 2
        self.styles.offset = (max(0, min(column, self.screen.size.width - width - 2)), 0)

    def at(self, index: int) -> Completion:
        """The completion in a row."""
        return self._offered[index]


def _option(completion: Completion, width: int) -> Text:
    value = cut_left(one_line(completion.value), width - len(completion.note) - 1)
    gap = " " * (width - len(value) - len(completion.note))
    return Text.assemble(value, gap, (completion.note, "dim"), no_wrap=True)
