"""The application: themes, preferences, commands; one factory for command line and tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.screen import Screen
from textual.theme import Theme

from codesearch import Settings
from tui.ascii import AsciiFilter
from tui.history import History
from tui.indexing import Target
from tui.preferences import Preferences
from tui.screens.search import SearchScreen
from tui.session import Session, open_all_repositories, open_session
from tui.themes import DARK, LIGHT, THEMES, default_variables

_HEIGHTS = [(0, "-tiny"), (16, "-short"), (30, "-tall")]


class CodesearchApp(App[None]):
    """The terminal interface. Made by ``make_app``."""

    TITLE = "codesearch"
    CSS_PATH = "app.tcss"
    VERTICAL_BREAKPOINTS = _HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
        Binding("ctrl+c", "quit", "Quit", show=False, system=True),
    ]

    def __init__(
        self,
        opener: Callable[[], Session],
        preferences: Preferences,
        history: History,
        question: str = "",
    ) -> None:
        super().__init__()
        self.preferences = preferences
        self._search = SearchScreen(opener, preferences, history, question)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = preferences.theme if preferences.theme in self.available_themes else DARK
        self._ascii = AsciiFilter() if not speaks_unicode() else None

    def get_default_screen(self) -> Screen[object]:
        """See ``App``."""
        return self._search  # type: ignore[return-value]

    def on_mount(self) -> None:
        """Keep the theme when it is changed, from wherever."""
        self.theme_changed_signal.subscribe(self, self._keep_theme)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """See ``App``."""
        return default_variables(self.current_theme)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """See ``App``."""
        filters = super().get_line_filters()
        return [*filters, self._ascii] if self._ascii else filters

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Everything that has a key, and what has none."""
        if isinstance(screen, SearchScreen):
            for name, help_, action in _COMMANDS:
                yield SystemCommand(name, help_, _runner(screen, action))
        yield SystemCommand("Dark or light", "Switch between our two themes", self.action_dark)
        yield SystemCommand("Theme", "Choose among all themes", self.action_change_theme)
        yield SystemCommand("Quit", "Leave  (ctrl+q)", self.action_quit)

    def action_dark(self) -> None:
        """From dark to light and back."""
        self.theme = LIGHT if self.current_theme.dark else DARK

    def _keep_theme(self, theme: Theme) -> None:
        self.preferences.theme = theme.name
        self.preferences.save()

    async def action_quit(self) -> None:
        """Leave; the last question is remembered."""
        screen = self._search
        screen.history.add(screen.ask.value if screen.is_mounted else "")
        self.workers.cancel_all()
        self.exit()

    def on_unmount(self) -> None:
        """Release the index."""
        if self._search.session is not None:
            self._search.session.close()


_COMMANDS = (
    ("Open in the editor", "At the line  (enter)", "open"),
    ("More like this", "What is nearest in meaning to the chosen hit  (ctrl+l)", "similar"),
    ("Copy path:line", "To the clipboard  (ctrl+y)", "copy('place')"),
    ("Copy path", "To the clipboard  (Y)", "copy('path')"),
    ("Copy code", "To the clipboard  (c)", "copy('code')"),
    ("Explain the score", "Why the chosen hit is there  (ctrl+t)", "explain"),
    ("Next file", "The next hit in another file  (ctrl+down)", "file(1)"),
    ("Previous file", "The hit before, in another file  (ctrl+up)", "file(-1)"),
    ("Group by file", "Or by score again  (ctrl+g)", "group"),
    ("History", "Questions asked before  (ctrl+r)", "history"),
    ("Search another ref", "A branch, tag or commit  (ctrl+b)", "refs"),
    ("Sync the index", "Bring it to HEAD; while it runs: stop  (ctrl+s)", "sync"),
    ("Search without filters", "Take all filters out of the question", "drop_filters"),
    ("Compact or comfortable", "One line a hit, or several  (d)", "density"),
    ("Layout", "Side by side, stacked, or what fits  (v)", "layout"),
    ("Keys", "All keys and filters  (F1)", "help"),
)


def _runner(screen: SearchScreen, action: str) -> Callable[[], object]:
    async def run() -> None:
        await screen.run_action(action)

    return run


def speaks_unicode() -> bool:
    """Whether the terminal can be expected to show more than ASCII."""
    value = next((os.environ[n] for n in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(n)), "")
    _, _, coding = value.partition(".")
    # «C», «POSIX» or nothing say nothing about the terminal, and most of these can.
    return coding.partition("@")[0].lower().replace("-", "") in ("", "utf8")


def make_app(
    path: Path | None,
    *,
    at: str | None = None,
    index_dir: Path | None = None,
    url: str | None = None,
    question: str = "",
    preferences: Preferences | None = None,
) -> CodesearchApp:
    """The application for the repository at ``path``.

    Args:
        path: any folder of a git repository, or a bare one; None: all that is indexed, together.
        at: branch, tag or commit to search; by default HEAD. Of one repository, as ``index_dir``.
        index_dir: folder of the index; by default the one all worktrees and clones share.
        url: of a Qdrant server that keeps the index; by default that of the settings, or none.
        question: what to begin with.
        preferences: by default those that were kept.

    Raises:
        CodesearchError: unusable settings. (What is wrong with the repository, the app says.)
    """
    history = History(Settings.load().home / "questions")

    def opener() -> Session:
        if path is None:
            return open_all_repositories(url)
        return open_session(Target(path, index_dir, url), at)

    return CodesearchApp(
        opener,
        preferences or Preferences.load(),
        history,
        question,
    )
