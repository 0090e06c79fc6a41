"""What opens above the main screen: help, a picker, the explanation of a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from codesearch import Hit, score_parts
from tui.lines import bar, cut, one_line
from tui.screens.keys import HELP
from tui.widgets.results import titled


def _close(keys: str) -> Binding:
    return Binding(keys, "dismiss(None)", "Close", show=False)


class Help(ModalScreen[None]):
    """Every key."""

    BINDINGS: ClassVar[list[BindingType]] = [_close("escape,q,enter,f1,question_mark")]

    def compose(self) -> ComposeResult:
        """See ``Screen``."""
        with VerticalScroll(classes="dialog wide") as dialog:
            dialog.border_title = "Keys and filters"
            dialog.border_subtitle = "esc closes"
            for title, rows in HELP:
                lines = [Content.from_markup("[b $accent]$title[/]", title=title)]
                lines += [
                    Content.from_markup("  $key [$quiet]$does[/]", key=f"{key:<22}", does=does)
                    for key, does in rows
                ]
                yield Static(Content("\n").join(lines), classes="section")


class Explain(ModalScreen[None]):
    """Why a hit stands where it stands."""

    BINDINGS: ClassVar[list[BindingType]] = [_close("escape,q,enter,e,ctrl+t")]

    def __init__(self, hit: Hit) -> None:
        super().__init__()
        self._hit = hit

    def compose(self) -> ComposeResult:
        """See ``Screen``."""
        with VerticalScroll(classes="dialog") as dialog:
            dialog.border_title = "Why it is there"
            dialog.border_subtitle = "esc closes"
            yield Static(explained(self._hit))


def explained(hit: Hit) -> Content:
    """The score, taken apart; below it, what each rule that changed it means."""
    why = hit.explanation
    found = {
        "meaning": _found(why.dense_rank, why.dense_score, "cosine", 3),
        "words": _found(why.lexical_rank, why.lexical_score, "BM25", 1),
    }
    lines = [
        Content.from_markup("[b]$name[/]", name=cut(titled(hit.chunk)[0], 60)),
        Content.from_markup("[$quiet]$place[/]", place=cut(one_line(hit.location), 60)),
        Content(""),
    ]
    parts = {**dict.fromkeys(found, 0.0), **why.parts} if why.parts else {"meaning": hit.score}
    most = max(map(abs, parts.values())) or 1.0
    for name, value in parts.items():
        full, rest = bar(abs(value) / most, 12)
        lines.append(
            Content.from_markup(
                f"$name [{'$success' if value >= 0 else '$error'}]$full[/][$line]$rest[/] $value"
                "  [$quiet]$said[/]",
                name=f"{name:<20}",
                full=full,
                rest=rest,
                value=f"{value:+.4f}",
                said=found.get(name, ""),
            )
        )
    lines.append(
        Content.from_markup("[b]$name $score[/]", name=f"{'score':<33}", score=f"{hit.score:7.4f}")
    )
    told = [words for name, words in score_parts().items() if name in why.parts.keys() - found]
    lines += [Content.from_markup("\n[$quiet]$words[/]", words=words) for words in told]
    return Content("\n").join(lines)


def _found(rank: int | None, score: float | None, unit: str, digits: int) -> str:
    if rank is None or score is None:
        return "not among the candidates"
    return f"#{rank}, {unit} {score:.{digits}f}"


@dataclass(frozen=True, slots=True)
class Choice:
    """A row of a picker."""

    label: str
    note: str
    value: str


class Picker(ModalScreen[str | None]):
    """Choose one of many; typing narrows them down. Gives the value, None if left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", show=False),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
    ]

    def __init__(
        self, title: str, choices: Sequence[Choice], empty: str, *, hint: str = ""
    ) -> None:
        super().__init__()
        self._title, self._choices, self._empty, self._hint = title, choices, empty, hint
        self._shown: list[Choice] = []

    def compose(self) -> ComposeResult:
        """See ``Screen``."""
        with Vertical(classes="dialog picker") as dialog:
            dialog.border_title = self._title
            dialog.border_subtitle = "↵ chooses · esc closes"
            yield Input(placeholder="narrow down", id="narrow", compact=True)
            yield OptionList(id="choices")
            yield Static(self._hint, id="hint", classes="quiet")

    def on_mount(self) -> None:
        """Show all."""
        self.query_one("#choices").can_focus = False
        self.query_one("#hint").display = bool(self._hint)
        self._show("")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._show(event.value)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        place = self.query_one(OptionList).highlighted
        if place is not None and self._shown:
            self.dismiss(self._shown[place].value)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        if self._shown:
            self.dismiss(self._shown[event.option_index].value)

    def action_move(self, steps: int) -> None:
        """Choose another row."""
        choices = self.query_one(OptionList)
        choices.action_cursor_down() if steps > 0 else choices.action_cursor_up()

    def _show(self, typed: str) -> None:
        words = typed.lower().split()
        self._shown = [
            choice for choice in self._choices if all(w in choice.label.lower() for w in words)
        ]
        choices = self.query_one(OptionList)
        choices.clear_options()
        for choice in self._shown:
            label = Text(cut(choice.label, 64), no_wrap=True)
            choices.add_option(Option(label + Text(f"  {choice.note}", "dim")))
        if self._shown:
            choices.highlighted = 0
        else:
            empty = self._empty if not self._choices else "None of them."
            choices.add_option(Option(Text(empty, "dim"), disabled=True))
