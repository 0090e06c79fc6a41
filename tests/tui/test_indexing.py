"""No index yet, a stale one, a locked one, none at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

import repos
from codesearch import CodesearchError, Index
from codesearch.store.locks import writer_lock
from driver import Driver, run
from tui.app import make_app
from tui.indexing import Done, Indexing, Moment, Target

Play = Callable[..., None]


def test_from_no_index_to_a_synced_one(shop: Path) -> None:
    async def script(driver: Driver) -> None:
        assert "shop is not indexed yet" in driver.text
        await driver.type("sign a cookie")
        await driver.press("enter")
        assert driver.names[0] == "sign_cookie"  # what was typed is answered when it is there
        assert "● up to date" in driver.text

        repos.write(shop, {"tea.py": 'def brew_tea():\n    """Brew a pot of tea."""\n'})
        commit = repos.commit(shop)
        driver.screen.look_at_head()
        await driver.until(lambda: "▲ 1 commit behind" in driver.text)
        await driver.ask("brew a pot of tea ref:main~1")
        assert "brew_tea" not in driver.names
        await driver.ask("brew a pot of tea")
        await driver.press("ctrl+s")
        await driver.until(lambda: f"@ {commit[:8]}  ● up to date" in driver.text)
        assert driver.names[0] == "brew_tea"

    run(make_app(shop), script)


def test_a_sync_by_another_process_is_noticed(shop: Path) -> None:
    with Index.open(shop) as other:
        other.sync()

        async def script(driver: Driver) -> None:
            await driver.ask("brew a pot of tea")
            repos.write(shop, {"tea.py": 'def brew_tea():\n    """Brew a pot of tea."""\n'})
            repos.commit(shop)
            await asyncio.to_thread(other.sync)
            driver.screen.look_at_head()
            await driver.until(lambda: driver.names[:1] == ["brew_tea"])
            assert "● up to date" in driver.text

        run(make_app(shop), script)


def test_uncommitted_files_are_searched_and_counted(shop: Path) -> None:
    with Index.open(shop) as index:
        index.sync()
    repos.write(shop, {"tea.py": 'def brew_tea():\n    """Brew a pot of tea."""\n'})

    async def script(driver: Driver) -> None:
        await driver.ask("brew a pot of tea")
        assert driver.names[0] == "brew_tea"
        assert "def brew_tea():" in driver.text
        await driver.until(lambda: "up to date + 1 changed file" in driver.text)

    run(make_app(shop), script)


@pytest.mark.slow
def test_a_locked_index_is_searched_and_said_to_be_locked(shop: Path) -> None:
    with Index.open(shop) as index:
        index.sync()
        lock = writer_lock(index.directory / "writer.lock", wait=False)
    repos.write(shop, {"tea.py": "tea = 1\n"})
    repos.commit(shop)

    async def script(driver: Driver) -> None:
        await driver.press("ctrl+s")
        await driver.until(lambda: "writ" in driver.text and "process" in driver.text)
        await driver.ask("cookie")
        assert driver.names[0] == "sign_cookie"
        lock.release()
        await driver.press("ctrl+s")
        await driver.until(lambda: "● up to date" in driver.text)

    run(make_app(shop), script)


@pytest.mark.slow
def test_indexing_can_be_stopped_and_goes_on_later(shop: Path) -> None:
    many = {
        f"part{n}.py": "\n".join(f"def part_{n}_{i}(a):\n    return a + {i}\n" for i in range(60))
        for n in range(30)
    }
    repos.write(shop, many)
    repos.commit(shop)

    async def script(driver: Driver) -> None:
        await driver.pilot.press("enter")
        await driver.until(lambda: "a second" in driver.text)
        assert "Indexing shop" in driver.text
        await driver.press("ctrl+s")
        assert "is not indexed yet" in driver.text
        assert not driver.screen.session.index.is_built  # type: ignore[union-attr]
        await driver.pilot.press("enter")
        await driver.until(lambda: "functions, classes and passages" in driver.text, 60)

    run(make_app(shop), script)


def test_the_process_reports_progress_and_errors(shop: Path, tmp_path: Path) -> None:
    async def collect(place: Path, revision: str) -> list[Moment | Done]:
        return [said async for said in Indexing(Target(place, tmp_path / "index"), revision).run()]

    said = asyncio.run(collect(shop, "HEAD"))
    assert isinstance(said[-1], Done)
    assert said[-1].files == 5
    assert all(isinstance(moment, Moment) and 0 <= moment.share <= 1 for moment in said[:-1])
    with pytest.raises(CodesearchError, match="no revision 'nowhere'") as caught:
        asyncio.run(collect(shop, "nowhere"))
    assert "branch" in caught.value.remedy


def test_nothing_of_the_repository_is_imported(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison = "import pathlib; pathlib.Path('poisoned').touch(); raise SystemExit(7)\n"
    repos.write(shop, {"platformdirs.py": poison, "tui/__init__.py": poison, "json.py": poison})
    monkeypatch.chdir(shop)

    async def collect() -> list[Moment | Done]:
        return [said async for said in Indexing(Target(shop, tmp_path / "index"), "HEAD").run()]

    assert isinstance(asyncio.run(collect())[-1], Done)
    assert not (shop / "poisoned").exists()


def test_no_repository_and_then_one(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    folder.mkdir()

    async def script(driver: Driver) -> None:
        # The path before it decides where lines are broken.
        await driver.until(lambda: "isnotinagit" in "".join(driver.text.split()))
        repos.init(folder)
        await driver.press("enter")
        await driver.until(lambda: "has no commits yet" in driver.text)
        repos.write(folder, {"tea.py": 'def brew_tea():\n    """Brew a pot of tea."""\n'})
        repos.commit(folder)
        await driver.press("enter")
        await driver.until(lambda: "later is not indexed yet" in driver.text)

    run(make_app(folder), script)


def test_a_damaged_index_is_said_with_its_remedy(shop: Path) -> None:
    with Index.open(shop) as index:
        index.sync()
        directory = index.directory
    for path in directory.glob("generation-*/**/*"):
        if path.is_file():
            path.write_bytes(b"")

    async def script(driver: Driver) -> None:
        await driver.ask("cookie")
        assert "damaged" in driver.text or "cannot" in driver.text
        assert "rebuild" in driver.text

    run(make_app(shop), script)


@pytest.mark.slow
def test_an_unindexed_revision_offers_to_index_it(shop: Path) -> None:
    with Index.open(shop) as index:
        index.sync()
    repos.git(shop, "switch", "--quiet", "-c", "big")
    lines = "\n".join(f"def part_{i}(a):\n    return a + {i}\n" for i in range(400))
    repos.write(shop, {"big.py": lines})
    repos.commit(shop)
    repos.git(shop, "switch", "--quiet", "main")

    async def script(driver: Driver) -> None:
        assert "is not indexed" in driver.text
        await driver.press("enter")
        assert "big @" in driver.text
        await driver.ask("part_399")
        assert driver.names[0] == "part_399"

    run(make_app(shop, at="big"), script)
