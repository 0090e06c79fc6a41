"""Draws docs/tui.svg and docs/tui-light.svg: the real terminal interface over a real repository.

python docs/tui_picture.py ~/src/flask "where are cookies signed"
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from tui.app import make_app
from tui.preferences import Preferences
from tui.screens.search import SearchScreen

_FONTS = 'Menlo, Consolas, "DejaVu Sans Mono", monospace'
_SIZE = (120, 36)
_PATIENCE = 60.0  # seconds


async def _draw(repository: Path, question: str, theme: str) -> str:
    app = make_app(repository, question=question, preferences=Preferences(theme=theme))
    async with app.run_test(size=_SIZE) as pilot:
        screen = app.screen
        assert isinstance(screen, SearchScreen)
        screen.ask.cursor_blink = False
        waited = 0.0
        while screen.preview.shown is None and waited < _PATIENCE:
            await pilot.pause(0.1)
            waited += 0.1
        for _ in range(3):  # the first answer waited for the encoder
            screen.search()
            await pilot.pause(0.5)
        return app.export_screenshot(title="codesearch", simplify=True)


def _selfcontained(svg: str) -> str:
    """Without fonts from elsewhere: where the picture is shown, they would not be loaded."""
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: Fira Code, monospace", f"font-family: {_FONTS}", svg)
    return re.sub(r"terminal-\d+-", "terminal-", svg)


def main(repository: str, question: str) -> None:
    """Draw both."""
    for theme, name in (("codesearch-dark", "tui.svg"), ("codesearch-light", "tui-light.svg")):
        svg = _selfcontained(asyncio.run(_draw(Path(repository), question, theme)))
        (Path(__file__).parent / name).write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
