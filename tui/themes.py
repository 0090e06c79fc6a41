"""Two themes, dark and light, and the colours that every other theme gets for code and hits."""

from __future__ import annotations

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
    "chosen-blurred": "#1a1f29",
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
    "chosen-blurred": "#efebdf",
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
        variables={
            **_DARK_VARIABLES,
            "footer-background": "#11141a",
            "footer-key-foreground": "#efb866",
            "footer-description-foreground": "#818b9c",
            "input-cursor-background": "#efb866",
            "input-selection-background": "#7fb8f5 30%",
            "block-cursor-background": "#1d2431",
            "block-cursor-foreground": "#d5dae3",
            "block-cursor-text-style": "bold",
            "block-cursor-blurred-background": "#1d2431",
            "scrollbar": "#2a303b",
            "scrollbar-hover": "#3a4250",
            "scrollbar-active": "#4d5666",
            "scrollbar-background": "#11141a",
            "scrollbar-background-hover": "#11141a",
            "scrollbar-background-active": "#11141a",
            "scrollbar-corner-color": "#11141a",
            "border": "#7fb8f5",
            "border-blurred": "#2a303b",
        },
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
        variables={
            **_LIGHT_VARIABLES,
            "footer-background": "#fbf9f3",
            "footer-key-foreground": "#b0610a",
            "footer-description-foreground": "#686c75",
            "input-cursor-background": "#b0610a",
            "input-selection-background": "#1b5fb5 20%",
            "block-cursor-background": "#e9e4d4",
            "block-cursor-foreground": "#2a2d34",
            "block-cursor-text-style": "bold",
            "block-cursor-blurred-background": "#e9e4d4",
            "scrollbar": "#dcd8ca",
            "scrollbar-hover": "#c5c1b2",
            "scrollbar-active": "#a9a698",
            "scrollbar-background": "#fbf9f3",
            "scrollbar-background-hover": "#fbf9f3",
            "scrollbar-background-active": "#fbf9f3",
            "scrollbar-corner-color": "#fbf9f3",
            "border": "#1b5fb5",
            "border-blurred": "#dcd8ca",
        },
    ),
)


def default_variables(*, dark: bool) -> dict[str, str]:
    """Colours for themes that are not ours: they know nothing of code and hits."""
    if dark:
        neutral = {"code-span": "$panel", "chosen": "$panel", "chosen-blurred": "$surface"}
        return _DARK_VARIABLES | neutral | {"line": "$panel-lighten-1", "quiet": "$text-muted"}
    neutral = {"code-span": "$panel", "chosen": "$panel", "chosen-blurred": "$surface"}
    return _LIGHT_VARIABLES | neutral | {"line": "$panel-darken-1", "quiet": "$text-muted"}
