"""Any text is taken: broken, foreign, huge, deep, oddly encoded."""

from __future__ import annotations

import random

import pytest

from indexers.chunker import chunk_text
from indexers.languages import GRAMMARS, LANGUAGES
from indexers.types import Kind
from tests.indexers.outlines import SOURCES, chunks_of, outline, uncovered

PYTHON = 'def f(a):\n\t"""Does it."""\n\treturn a\n\n\nclass C:\n\tdef g(self):\n\t\treturn 1\n'
OUTLINE = ["function f 1-3 | Does it.", "class C 6-8", "method C.g 7-8"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["", " ", "\n", "\n\n \t\n", "\ufeff", "\r\n\r\n", "\f\n"])
def test_blank_files_have_no_chunks(language: str, text: str) -> None:
    assert chunk_text(text, path="a", language=language, blob="") == []


@pytest.mark.parametrize(
    "text",
    [
        PYTHON,
        PYTHON.replace("\n", "\r\n"),
        PYTHON.replace("\n", "\r"),
        "\ufeff" + PYTHON,
        PYTHON.rstrip("\n"),
        PYTHON.replace("return a", "return 'é\u2028\x85\x0b\x1c'"),
        PYTHON.replace("\n\n\n", "\n\f\n\n"),
    ],
    ids=["lf", "crlf", "cr", "bom", "no last line end", "other line ends", "form feed"],
)
def test_line_numbers_are_git_s(text: str) -> None:
    chunks = chunks_of(text, "a.py")
    assert outline(chunks) == OUTLINE
    assert "\r" not in "".join(chunk.text for chunk in chunks)
    assert "\ufeff" not in chunks[0].text
    assert chunks[0].text.startswith('def f(a):\n\t"""Does it."""\n\t')


def test_bytes_and_characters_are_not_mixed_up() -> None:
    text = (
        "# Größe – 尺寸 🦀\ndef größe(ü):\n    '''Misst 🦀.'''\n    return ü\n\nnaïve = größe(1)\n"
    )
    chunks = chunks_of(text, "a.py")
    assert outline(chunks) == ["function größe 1-4 | Misst 🦀.", "module 6-6"]
    assert chunks[0].signature == "def größe(ü)"


def test_lone_surrogates_are_taken() -> None:
    assert chunks_of("def f():\n    return '\udcff'\n", "a.py")[0].text.endswith("'?'")


@pytest.mark.parametrize(
    ("path", "broken"),
    [
        ("a.py", "def ok1():\n    pass\n\n%%% ] broken ( {\n\ndef ok2():\n    pass\n"),
        ("a.js", "function ok1() {}\n\nconst = = ; ] broken\n\nfunction ok2() {\n}\n"),
        ("a.go", "package a\n\nfunc ok1() {}\n\nfunc broken() { x := := ]1 }\n\nfunc ok2() {\n}\n"),
        ("a.rs", "fn ok1() {}\n\nfn broken(] -> {\n\nfn ok2() {\n}\n"),
        ("A.java", "class A {\n void ok1() {}\n\n int broken( = ;\n\n void ok2() {\n }\n}\n"),
    ],
)
def test_definitions_around_a_syntax_error_are_found(path: str, broken: str) -> None:
    chunks = chunks_of(broken, path)
    assert {"ok1", "ok2"} <= {chunk.symbol for chunk in chunks}
    assert any("broken" in chunk.text for chunk in chunks)
    assert uncovered(broken, chunks) == []


DEEP = {
    "parentheses": "x = " + "(" * 5000 + "1" + ")" * 5000,
    "open parentheses": "(" * 5000,
    "braces": "{" * 5000 + "}" * 5000,
    "calls": "foo bar " * 2000,
    "functions": "".join(f"function f{n}() {{\n" for n in range(1000)) + "}\n" * 1000,
    "classes": "".join(f"class C{n} {{\n" for n in range(1000)) + "}\n" * 1000,
    "else if": "if (a) {\n" + "} else if (b) {\n  c();\n" * 500 + "}\n",
    "one line": "a(b);" * 5000,
    "rulers": "/*" + "-" * 5000 + "x*/\n#" + "=" * 5000 + "x\n",
    "open tags": "/// " + "<see " * 2000 + "\nint f() {}\n",
    "quotes": "\"'" * 5000,
}


