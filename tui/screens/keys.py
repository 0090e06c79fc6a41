"""Every key of the main screen, in one table: footer, help and command palette are made from it.

While the question is being typed the control keys work; elsewhere the letters do too.
"""

from __future__ import annotations

from textual.binding import Binding

BINDINGS = [
    Binding("ctrl+o,enter,o", "open", "open", key_display="↵"),
    Binding("ctrl+l,s", "similar", "similar", key_display="^l"),
    Binding("ctrl+y,y", "copy('place')", "copy", key_display="^y"),
    Binding("ctrl+t,e", "explain", "why", key_display="^t"),
    Binding("ctrl+g,f", "group", "group", key_display="^g"),
    Binding("ctrl+r,r", "history", "history", key_display="^r"),
    Binding("ctrl+b,b", "refs", "Search another ref", show=False),
    Binding("ctrl+s", "sync", "sync", key_display="^s"),
    Binding("f1,question_mark", "help", "keys", key_display="F1"),
    Binding("Y", "copy('path')", "Copy the path", show=False),
    Binding("c", "copy('code')", "Copy the code", show=False),
    Binding("up", "move(-1)", "Previous hit", show=False),
    Binding("down", "move(1)", "Next hit", show=False),
    Binding("ctrl+down,right_square_bracket", "file(1)", "Next file", show=False),
    Binding("ctrl+up,left_square_bracket", "file(-1)", "Previous file", show=False),
    Binding("shift+down", "scroll_code(1)", "Scroll the code down", show=False),
    Binding("shift+up", "scroll_code(-1)", "Scroll the code up", show=False),
    Binding("pagedown", "scroll_code(20)", "Page down in the code", show=False),
    Binding("pageup", "scroll_code(-20)", "Page up in the code", show=False),
    Binding("slash", "ask", "To the question", show=False),
    Binding("d", "density", "Compact or comfortable", show=False),
    Binding("v", "layout", "Side by side or stacked", show=False),
    Binding("escape", "back", "Back", show=False),
    Binding("q", "app.quit", "Quit", show=False),
]

HELP = (
    (
        "The question",
        (
            ("type", "search as you type; Enter opens the best hit"),
            ("Tab", "complete a filter; else go on to the hits"),
            ("Esc", "one step back; at last it empties the question"),
            ("Ctrl+R", "questions asked before"),
        ),
    ),
    (
        "Hits",
        (
            ("↑ ↓", "choose, while typing too"),
            ("Ctrl+↑ Ctrl+↓", "previous and next file  ·  [ ]"),
            ("Enter, Ctrl+O", "open in your editor, at the line  ·  o"),
            ("Ctrl+L", "more like this  ·  s"),
            ("Ctrl+Y", "copy path:line  ·  y  (Y the path, c the code)"),
            ("Ctrl+T", "why it is there: the score, taken apart  ·  e"),
            ("Ctrl+G", "group by file  ·  f"),
        ),
    ),
    (
        "Code",
        (
            ("Shift+↑ ↓, PgUp PgDn", "scroll the whole file"),
            ("Tab", "into the code: j k h l, space, g G"),
        ),
    ),
    (
        "Everything else",
        (
            ("Ctrl+S", "bring the index to HEAD meanwhile; again: stop"),
            ("Ctrl+B", "search another branch or tag  ·  b"),
            ("Ctrl+P", "all commands, themes too"),
            ("d  v", "one line a hit; side by side or stacked"),
            ("Ctrl+Q, Ctrl+C", "leave  ·  q"),
        ),
    ),
    (
        "Filters",
        (
            ("lang:python", "lang:go,rust   -lang:markdown"),
            ("path:src/", "path:*.py   path:docs/**   -path:tests/"),
            ("kind:method", "function, method, class, module, text"),
            ("ref:v2.0", "a branch, tag or commit"),
            ('"lang:x"', "in quotes: words, not a filter"),
        ),
    ),
)
