"""Two themes, dark and light, and the colours that every other theme gets for code and hits."""

from __future__ import annotations

from textual.color import Color
from textual.theme import Theme

DARK, LIGHT = "codesearch-dark", "codesearch-light"

_DARK_VARIABLES = {
    "code-keyword": "#c49be8",
    "code-string": "#9ccf8a",
    "code-number": "#e8a870",
    "code-comment": "#7a8394",
    "code-function": "#7fb8f5",
    "code-type": "#6fd0c3",
    "code-constant": "#e8a870",
    "code-property": "#a9b8d6",
    "code-operator": "#8f9bb3",
    "code-tag": "#e58a8a",
    "code-span": "#1d2431",
    "code-gutter": "#4d5666",
    "quiet": "#818b9c",
    "faint": "#4a5260",
    "line": "#2a303b",
    "chosen": "#1d2431",
}
_LIGHT_VARIABLES = {
    "code-keyword": "#7d3fb8",
    "code-string": "#3b7a2a",
    "code-number": "#a8560a",
    "code-comment": "#7c8088",
    "code-function": "#1b5fb5",
    "code-type": "#0c7568",
    "code-constant": "#a8560a",
    "code-property": "#3d4c6b",
    "code-operator": "#5f6775",
    "code-tag": "#b03a3a",
    "code-span": "#ece7d8",
    "code-gutter": "#a9a698",
    "quiet": "#686c75",
    "faint": "#b3b0a4",
    "line": "#dcd8ca",
    "chosen": "#e9e4d4",
}


def _chrome(ground: str, ink: str, accent: str, variables: dict[str, str]) -> dict[str, str]:
    """What Textual's own widgets are drawn in."""
    quiet, line, chosen = (variables[name] for name in ("quiet", "line", "chosen"))
    bars = ("scrollbar-background", "scrollbar-background-hover", "scrollbar-background-active")
    return {
        **variables,
        **dict.fromkeys((*bars, "scrollbar-corner-color", "footer-background"), ground),
        "footer-key-foreground": accent,
        "footer-description-foreground": quiet,
        "input-cursor-background": accent,
        "block-cursor-background": chosen,
        "block-cursor-blurred-background": chosen,
        "block-cursor-foreground": ink,
        "block-cursor-text-style": "bold",
        "scrollbar": line,
        "scrollbar-hover": variables["faint"],
        "scrollbar-active": variables["code-gutter"],
        "border-blurred": line,
    }


THEMES = (
    Theme(
        name=DARK,
        primary="#7fb8f5",
        secondary="#c49be8",
        accent="#efb866",
        success="#9ccf8a",
        warning="#efb866",
        error="#ef7b7b",
        foreground="#d5dae3",
        background="#11141a",
        surface="#161a21",
        panel="#1c212a",
        variables=_chrome("#11141a", "#d5dae3", "#efb866", _DARK_VARIABLES),
    ),
    Theme(
        name=LIGHT,
        primary="#1b5fb5",
        secondary="#7d3fb8",
        accent="#b0610a",
        success="#3b7a2a",
        warning="#a8560a",
        error="#b3302a",
        foreground="#2a2d34",
        background="#fbf9f3",
        surface="#f5f2e9",
        panel="#eeeade",
        dark=False,
        variables=_chrome("#fbf9f3", "#2a2d34", "#b0610a", _LIGHT_VARIABLES),
    ),
)


def default_variables(theme: Theme) -> dict[str, str]:
    """Colours for themes that are not ours: they know nothing of code and hits."""
    ours = _DARK_VARIABLES if theme.dark else _LIGHT_VARIABLES
    if theme.ansi:
        return ours
    made = theme.to_color_system().generate()
    ground, ink = Color.parse(made["background"]), Color.parse(made["foreground"])
    chosen, line = ground.blend(ink, 0.1).hex, ground.blend(ink, 0.2).hex
    return ours | {
        "code-span": chosen,
        "chosen": chosen,
        "line": line,
        "faint": ground.blend(ink, 0.35).hex,
        "code-gutter": ground.blend(ink, 0.35).hex,
        "quiet": ground.blend(ink, 0.6).hex,
    }
