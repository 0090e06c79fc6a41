"""What can be done with a hit."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from textual import events

import repos
from codesearch import Index, Settings
from driver import Driver, run
from tui.app import make_app
from tui.history import History
from tui.preferences import Preferences
from tui.screens.dialogs import Explain, Help, Picker

Play = Callable[..., None]


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Make a program of a name the editor; it writes down what it was called with."""

    def make(name: str) -> Path:
        record = tmp_path / "called"
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$PWD" "$@" > {record}.new\n'
                           f"mv {record}.new {record}\n")  # fmt: skip
        program.chmod(0o755)
        monkeypatch.setenv("VISUAL", "")
        monkeypatch.setenv("EDITOR", f"{program} -x")
        return record

    return make


def test_the_editor_opens_at_the_line_and_nothing_has_changed_after(
    play: Play, editor: Callable[[str], Path], odd_shop: Path
) -> None:
    record = editor("vim")

    async def script(driver: Driver) -> None:
        await driver.ask("cookie")
        await driver.press("down")
        before, chosen = driver.text, driver.screen.results.hit
        assert chosen is not None
        await driver.press("enter")
        line = chosen.chunk.span.start_line
        called = record.read_text().splitlines()
        assert called == [str(odd_shop), "-x", f"+{line}", str(odd_shop / chosen.chunk.path)]
        assert driver.screen.results.hit == chosen
        took = re.compile(r" +\d+ hits · \d+ ms")  # it was asked again
        assert took.sub("", driver.text) == took.sub("", before)

    play(script)


def test_enter_before_the_answer_opens_what_was_asked_for(
    play: Play, editor: Callable[[str], Path], odd_shop: Path
) -> None:
    record = editor("vim")

    async def script(driver: Driver) -> None:
        await driver.ask("cookie")
        driver.screen.ask.ask("sum up prices")
        driver.app.post_message(events.Key("enter", None))
        await driver.until(record.exists)
        assert record.read_text().splitlines()[-1] == str(odd_shop / "shop/cart.py")

    play(script)


def test_an_uncommitted_file_that_was_edited_can_be_opened_again(
    indexed: Path, editor: Callable[[str], Path]
) -> None:
    record = editor("vim")
    brew = 'def brew_{0}():\n    """Brew a pot of {0}."""\n\n\n'
    new = brew.format("tea") + brew.format("coffee")
    repos.write(indexed, {"new.py": new})

    async def script(driver: Driver) -> None:
        await driver.ask("brew a pot")
        hits = {hit.chunk.symbol: hit for hit in driver.screen.results.shown}
        repos.write(indexed, {"new.py": "import pot\n\n" + new})
        await asyncio.sleep(2)  # then files are looked at again
        driver.screen._open_hit(hits["brew_coffee"])  # who asks does not know that lines moved
        await driver.rest()
        called = record.read_text().splitlines()
        assert called == [str(indexed), "-x", "+7", str(indexed / "new.py")]
        moved = {hit.chunk.symbol: hit for hit in driver.screen.results.shown}
        assert moved["brew_tea"].chunk.span.start_line == 3

    run(make_app(indexed), script)


def test_an_editor_with_a_window_is_not_waited_for(
    play: Play, editor: Callable[[str], Path], odd_shop: Path
) -> None:
    record = editor("code")

    async def script(driver: Driver) -> None:
        await driver.ask("Cart.total")
        await driver.press("ctrl+o")
        await driver.until(record.exists)
        assert record.read_text().splitlines()[1:] == [
            "-x",
            "--goto",
            f"{odd_shop / 'shop/cart.py'}:16",
        ]

    play(script)


def test_an_editor_that_is_not_there_is_said(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "/nowhere/vim")

    async def script(driver: Driver) -> None:
        await driver.ask("cookie")
        await driver.press("enter")
        await driver.until(lambda: "Cannot start vim" in driver.text)

    play(script)