@pytest.mark.parametrize("language", sorted(set(GRAMMARS) - {"tsx"}))
@pytest.mark.parametrize("shape", DEEP)
def test_depth_and_length_break_nothing(language: str, shape: str) -> None:
    chunks = chunk_text(DEEP[shape], path="a", language=language, blob="")
    assert uncovered(DEEP[shape], chunks) == []
    assert max(len(chunk.text) for chunk in chunks) <= 2000


@pytest.mark.parametrize(
    "name", sorted(p.name for p in SOURCES.iterdir() if p.suffix != ".outline")
)
def test_torn_sources_stay_covered_and_in_budget(name: str) -> None:
    source = (SOURCES / name).read_text("utf-8")
    chance = random.Random(name)
    for _ in range(15):
        start, end = sorted(chance.sample(range(len(source)), 2))
        noise = "".join(chance.choice("{}()[]\"'`\n\r\t\f\0é名/*-#") for _ in range(20))
        torn = chance.choice(
            [source[start:end], source[:start] + source[end:], source[:end] + noise]
        )
        budget = chance.choice([2000, 200, 30, 1])
        chunks = chunks_of(torn, name, budget=budget)
        assert uncovered(torn, chunks) == []
        assert [chunk for chunk in chunks if len(chunk.text) > budget] == []


def test_a_generated_file_of_5_mb_gives_bounded_chunks() -> None:
    body = "".join(f"\tb += a * {number} // and so on\n" for number in range(15))
    function = (
        "// f{0} returns it.\nfunc f{0}(a int) int {{\n\tb := a\n" + body + "\treturn b\n}}\n\n"
    )
    text = "package a\n\n" + "".join(function.format(number) for number in range(12_000))
    assert len(text) > 5_000_000
    chunks = chunks_of(text, "a.go")
    assert len(chunks) == 12_001
    assert outline(chunks[-1:]) == ["function f11999 251982-252001 | f11999 returns it."]


def test_a_data_file_gives_bounded_chunks() -> None:
    text = (
        "TABLE = {\n" + "".join(f"    {n}: [1, 2, {n}, 'entry'],\n" for n in range(40_000)) + "}\n"
    )
    chunks = chunks_of(text, "a.py")
    assert {chunk.kind for chunk in chunks} == {Kind.MODULE}
    assert max(len(chunk.text) for chunk in chunks) <= 2000
    assert len(chunks) < 2 * len(text) / 2000
    assert uncovered(text, chunks) == []


def test_a_giant_line_is_cut_between_characters() -> None:
    line = "var x=[" + "1234567," * 50_000 + "]"
    chunks = chunks_of("f()\n" + line + "\ng()\n", "a.js")
    pieces = [chunk for chunk in chunks if chunk.span.start_line == 2 == chunk.span.end_line]
    assert "".join(chunk.text for chunk in pieces) == line
    assert max(len(chunk.text) for chunk in chunks) <= 2000


def test_a_large_file_that_is_not_of_its_language_is_cut_by_lines() -> None:
    """English as Lua: error recovery would take minutes."""
    code = "local function f() end\n" * 5000
    assert chunks_of(code, "a.lua")[0].kind is Kind.FUNCTION
    prose = "This is a sentence, and it goes on about nothing in particular.\n" * 4000
    chunks = chunks_of(prose, "a.lua")
    assert {chunk.kind for chunk in chunks} == {Kind.MODULE}
    assert uncovered(prose, chunks) == []


@pytest.mark.parametrize("language", ["java", "cpp", "php"])
def test_a_large_class_is_not_taken_for_broken_text(language: str) -> None:
    """Its first 20 kB are one class that does not end: nothing but syntax errors."""
    start, end = {
        "java": ("class Big {\n", "}\n"),
        "cpp": ("namespace n {\nclass Big {\n public:\n", "};\n}\n"),
        "php": ("<?php\nclass Big {\n", "}\n"),
    }[language]
    method = {
        "java": "  /** Add. */\n  int add{n}(int a) {{\n    return a + {n};\n  }}\n",
        "cpp": "  // Add.\n  int add{n}(int a) {{\n    return a + {n};\n  }}\n",
        "php": "  /** Add. */\n  function add{n}($a) {{\n    return $a + {n};\n  }}\n",
    }[language]
    text = start + "".join(method.format(n=n) for n in range(3000)) + end
    chunks = chunk_text(text, path="big", language=language, blob="b")
    assert sum(chunk.kind is Kind.METHOD for chunk in chunks) == 3000


def test_an_unknown_language_is_cut_by_lines() -> None:
    chunks = chunk_text("one\n\ntwo\n", path="a", language="klingon", blob="b")
    assert outline(chunks) == ["text 1-3"]
