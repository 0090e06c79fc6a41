"""The pieces that need no screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.style import Style

import freeing
from codesearch import Query
from codesearch.filters import conditions
from tui.app import speaks_unicode
from tui.ascii import plain
from tui.completion import Known, complete, folders
from tui.document import Document
from tui.editors import Editor
from tui.facets import Facet, toggle, without_filters
from tui.filters import written
from tui.highlight import PlainPainter, paint
from tui.history import History
from tui.lines import cut, cut_left, printable, row
from tui.places import moved_line
from tui.preferences import Preferences


@pytest.mark.parametrize(
    ("editor", "arguments", "has_window"),
    [
        ("vim", ["+7", "/a/b.py"], False),
        ("/usr/bin/nvim -R", ["+7", "/a/b.py"], False),
        ("emacs -nw", ["+7", "/a/b.py"], False),
        ("emacsclient -t", ["+7", "/a/b.py"], False),
        ("emacsclient", ["+7", "/a/b.py"], True),
        ("nano", ["+7", "/a/b.py"], False),
        ("hx", ["/a/b.py:7"], False),
        ("code --wait", ["--goto", "/a/b.py:7"], True),
        ("idea.sh", ["--line", "7", "/a/b.py"], True),
        ("'/opt/my editor/subl' -n", ["/a/b.py:7"], True),
        ("ed", ["/a/b.py"], False),
    ],
)
def test_editors_are_told_the_line(editor: str, arguments: list[str], has_window: bool) -> None:
    found = Editor.find({"VISUAL": "", "EDITOR": editor})
    assert found is not None
    assert found.has_window == has_window
    command = found.command(Path("/a/b.py"), 7)
    assert command[len(found.words) :] == arguments


def test_visual_goes_before_editor_and_none_is_none(tmp_path: Path) -> None:
    found = Editor.find({"VISUAL": "hx", "EDITOR": "vim"})
    assert found is not None
    assert found.name == "hx"
    assert Editor.find({"PATH": str(tmp_path)}) is None


def test_a_line_is_found_again_where_it_went() -> None:
    old = "a\nb\n\ndef f():\n    pass\n"
    assert moved_line(old, old, 4) == 4
    assert moved_line(old, "new\n" * 10 + old, 4) == 14
    assert moved_line(old, "a\n", 4) == 1
    assert moved_line(old, "", 4) == 1
    assert moved_line("x\ndef f():\n", "def f():\nx\nx\nx\nx\ndef f():\n", 2) == 1  # the nearest


def test_only_line_feeds_end_a_line() -> None:
    old = "a\fb\n\x0c\ndef f():\n"
    assert moved_line(old, "new\n" + old, 3) == 4
    assert moved_line(old, "new\r\n" + old.replace("\n", "\r\n"), 3) == 4


def test_windows_line_ends_are_none_to_see() -> None:
    text = "def f(x):\n\t# note\n\treturn 'abc'\n"
    document = Document.of(text.replace("\n", "\r\n"), "python", "x.py")
    assert document.lines == ["def f(x):", "    # note", "    return 'abc'"]
    plain = Document.of(text, "python", "x.py")
    for number in range(3):
        assert document.painter.line(number) == plain.painter.line(number)
    assert Document.of("a\rb\n", "text", "x").lines == ["a·b"]


KNOWN = Known(
    languages={"python": 10, "go": 3},
    paths=folders(
        ["src/app/main.py", "src/app/a b.py", "src/lib.py", "README.md", "src/app/[a, b]/!c.py"]
    ),
    refs=["main", "v1"],
    repositories=["shop"],
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("x lang:", ["python", "go"]),
        ("x lang:p", ["python"]),
        ("x lang:python,g", ["go"]),
        ("x lang:python", []),
        ("x kind:m", ["method", "module"]),
        ("x path:", ["src/", "README.md"]),
        ("x path:src/", ["src/app/", "src/lib.py"]),
        ("x path:main", ["src/app/main.py"]),
        ("x -path:REA", ["README.md"]),
        ("x ref:v", ["v1"]),
        ("x repo:", ["shop"]),
        ("x lang", []),
        ("lang: x", []),
    ],
)
def test_completion(text: str, values: list[str]) -> None:
    assert [c.value for c in complete(text, len(text), KNOWN)] == values


@pytest.mark.parametrize(
    ("text", "cursor", "after"),
    [
        ("x lang:p", 8, "x lang:python |"),
        ("x lang:p y", 8, "x lang:python |y"),
        ("x lang:go,p", 11, "x lang:go,python |"),
        ("x path:s", 8, "x path:/src/|"),
        ("x path:src/app/a", 16, 'x path:"/src/app/a b.py" |'),
        ('x -path:"docs, old/","src/ap', 28, 'x -path:"docs, old/",/src/app/|'),
        ("x path:src/app/[", 16, 'x path:"/src/app/\\[a, b]/"|'),
        ('x path:"/src/app/\\[a, b]/"', 26, 'x path:"/src/app/\\[a, b]/!c.py" |'),
    ],
)
def test_a_completion_is_put_in_place(text: str, cursor: int, after: str) -> None:
    done, place = complete(text, cursor, KNOWN)[0].apply(text)
    assert done[:place] + "|" + done[place:] == after


def test_a_facet_is_set_and_taken_out_again() -> None:
    python = Facet("lang", "python", 3)
    assert toggle("cookie", python) == "cookie lang:python "
    assert toggle("", python) == "lang:python "
    set_ = Facet("lang", "python", 3, active=True)
    assert toggle("cookie lang:python jar", set_) == "cookie jar"
    assert toggle("cookie lang:go,python", set_) == "cookie lang:go"
    assert toggle("cookie lang:py jar", set_) == "cookie jar"
    assert toggle("cookie lang:python lang:nonsense", set_) == "cookie lang:nonsense"
    assert toggle("cookie", Facet("path", "my docs/", 1)) == 'cookie path:"/my docs/" '
    both = 'cookie path:"/my docs/","/other, dir/"'
    assert toggle(both, Facet("path", "/my docs/", 1, True)) == 'cookie path:"/other, dir/"'
    assert without_filters('a lang:go "b  c" -path:x/ d') == 'a "b  c" d'


PATHS = ["src/", "app/src/", "app/[slug]/", "app/s/", "a,b/", "my docs/", "!x/", "x/", "#y", "y "]
PATHS += [
    "*.py",
    "a.py",
    "**/",
    'say "hi"/',
    "new\nline",
    "tab\t",
    "a\\b",
    "ab",
    "e\x1b[31m/",
    "{a}$",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_written_so_that_it_alone_is_meant(path: str) -> None:
    asked = Query.parse(f"x path:{written('path', path)} y").filter
    assert asked is not None
    (condition,) = conditions(asked, lambda: PATHS)
    assert not condition.negated
    assert condition.values == (path,)


SAMPLES = {
    "bash": ("x.sh", "if true; then echo 'a'; fi"),
    "c": ("x.c", "static int f(char *a) { return 1; }"),
    "cpp": ("x.cpp", "class A : public B { int f() const; };"),
    "csharp": ("x.cs", "public class A { int F() => 1; }"),
    "elixir": ("x.ex", "defmodule A do\n  def f(a), do: a\nend"),
    "go": ("x.go", "package a\nfunc f(a int) error { return nil }"),
    "haskell": ("X.hs", "module X where\nf :: Int -> Int"),
    "java": ("X.java", "class A { int f() { return 1; } }"),
    "javascript": ("x.js", "export function f(a) { return a; }"),
    "kotlin": ("x.kt", "class A { fun f(): Int = 1 }"),
    "lua": ("x.lua", "local function f(a) return a end"),
    "php": ("x.php", "<?php\nfunction f($a) { return $a; }"),
    "python": ("x.py", "def f(a):\n    return 'a'"),
    "ruby": ("x.rb", "class A\n  def f; end\nend"),
    "rust": ("x.rs", "pub fn f(a: u8) -> u8 { a }"),
    "scala": ("x.scala", "class A { def f(a: Int): Int = a }"),
    "swift": ("x.swift", "func f(a: Int) -> Int { return a }"),
    "typescript": ("x.ts", "export function f(a: number): string { return ''; }"),
    "tsx": ("x.tsx", "export const f = () => <div>a</div>;"),
    "zig": ("x.zig", "pub fn f(a: u8) void { return; }"),
    "yaml": ("x.yml", "a: 1\nb: true"),
    "toml": ("x.toml", "[a]\nb = 1"),
    "sql": ("x.sql", "SELECT a FROM b"),
    "markdown": ("x.md", "# A\n\ntext"),
    "dockerfile": ("Dockerfile", "FROM a\nRUN b"),
}


@pytest.mark.parametrize("language", SAMPLES)
def test_every_language_is_coloured(language: str) -> None:
    path, text = SAMPLES[language]
    name = "typescript" if language == "tsx" else language
    painter = paint(text, name, path)
    lines = text.split("\n")
    styles = set()
    for number, line in enumerate(lines):
        for start, end, style in painter.line(number):
            assert 0 <= start < end <= len(line)
            styles.add(style)
    assert styles - {""}, language
    if language not in ("yaml", "toml", "markdown"):
        assert "keyword" in styles, language


def test_colours_stand_where_they_belong_beside_wide_characters() -> None:
    text = 'name = "こんにちは"  # 挨拶\nreturn 1'
    pieces = {text.split("\n")[0][a:b]: s for a, b, s in paint(text, "python", "x.py").line(0)}
    assert pieces['"こんにちは"'] == "string"
    assert pieces["# 挨拶"] == "comment"


def test_a_very_large_text_is_shown_without_colours() -> None:
    assert isinstance(paint("x = 1\n" * 400_000, "python", "x.py"), PlainPainter)


def test_text_is_cut_by_cells() -> None:
    assert cut("挨拶挨拶", 5) == "挨拶…"
    assert cut("abc", 3) == "abc"
    assert cut_left("src/挨拶.py", 6) == "…拶.py"
    assert cell_len(cut_left("挨" * 9, 4)) <= 4
    assert printable("a\x1b[31m\u202eb\t") == "a·[31m·b\t"


@pytest.mark.parametrize("width", [0, 1, 5, 20, 79])
def test_a_row_has_its_width(width: int) -> None:
    style = Style.null()
    left = [("挨拶 name", style), ("(a, b) -> c", style)]
    segments = row(width, left, [("━━━", style)], style)
    assert sum(cell_len(segment.text) for segment in segments) == width


def test_ascii_takes_as_many_cells() -> None:
    for text in ("╭─❯ ━━─ ▌…", "挨拶", "naïve – “x”", "✓ python ▾ ● ↵"):
        assert plain(text).isascii()
        assert len(plain(text)) == cell_len(text)


@pytest.mark.parametrize(
    ("environment", "unicode"),
    [
        ({"LANG": "de_DE.UTF-8"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "ru_RU.KOI8-R"}, False),
        ({"LC_CTYPE": "UTF-8", "LANG": ""}, True),
        ({"LANG": "C"}, True),
        ({}, True),
    ],
)
def test_the_locale_says_what_can_be_shown(
    environment: dict[str, str], unicode: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert speaks_unicode() == unicode


def test_history_is_kept_newest_first_each_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "questions"
    history = History(path)
    for query in ("a", "b\nc", "", "  ", "a", "\ud800"):
        history.add(query)
    assert history.newest(2) == ["\ud800", "a"]
    assert History(path).newest()[1:] == ["a", "b\nc"]
    path.write_text('not json\n"good"\n[1]\n')
    assert History(path).newest() == ["good"]


def test_two_that_are_open_keep_the_questions_of_both(tmp_path: Path) -> None:
    path = tmp_path / "questions"
    one, other = History(path), History(path)
    assert one.newest() == other.newest() == []
    one.add("a\u2028b")
    other.add("c\x85d")
    one.add("e")
    assert one.newest() == History(path).newest() == ["e", "c\x85d", "a\u2028b"]
    other.add("a\u2028b")
    assert History(path).newest() == ["a\u2028b", "e", "c\x85d"]


def test_a_folder_that_cannot_be_written_only_forgets(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    History(tmp_path / "file" / "questions").add("a")
    Preferences().save(tmp_path / "file" / "tui.json")


@pytest.mark.parametrize("text", ["", "no json", "[1]", '{"layout": "upside", "grouped": "yes"}'])
def test_preferences_that_make_no_sense_are_as_in_a_first_run(text: str, tmp_path: Path) -> None:
    path = tmp_path / "tui.json"
    path.write_text(text)
    assert Preferences.load(path) == Preferences()


def test_the_queries_of_the_highlighter_can_be_freed() -> None:
    """Two threads may load the same one at once; that of JavaScript crashed when it was freed."""
    done = freeing.free("from tui.highlight.trees import _WHEELS as keys, grammar as load\n")
    assert done.returncode == 0, done.stderr