def test_a_bare_repository_opens_a_copy_of_what_is_indexed(
    tmp_path: Path, odd_shop: Path, editor: Callable[[str], Path]
) -> None:
    record = editor("vim")
    repos.git(tmp_path, "clone", "--quiet", "--bare", str(odd_shop), "shop.git")
    directory = tmp_path / "index"
    with Index.open(tmp_path / "shop.git", index_dir=directory, settings=Settings.load()) as index:
        index.sync()

    async def script(driver: Driver) -> None:
        await driver.ask("sum up prices")
        await driver.press("enter")
        copy = Path(record.read_text().splitlines()[-1])
        assert copy.name == "cart.py"
        assert copy.read_text() == repos.SHOP["shop/cart.py"]
        assert not os.access(copy, os.W_OK) or os.geteuid() == 0

    run(make_app(tmp_path / "shop.git", index_dir=directory), script)


def test_place_path_and_code_are_copied(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("Cart.total")
        await driver.press("ctrl+y")
        assert driver.app.clipboard == "shop/cart.py:16"
        await driver.press("tab", "Y")
        assert driver.app.clipboard == "shop/cart.py"
        await driver.press("c")
        assert driver.app.clipboard.startswith("    def total(self) -> float:")

    play(script)


def test_brackets_in_a_path_are_no_markup(indexed: Path) -> None:
    repos.write(indexed, {"app/[slug]/a[/b]c.ts": "export function brewTea() {\n  return 1;\n}\n"})

    async def script(driver: Driver) -> None:
        await driver.ask("brewTea")
        await driver.press("ctrl+y")
        await driver.until(lambda: "Copied" in driver.text)
        assert driver.text.count("app/[slug]/a[/b]c.ts:1") == 3  # the hit, its code, the notice

    run(make_app(indexed), script)


def test_more_like_this_and_back(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("cookie")
        await driver.press("down")
        before, chosen = driver.names, driver.screen.results.hit
        assert chosen is not None
        await driver.press("ctrl+l")
        assert chosen.chunk.qualified_name not in driver.names
        assert f"like {chosen.chunk.symbol}" in driver.text
        await driver.press("ctrl+l", "escape")
        assert driver.names == before
        assert driver.screen.results.hit == chosen

    play(script)


def test_more_like_this_outlives_a_sync_and_what_was_before_is_asked_anew(indexed: Path) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("cookie")
        await driver.press("ctrl+l")
        like = driver.names
        new = 'def bake_cookie():\n    """Bake a cookie."""\n'
        repos.write(indexed, {"bakery/cookie.py": new})
        repos.commit(indexed)
        await driver.press("ctrl+s")
        await driver.until(lambda: "Synced" in driver.text)
        await driver.rest()
        assert "like sign_cookie" in driver.text or "like verify_cookie" in driver.text
        assert driver.names == like
        await driver.press("escape")
        assert "bake_cookie" in driver.names

    run(make_app(indexed), script)


def test_a_score_is_taken_apart_and_adds_up(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("sign_cookie")
        await driver.press("ctrl+t")
        assert isinstance(driver.app.screen, Explain)
        parts = [float(part) for part in re.findall(r"━─* +([+-]\d\.\d{4})", driver.text)]
        (score,) = map(float, re.findall(r"│ +score +(\d\.\d{4})", driver.text))
        assert len(parts) > 1
        assert sum(parts) == pytest.approx(score, abs=0.001)
        await driver.press("escape")
        assert driver.app.screen is driver.screen

    play(script)


def test_questions_are_remembered_over_runs(play: Play, home: Path) -> None:
    async def first(driver: Driver) -> None:
        await driver.ask("cookie")
        await driver.press("ctrl+y")
        await driver.ask("prices")
        await driver.press("escape")

    async def second(driver: Driver) -> None:
        assert "Asked lately" in driver.text
        await driver.press("ctrl+r")
        assert isinstance(driver.app.screen, Picker)
        await driver.type("coo")
        await driver.press("enter")
        assert driver.screen.ask.value == "cookie"
        assert driver.names

    play(first)
    assert History(home / "questions").newest() == ["prices", "cookie"]
    play(second)


def test_another_ref_is_chosen_from_a_list(tmp_path: Path, home: Path) -> None:
    folder = repos.init(tmp_path / "shop")
    repos.write(folder, {"old.py": 'def brew_tea():\n    """Brew a pot of tea."""\n'})
    repos.commit(folder)
    repos.git(folder, "tag", "v1")
    repos.write(folder, {"new.py": 'def brew_coffee():\n    """Brew a pot of coffee."""\n'})
    repos.commit(folder)
    with Index.open(folder) as index:
        index.sync("v1")
        index.sync()

    async def script(driver: Driver) -> None:
        await driver.ask("brew a pot")
        assert set(driver.names) == {"brew_tea", "brew_coffee"}
        await driver.press("ctrl+l", "ctrl+b")
        await driver.until(lambda: isinstance(driver.app.screen, Picker))
        await driver.type("v1")
        await driver.press("enter")
        await driver.until(lambda: driver.names == ["brew_tea"])
        assert "v1 @" in driver.text
        await driver.ask("brew a pot ref:main")
        assert set(driver.names) == {"brew_tea", "brew_coffee"}

    run(make_app(folder), script)
    run(make_app(folder, at="v1", question="brew"), _only_tea)


async def _only_tea(driver: Driver) -> None:
    assert driver.names == ["brew_tea"]


def test_a_damaged_index_is_said_wherever_it_is_asked(indexed: Path, home: Path) -> None:
    async def script(driver: Driver) -> None:
        (current,) = home.glob("indexes/*/current")
        current.write_text("garbage")
        for key in ("ctrl+b", "ctrl+s"):
            await driver.press(key)
            await driver.until(lambda: "amaged" in driver.text)
            assert driver.app.screen is driver.screen

    run(make_app(indexed), script)


@pytest.mark.parametrize("keys", [["f1"], ["question_mark"], ["tab", "question_mark"]])
def test_help(play: Play, keys: list[str]) -> None:
    async def script(driver: Driver) -> None:
        await driver.press(*keys)
        assert isinstance(driver.app.screen, Help)
        assert "more like this" in driver.text

    play(script)


def test_a_question_mark_in_a_question_is_only_that(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.type("cookie?")
        assert driver.screen.ask.value == "cookie?"

    play(script)


def test_every_action_is_in_the_palette_and_runs(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("cookie lang:python")
        await driver.press("ctrl+p")
        await driver.type("group by")
        await driver.until(lambda: "Group by file" in driver.text)
        await driver.press("enter")
        await driver.until(lambda: driver.screen.results.grouped)
        commands = driver.app.get_system_commands(driver.screen)
        names = {command.title for command in commands}
        assert {"More like this", "Sync the index", "History", "Theme", "Quit"} <= names

    play(script)


def test_preferences_are_kept(play: Play) -> None:
    async def script(driver: Driver) -> None:
        driver.app.action_dark()
        await driver.ask("cookie")
        await driver.press("ctrl+g", "tab", "d", "v")
        assert driver.screen.results.compact

    play(script)
    kept = Preferences.load()
    assert kept == Preferences("codesearch-light", "side", "compact", True)


def test_a_compact_list_has_a_line_a_hit(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("cookie")
        lines = driver.text.split("\n")
        (row,) = [line for line in lines if "sign_cookie" in line[:52] and "━" in line[:52]]
        assert "shop/session.py:5" in row[:52]

    play(script, (120, 40), density="compact")


@pytest.mark.parametrize("theme", ["nord", "textual-light", "gruvbox", "textual-ansi", "unknown"])
@pytest.mark.slow
def test_other_themes_do(play: Play, theme: str) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("cookie")
        assert driver.names
        known = theme in driver.app.available_themes
        assert driver.app.theme == (theme if known else "codesearch-dark")

    play(script, theme=theme)
