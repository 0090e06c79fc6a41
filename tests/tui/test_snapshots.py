"""What the main states look like. ``UPDATE_SNAPSHOTS=1 pytest tests/tui/test_snapshots.py`` writes
the pictures anew: look at them before you commit them."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

import repos
from codesearch import Explanation, Hit, Index
from driver import Driver, run
from tui.app import make_app
from tui.preferences import Preferences
from tui.session import Answer

FOLDER = Path(__file__).parent / "snapshots"
Steps = Callable[[Driver], Awaitable[None]]


def steady(answer: Answer) -> Answer:
    """The same hits in an order, and with scores, that no other encoder or processor changes."""
    parts = {"meaning": 0.5, "words": 0.5, "exact name": 0.4, "same file": 0.25}
    why = Explanation(1, 0.612, 2, 9.5, parts)

    def place(hit: Hit) -> tuple[bool, str, int]:
        chunk = hit.chunk
        return chunk.path != "shop/session.py", chunk.path, chunk.span.start_line

    hits = [
        replace(hit, score=1.65 - number / 10, explanation=why)
        for number, hit in enumerate(sorted(answer.hits, key=place))
    ]
    return replace(answer, hits=hits, milliseconds=7)


def asked(question: str, *keys: str) -> Steps:
    async def steps(driver: Driver) -> None:
        await driver.ask(question)
        if driver.screen.answer is not None:
            driver.screen.show_answer(steady(driver.screen.answer))
            await driver.rest()
        if keys:
            await driver.press(*keys)

    return steps


SHOTS: dict[str, tuple[Steps, tuple[int, int], dict[str, object]]] = {
    **{
        f"hits-{width}x{height}-{theme}": (
            asked("where are cookies signed", "down"),
            (width, height),
            {"theme": f"codesearch-{theme}"},
        )
        for width, height in ((80, 24), (120, 40), (200, 50))
        for theme in ("dark", "light")
    },
    "welcome-120x40-dark": (asked(""), (120, 40), {}),
    "grouped-120x40-light": (asked("cookie prices"), (120, 40), {"grouped": True}),
    "compact-80x24-dark": (asked("cookie prices"), (80, 24), {"density": "compact"}),
    "nothing-120x40-dark": (asked("cookie lang:go path:web/"), (120, 40), {}),
    "wrong-filter-80x24-light": (asked("cookie lang:pyhton"), (80, 24), {}),
    "completion-120x40-dark": (asked("cookie kind:"), (120, 40), {}),
    "explained-80x24-dark": (asked("sign_cookie", "ctrl+t"), (80, 24), {}),
    "help-120x40-light": (asked("cookie", "f1"), (120, 40), {}),
    "wide-80x24-dark": (asked("挨拶"), (80, 24), {}),
    "tiny-40x10-dark": (asked("sign_cookie"), (40, 10), {}),
}


@pytest.mark.parametrize("name", SHOTS)
def test_states(name: str, odd_shop: Path, index_dir: Path) -> None:
    steps, size, preferences = SHOTS[name]
    theme = "codesearch-light" if "light" in name else "codesearch-dark"
    chosen = Preferences(**{"theme": theme, **preferences})  # type: ignore[arg-type]
    app = make_app(odd_shop, index_dir=index_dir, preferences=chosen)
    run(app, _shot(steps, name), size)


def test_not_indexed(odd_shop: Path, tmp_path: Path) -> None:
    app = make_app(odd_shop, index_dir=tmp_path / "none", preferences=Preferences())

    async def offered(driver: Driver) -> None:
        await driver.until(lambda: "is not indexed yet" in driver.text)

    run(app, _shot(offered, "not-indexed-80x24-dark"), (80, 24))


def test_several(odd_shop: Path, tmp_path: Path) -> None:
    bank = repos.init(tmp_path / "bank")
    cheque = 'def sign_cheque(cheque):\n    """Sign a cheque, as a cookie is signed."""\n'
    repos.write(bank, {"bank/cheque.py": cheque})
    repos.commit(bank)
    for place in (odd_shop, bank):
        with Index.open(place) as index:
            index.sync()
    app = make_app(None, preferences=Preferences())
    run(app, _shot(asked("where are cookies signed", "down"), "several-120x40-dark"), (120, 40))


def test_no_unicode(odd_shop: Path, index_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.ISO-8859-1")
    app = make_app(odd_shop, index_dir=index_dir, preferences=Preferences())
    run(app, _shot(asked("cookie prices"), "latin-80x24-dark"), (80, 24))


def test_no_colour(odd_shop: Path, index_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app(odd_shop, index_dir=index_dir, preferences=Preferences())
    run(app, _shot(asked("cookie prices", "down"), "nocolor-80x24-dark"), (80, 24))


def _shot(steps: Steps, name: str) -> Steps:
    async def script(driver: Driver) -> None:
        await steps(driver)
        await driver.pilot.pause()
        _compare(name, driver.app.export_screenshot(simplify=True))

    return script


def _compare(name: str, svg: str) -> None:
    path = FOLDER / f"{name}.svg"
    svg = _normal(svg)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(svg, encoding="utf-8")
        return
    if svg != path.read_text(encoding="utf-8"):
        new = path.with_suffix(".new.svg")
        new.write_text(svg, encoding="utf-8")
        pytest.fail(f"{name} looks different: compare {path} with {new}")


def _normal(svg: str) -> str:
    """Without what differs between two runs, and without fonts from elsewhere."""
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"terminal-\d+-", "terminal-", svg)
    # The line that shows the temporary folder is as long as the path.
    shown = r"<text[^>]*terminal-line-(\d+)[^>]*>[^<]*/tui\d+/shop[^<]*</text>"
    for line in re.findall(shown, svg):
        svg = re.sub(rf'<rect[^>]* y="{1.5 + 24.4 * int(line):g}"[^>]*/>', "", svg)
    return re.sub(shown, "", svg)
