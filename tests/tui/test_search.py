"""Questions, hits and the code beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual import events

import repos
from codesearch import Index, StoreError
from driver import Driver, run
from tui.app import make_app
from tui.screens.desk import Desk

Play = Callable[..., None]


def test_hits_follow_the_typing_and_the_best_is_shown(play: Play) -> None:
    async def script(driver: Driver) -> None:
        assert "functions, classes and passages" in driver.text
        await driver.type("signed cookie")
        assert driver.names[0] in ("sign_cookie", "verify_cookie")
        assert "shop/session.py:" in driver.text
        assert 'return f"{value}.{digest}"' in driver.text
        await driver.press(*["backspace"] * 13)
        await driver.type("sum up prices")
        assert driver.names[0] == "Cart.total"
        assert "return net * (1 + TAX)" in driver.text

    play(script)


def test_only_the_last_of_fast_keys_is_answered(play: Play) -> None:
    answered: list[str] = []

    async def script(driver: Driver) -> None:
        show = driver.screen.show_answer
        driver.screen.show_answer = (  # type: ignore[method-assign]
            lambda answer, place=0: (answered.append(answer.query.text), show(answer, place))[1]
        )
        for text in ("h", "he", "header", "header line"):
            driver.screen.ask.value = text
        await driver.rest()
        assert answered == ["header line"]
        assert driver.names[0] == "parseHTTPHeader"

    play(script)


def test_keys_that_arrive_together_keep_their_order(play: Play) -> None:
    async def script(driver: Driver) -> None:
        keys = ["c", "o", "x", "backspace", "o", "ctrl+u", "p", "r", "i", "c", "e", "home", "a"]
        for key in keys:
            driver.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await driver.rest()
        assert driver.screen.ask.value == "aprice"

    play(script)


def test_no_worker_outlives_its_question(play: Play) -> None:
    async def script(driver: Driver) -> None:
        for _ in range(5):
            await driver.ask("cookie")
            await driver.ask("price")
        alive = [w for w in driver.app.workers if not w.is_finished and w.group != "remember"]
        assert alive == []

    play(script)


def test_the_row_of_a_hit_says_what_and_where(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("split a header line")
        rows = [line[:52] for line in driver.text.split("\n")]
        start = next(n for n, row in enumerate(rows) if "parseHTTPHeader" in row)
        assert "(line string)" in rows[start]
        assert "━" in rows[start]
        assert "server/http.go:5-9" in rows[start + 1]
        assert "function · go" in rows[start + 1]
        assert "splits a header line into its…" in rows[start + 2]

    play(script)


def test_the_chosen_hit_is_previewed_and_marked(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("cookie")
        first, second = driver.names[:2]
        await driver.press("down")
        hit = driver.screen.results.hit
        assert hit is not None
        assert hit.chunk.qualified_name == second != first
        code = [line[53:] for line in driver.text.split("\n")]
        marked = [line for line in code if "▎" in line]
        assert f"def {second}" in marked[0]
        assert len(marked) == hit.chunk.span.end_line - hit.chunk.span.start_line + 1
        await driver.press("up")
        assert driver.screen.results.place == 0

    play(script)


def test_the_whole_file_can_be_scrolled_while_typing(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("Cart.total")
        assert '"""The shopping cart."""' not in driver.text
        await driver.press("pageup")
        assert '"""The shopping cart."""' in driver.text
        assert driver.screen.ask.has_focus

    play(script, (80, 20))


def test_code_is_coloured(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("sign_cookie")
        code = driver.screen.preview.code
        keyword = code.get_component_rich_style("code--keyword", partial=True).color
        strips = [code.render_line(y) for y in range(code.size.height)]
        coloured = {
            s.text for strip in strips for s in strip if s.style and s.style.color == keyword
        }
        assert {"def", "return", "import"} <= coloured

    play(script)


def test_the_heading_of_the_code_tells_the_path(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("sign_cookie")
        assert "shop/session.py:5-8  14 lines" in driver.text
        await driver.pilot.resize_terminal(60, 24)
        await driver.rest()
        assert "shop/session.py:5-8  14 lines" in driver.text

    play(script)


def test_next_and_previous_file(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("cookie")
        results = driver.screen.results
        paths = [hit.chunk.path for hit in results.shown]
        elsewhere = next(n for n, path in enumerate(paths) if path != paths[0])
        await driver.press("ctrl+down")
        assert results.place == elsewhere
        await driver.press("ctrl+up")
        assert results.place == elsewhere - 1

    play(script)


def test_grouped_by_file_each_file_stands_once_and_the_choice_stays(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("cookie prices")
        await driver.press("down", "down")
        chosen = driver.screen.results.hit
        await driver.press("ctrl+g")
        assert driver.screen.results.hit == chosen
        paths = [hit.chunk.path for hit in driver.screen.results.shown]
        assert [p for n, p in enumerate(paths) if p not in paths[:n]] == list(dict.fromkeys(paths))
        borders = [n for n in range(1, len(paths)) if paths[n] != paths[n - 1]]
        assert len(borders) == len(set(paths)) - 1
        assert "▾ shop/cart.py" in driver.text
        await driver.press("ctrl+g")
        assert driver.screen.results.hit == chosen
        assert "▾" not in driver.text

    play(script)


def test_clicks_choose_and_nothing_is_left_of_an_emptied_question(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("cookie")
        await driver.pilot.click("#results", offset=(5, 4))
        await driver.rest()
        assert driver.screen.results.place == 1
        await driver.press("escape", "escape")
        assert driver.screen.ask.value == ""
        assert "functions, classes and passages" in driver.text

    play(script)


def test_nothing_found_says_what_to_try(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("cookie lang:go path:web/")
        assert "Nothing found" in driver.text
        assert "The filters leave nothing over" in driver.text
        await driver.screen.run_action("screen.drop_filters")
        await driver.rest()
        assert driver.screen.ask.value == "cookie"
        assert driver.names

    play(script)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50), (300, 60), (40, 10), (20, 5)])
@pytest.mark.slow
def test_every_line_fits_the_terminal(play: Play, size: tuple[int, int]) -> None:
    async def script(driver: Driver) -> None:
        for question in ("greet in Japanese", "shipping labels", "postal codes", "nothing lang:go"):
            await driver.ask(question)
            for widget in (driver.screen.results, driver.screen.preview.code):
                for y in range(widget.size.height):
                    text = "".join(segment.text for segment in widget.render_line(y))
                    assert cell_len(text) == widget.scrollable_content_region.width
        for line in driver.text.split("\n"):
            assert cell_len(line) <= size[0]

    play(script, size)


def test_wide_characters_and_long_names_are_found_and_shown(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("Japanese, with wide characters")
        assert driver.names[0] == "挨拶"
        assert "こんにちは" in driver.text
        await driver.ask("print shipping labels for parcels")
        assert driver.names[0].startswith("a_function_whose_name")

    play(script)


def test_a_branch_without_commits_is_searched_as_it_was(indexed: Path) -> None:
    repos.git(indexed, "checkout", "--quiet", "--orphan", "fresh")

    async def script(driver: Driver) -> None:
        await driver.ask("sign_cookie")
        assert driver.names[0] == "sign_cookie"
        await driver.press("ctrl+s")
        await driver.until(lambda: "has no revision 'HEAD'" in driver.text)

    run(make_app(indexed), script)


def test_control_characters_in_a_path_do_not_reach_the_terminal(indexed: Path) -> None:
    repos.write(indexed, {"e\x1b[31m/v\u202eil.txt": "How tea is brewed in a pot.\n"})
    repos.commit(indexed)
    with Index.open(indexed) as index:
        index.sync()

    def sane(driver: Driver) -> bool:
        assert "e·[31m/" in driver.text
        return not {"\x1b", "\u202e"} & set(driver.text)

    async def script(driver: Driver) -> None:
        await driver.ask("how tea is brewed")
        assert "v·il.txt" in driver.text
        assert sane(driver)
        await driver.press("ctrl+y")
        await driver.until(lambda: "Copied" in driver.text)
        assert sane(driver)
        await driver.press("ctrl+l")
        assert "like e·[31m/v·il.txt" in driver.text
        assert sane(driver)
        await driver.ask("tea path:e")
        assert driver.screen.completions.is_open
        assert sane(driver)
        await driver.press("tab", "tab")
        assert driver.names
        assert driver.screen.results.shown[0].chunk.path.startswith("e\x1b")
        assert sane(driver)

    run(make_app(indexed), script)


def test_an_error_of_the_index_is_said_with_its_remedy(play: Play) -> None:
    async def script(driver: Driver) -> None:
        driver.screen.post_message(Desk.Failed(StoreError("The disk is full", "Make room")))
        await driver.rest()
        assert "The disk is full" in driver.text
        assert "Make room" in driver.text
        await driver.press("enter")
        assert "functions, classes and passages" in driver.text

    play(script)
