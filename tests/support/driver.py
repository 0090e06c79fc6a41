"""The real application over a real small index: keys are pressed, nothing is faked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

import repos
from codesearch import Index, Settings
from tui.app import CodesearchApp, make_app
from tui.preferences import Preferences
from tui.screens.search import SearchScreen

_WAITED_FOR = {"open", "search", "preview", "sync", "editor"}
_DATE = "2026-01-01T12:00:00+00:00"  # so that commits have the same ids everywhere

ODD = {
    "shop/wide.py": '''def 挨拶(名前: str) -> str:
    """名前で挨拶する。 Greet a customer in Japanese, with wide characters."""
    return f"こんにちは、{名前}さん"
''',
    "shop/table.py": '"""Postal codes, all on one very long line."""\n\nCODES = ['
    + ", ".join(str(number) for number in range(10_000, 12_000))
    + "]\n",
    "shop/labels.py": "def "
    + "a_function_whose_name_is_much_longer_than_any_terminal_is_wide_" * 5
    + '():\n    """Print shipping labels for parcels."""\n',
}

Script = Callable[["Driver"], Awaitable[None]]


class Driver:
    """Presses keys and waits until the application has come to rest."""

    def __init__(self, app: CodesearchApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> SearchScreen:
        screen = self.app.screen_stack[0]
        assert isinstance(screen, SearchScreen)
        return screen

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.rest()

    async def type(self, text: str) -> None:
        names = {" ": "space", ":": "colon", "/": "slash", "?": "question_mark"}
        await self.press(*(names.get(character, character) for character in text))

    async def ask(self, text: str) -> None:
        """As if pasted."""
        self.screen.ask.ask(text)
        await self.rest()

    async def rest(self, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while True:
            await self.pilot.pause()
            busy = [w for w in self.app.workers if w.group in _WAITED_FOR and not w.is_finished]
            if not busy:
                await self.pilot.pause()
                return
            assert time.monotonic() < end, f"still busy: {busy}"
            await asyncio.sleep(0.01)

    async def until(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it did not happen"
            await asyncio.sleep(0.01)
        await self.pilot.pause()

    @property
    def names(self) -> list[str]:
        """What the hits are called, in the order shown."""
        return [hit.chunk.qualified_name for hit in self.screen.results.shown]

    @property
    def text(self) -> str:
        """The screen as text."""
        width, height = self.app.size
        lines = self.app.screen._compositor.render_strips()  # what the terminal gets
        return "\n".join("".join(s.text for s in line)[:width] for line in lines[:height])


@pytest.fixture(autouse=True)
def own_home(home: Path) -> Path:
    """Settings, history and preferences of its own for every test."""
    return home


@pytest.fixture(scope="session")
def odd_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop with a few odd files, always at the same commit."""
    folder = repos.init(tmp_path_factory.mktemp("tui") / "shop")
    repos.write(folder, repos.SHOP | ODD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_AUTHOR_DATE", _DATE)
        patch.setenv("GIT_COMMITTER_DATE", _DATE)
        repos.commit(folder, "begin")
    return folder


@pytest.fixture(scope="session")
def index_dir(odd_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its index, built once; tests only read it."""
    directory = tmp_path_factory.mktemp("tui-index") / "index"
    settings = Settings(home=directory.parent)
    with Index.open(odd_shop, index_dir=directory, settings=settings) as index:
        index.sync()
    return directory


def run(app: CodesearchApp, script: Script, size: tuple[int, int] = (120, 40)) -> None:
    """Run the application and a script of keys."""

    async def main() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            driver = Driver(app, pilot)
            driver.screen.ask.cursor_blink = False
            await driver.rest()
            await script(driver)

    asyncio.run(main())


@pytest.fixture
def play(odd_shop: Path, index_dir: Path) -> Iterator[Callable[..., None]]:
    """Play a script over the shop."""

    def play(script: Script, size: tuple[int, int] = (120, 40), **preferences: object) -> None:
        chosen = Preferences(**preferences)  # type: ignore[arg-type]
        run(make_app(odd_shop, index_dir=index_dir, preferences=chosen), script, size)

    return play
