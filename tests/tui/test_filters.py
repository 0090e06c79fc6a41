"""Filters: typed, completed, clicked, and wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import repos
from codesearch import Index
from driver import Driver, run
from tui.app import make_app
from tui.facets import Facet, count_facets, toggle
from tui.filters import path_pattern
from tui.widgets.bars import FacetBar

Play = Callable[..., None]


def test_a_filter_narrows_and_is_shown_as_set(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("retry after a failure lang:golang")
        assert {hit.chunk.language for hit in driver.screen.results.shown} == {"go"}
        assert "✓ go" in driver.text

    play(script)


def test_filters_without_words_leave_no_hits_of_another_question(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("cookie")
        await driver.ask("lang:golang ")
        assert "functions, classes and passages" in driver.text
        assert "✓ go" in driver.text
        assert "hits ·" not in driver.text
        await driver.type("cookie")
        assert driver.names

    play(script)


def test_completion_by_tab_keeps_the_hits_meanwhile(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.type("cookie")
        before = driver.names
        await driver.type(" lang:")
        assert driver.screen.completions.is_open
        assert driver.names == before
        await driver.type("g")
        await driver.press("tab")
        assert driver.screen.ask.value == "cookie lang:go "
        assert not driver.screen.completions.is_open
        assert {hit.chunk.language for hit in driver.screen.results.shown} == {"go"}

    play(script)


def test_completion_chosen_by_arrows_and_put_aside_by_escape(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.type("x kind:")
        await driver.press("down", "enter")
        assert driver.screen.ask.value == "x kind:method "
        await driver.type("path:")
        assert driver.screen.completions.is_open
        await driver.press("escape")
        assert not driver.screen.completions.is_open
        assert driver.screen.ask.value == "x kind:method path:"

    play(script)


def test_folders_are_completed_one_after_the_other(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.type("x path:sho")
        await driver.press("tab")
        assert driver.screen.ask.value == "x path:/shop/"
        assert "shop/cart.py" in driver.text
        await driver.type("ca")
        await driver.press("tab")
        assert driver.screen.ask.value == "x path:/shop/cart.py "

    play(script)


def test_a_folder_whose_name_is_a_pattern_is_found_by_its_count(indexed: Path) -> None:
    tea = "export function brewTea() {}\n"
    repos.write(indexed, {f"{name}/tea.ts": tea for name in ("[slug]", "s", "!s", "my, docs")})

    async def script(driver: Driver) -> None:
        def facet() -> Facet:
            answer = driver.screen.answer
            assert answer is not None
            groups = count_facets(answer.hits, answer.query)
            return next(one for group in groups for one in group if one.value in (name, set_))

        for name in ("[slug]/", "!s/", "my, docs/", "s/"):
            set_ = path_pattern(name)
            await driver.ask("brewTea lang:typescript")
            await driver.ask(toggle(driver.screen.ask.value, facet()))
            paths = [hit.chunk.path for hit in driver.screen.results.shown]
            assert paths == [f"{name}tea.ts"]
            assert toggle(driver.screen.ask.value, facet()) == "brewTea lang:typescript"

    run(make_app(indexed), script)


def test_a_half_typed_value_is_no_error_a_wrong_one_explains_itself(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("cookie")
        before = driver.names
        await driver.ask("cookie lang:pyt")
        assert "There is no" not in driver.text
        await driver.ask("cookie lang:pyhton")
        assert "There is no language 'pyhton'" in driver.text
        assert "Did you mean lang:python?" in driver.text
        assert driver.names == before
        await driver.ask("cookie lnag:python")
        assert "There is no filter lnag:" in driver.text
        await driver.ask("cookie lang:python")
        assert "There is no" not in driver.text

    play(script)


def test_facets_count_the_hits_and_are_toggled_by_a_click(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("cookie")
        languages = [hit.chunk.language for hit in driver.screen.results.shown]
        line = driver.text.split("\n")[4]
        for name in ("python", "go"):
            assert f"{name} {languages.count(name)}" in line
        bar = driver.screen.query_one(FacetBar)
        place = line.index("go ") - bar.region.x
        await driver.pilot.click(FacetBar, offset=(place, 0))
        await driver.rest()
        assert driver.screen.ask.value == "cookie lang:go "
        place = driver.text.split("\n")[4].index("go")
        await driver.pilot.click(FacetBar, offset=(place - bar.region.x, 0))
        await driver.rest()
        assert driver.screen.ask.value.strip() == "cookie"

    play(script)


def test_another_ref_that_is_not_there_is_an_error_with_a_remedy(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("cookie ref:main")
        assert driver.names
        await driver.ask("cookie ref:nowhere")
        assert "has no revision 'nowhere'" in driver.text
        await driver.ask("cookie")
        assert driver.names
        assert "has no revision" not in driver.text

    play(script)


def test_a_ref_is_indexed_when_it_is_typed_to_its_end_and_not_before(indexed: Path) -> None:
    for number in range(12):
        repos.write(indexed, {"tea.py": f"def brew_tea_{number}():\n    return {number}\n"})
        repos.commit(indexed)
    with Index.open(indexed) as index:
        index.sync()

    def followed() -> int:
        with Index.open(indexed) as index:
            return len(index.refs())

    async def script(driver: Driver) -> None:
        await driver.type("brew tea ref:main")
        assert driver.names[0] == "brew_tea_11"
        for key in ("tilde", "1", "0"):
            await driver.press(key)
        assert "main~10 is not indexed yet" in driver.text
        assert followed() == 1
        await driver.press("enter")
        assert driver.names[0] == "brew_tea_1"
        assert followed() == 2
        await driver.ask("brew tea ref:main~9")
        assert driver.names[0] == "brew_tea_1"  # still
        await driver.type(" ")
        assert driver.names[0] == "brew_tea_2"

    run(make_app(indexed), script)


def test_a_ref_that_is_not_there_beside_a_half_typed_filter(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("cookie ref:nowhere lang:p")
        await driver.press("escape")  # the list of completions
        assert "has no revision 'nowhere'" in driver.text

    play(script)


def test_a_repository_that_is_not_open_is_said(play: Play) -> None:
    async def script(driver: Driver) -> None:
        await driver.ask("cookie repo:shop")
        assert driver.names
        await driver.ask("cookie repo:flask")
        assert "flask is not open here" in driver.text

    play(script)
