"""All repositories that are indexed, in one list."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import repos
from codesearch import Index
from driver import Driver, run
from tui.__main__ import main
from tui.app import make_app
from tui.places import place_of

BANK = {
    "bank/account.py": '''def sign_cheque(cheque, pen):
    """Put a signature under a cheque."""
    return pen.sign(cheque)
''',
    "shop/session.py": "def end(session):\n    session.close()\n",
    "bank/main.go": "package bank\n\n// Audit looks into the books.\nfunc Audit() {\n}\n",
}
TEA = {"tea.py": 'def brew_tea():\n    """Brew a pot of tea."""\n'}


@pytest.fixture
def bank(shop: Path, tmp_path: Path) -> Path:
    """A second repository; both are indexed."""
    folder = repos.init(tmp_path / "bank")
    repos.write(folder, BANK)
    repos.commit(folder)
    for place in (shop, folder):
        with Index.open(place) as index:
            index.sync()
    return folder


def test_hits_say_where_they_are_from(bank: Path) -> None:
    async def script(driver: Driver) -> None:
        assert "2 repositories" in driver.text
        assert re.search(r"bank +━+─* +4", driver.text)  # the empty screen counts their chunks
        await driver.ask("sign")
        assert {"sign_cookie", "sign_cheque"} <= set(driver.names)
        assert "shop shop/session.py:5-8" in driver.text
        assert "bank bank/account.py:1-3" in driver.text
        assert "up to date" in driver.text
        assert "Put a signature under a cheque" in driver.text

    run(make_app(None), script)


def test_a_repository_can_be_chosen(bank: Path) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("sign repo:bank")
        assert {hit.repository for hit in driver.screen.results.shown} == {"bank"}
        assert driver.names[0] == "sign_cheque"
        await driver.ask("sign repo:bank,shop kind:function")
        assert {hit.repository for hit in driver.screen.results.shown} == {"bank", "shop"}
        await driver.ask("sign repo:bnak")
        assert "bnak is not open here" in driver.text
        assert "bank, shop" in driver.text
        await driver.ask("")
        await driver.type("sign repo:b")
        assert [one.value for one in driver.screen.ask.completions] == ["bank"]

    run(make_app(None), script)


def test_a_ref_is_of_one_of_them(bank: Path) -> None:
    repos.write(bank, TEA)
    repos.commit(bank)

    async def script(driver: Driver) -> None:
        await driver.ask("brew tea ref:main")
        assert "ref: is for one repository" in driver.text
        await driver.ask("brew tea ref:main repo:bank")
        assert driver.names[0] == "brew_tea"
        await driver.ask("brew tea ref:main~1 repo:bank")
        assert "brew_tea" not in driver.names
        await driver.press("ctrl+b")
        assert "Several repositories" in driver.text

    run(make_app(None), script)


def test_what_is_behind_is_synced_and_only_that(bank: Path, shop: Path) -> None:
    repos.write(bank, TEA)
    repos.commit(bank)

    async def script(driver: Driver) -> None:
        assert "▲ 1 of 2 behind" in driver.text
        await driver.press("ctrl+s")
        await driver.until(lambda: "Synced bank" in driver.text)
        await driver.until(lambda: "up to date" in driver.text)
        assert "Synced shop" not in driver.text
        await driver.ask("brew a pot of tea")
        assert driver.names[0] == "brew_tea"
        await driver.press("ctrl+s")
        assert "Nothing has moved on" in driver.text

    run(make_app(None), script)


def test_a_sync_that_fails_does_not_stop_the_others(bank: Path, shop: Path) -> None:
    for place in (bank, shop):
        repos.write(place, TEA)
        repos.commit(place)

    async def script(driver: Driver) -> None:
        driver.screen.session._targets["bank"] = broken  # type: ignore[union-attr,index]
        await driver.press("ctrl+s")
        await driver.until(lambda: "Synced shop" in driver.text)
        assert "bank: " in driver.text

    from tui.indexing import Target  # noqa: PLC0415

    broken = Target(bank / "nowhere")
    run(make_app(None), script)


def test_similar_preview_and_editor_know_the_repository(bank: Path, shop: Path) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("sign_cookie repo:shop")
        await driver.press("ctrl+l")
        assert driver.names
        assert {hit.repository for hit in driver.screen.results.shown} == {"shop"}
        await driver.press("escape")
        await driver.ask("sign_cookie")
        await driver.press("ctrl+l")
        hits = driver.screen.results.shown
        assert {hit.repository for hit in hits} == {"bank", "shop"}
        session = driver.screen.session
        assert session is not None
        for hit in hits:  # both have a shop/session.py
            folder = {"bank": bank, "shop": shop}[hit.repository]
            place = place_of(session, hit)
            assert place.path == folder / hit.chunk.path
            assert place.folder == folder
            assert hit.chunk.text.split("\n")[0] in session.document(hit).lines

    run(make_app(None), script)


def test_paths_are_copied_whole_and_files_stay_apart(bank: Path, shop: Path) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("session lang:python")
        await driver.press("ctrl+g")
        headings = {line.strip() for line in driver.text.split("\n") if "▾" in line}
        assert any("bank shop/session.py" in line for line in headings)
        assert any("shop shop/session.py" in line for line in headings)
        await driver.press("ctrl+y")
        hit = driver.screen.results.hit
        assert hit is not None
        folder = {"bank": bank, "shop": shop}[hit.repository]
        assert driver.app.clipboard == str(folder / hit.location)

    run(make_app(None), script)


def test_what_cannot_be_searched_is_named_and_left_out(bank: Path, shop: Path) -> None:
    shutil.rmtree(bank)

    async def script(driver: Driver) -> None:
        assert "Left out" in driver.text
        await driver.ask("sign")
        assert driver.names[0] == "sign_cookie"

    run(make_app(None), script)


def test_a_working_tree_that_git_cannot_compare_is_left_out(bank: Path, shop: Path) -> None:
    (bank / ".git/index").write_bytes(b"DIRC\0\0\0\7broken")

    async def script(driver: Driver) -> None:
        await driver.ask("sign")
        assert {hit.repository for hit in driver.screen.results.shown} == {"bank", "shop"}
        await driver.until(lambda: "a working tree left out" in driver.text)

    run(make_app(None), script)


@pytest.mark.parametrize("keys", [[], ["ctrl+s"], ["ctrl+l"]])
def test_an_index_that_goes_away_meanwhile_is_named_and_left_out(
    bank: Path, shop: Path, keys: list[str]
) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("sign_cookie")
        assert {hit.repository for hit in driver.screen.results.shown} == {"bank", "shop"}
        with Index.open(bank) as index:
            index.remove()
        await driver.press(*keys)
        if keys != ["ctrl+l"]:
            await driver.ask("sign")
        assert {hit.repository for hit in driver.screen.results.shown} == {"shop"}
        titles = [notice.title for notice in driver.app._notifications]
        assert titles.count(f"Left out: {bank}") == 1
        assert "2 repositories" not in driver.text

    run(make_app(None), script)


def test_a_question_for_the_one_that_went_away(bank: Path, shop: Path) -> None:
    async def script(driver: Driver) -> None:
        with Index.open(bank) as index:
            index.remove()
        await driver.ask("sign repo:bank")
        assert "Nothing is indexed yet" in driver.text
        await driver.press("enter")
        assert "Left out" in driver.text
        await driver.ask("sign")
        assert driver.names[0] == "sign_cookie"

    run(make_app(None), script)


def test_all_of_them_went_away(bank: Path, shop: Path) -> None:
    async def script(driver: Driver) -> None:
        for place in (bank, shop):
            with Index.open(place) as index:
                index.remove()
        await driver.press("ctrl+s")
        await driver.ask("sign")
        assert "Nothing is indexed yet" in driver.text

    run(make_app(None), script)


def test_nothing_indexed_at_all(own_home: Path) -> None:
    async def script(driver: Driver) -> None:
        assert "Nothing is indexed yet" in driver.text
        assert "codesearch index PATH" in driver.text

    run(make_app(None), script)


def test_options_of_one_repository_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--all-repos", "--at", "main"])
    assert caught.value.code == 2
    assert "for one repository" in capsys.readouterr().err
