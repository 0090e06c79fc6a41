"""Which language a path is of, and what users may call it."""

from __future__ import annotations

import pytest

from indexers import languages
from indexers.languages import GRAMMARS, LANGUAGES, detect, grammar_of, resolve_name


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.py", "python"),
        ("src/deep/a.PY", "python"),
        ("a.pyi", "python"),
        ("a.jsx", "javascript"),
        ("a.mjs", "javascript"),
        ("a.ts", "typescript"),
        ("a.d.ts", "typescript"),
        ("a.tsx", "typescript"),
        ("a.go", "go"),
        ("A.java", "java"),
        ("a.kts", "kotlin"),
        ("a.sbt", "scala"),
        ("a.rs", "rust"),
        ("a.c", "c"),
        ("a.h", "c"),
        ("a.hpp", "cpp"),
        ("a.cu", "cpp"),
        ("a.cs", "csharp"),
        ("a.gemspec", "ruby"),
        ("Rakefile", "ruby"),
        ("a.php", "php"),
        ("a.swift", "swift"),
        ("a.lua", "lua"),
        ("a.exs", "elixir"),
        ("a.hs", "haskell"),
        ("a.zig", "zig"),
        ("a.bats", "bash"),
        ("README.md", "markdown"),
        ("README", "text"),
        ("a.rst", "rst"),
        ("docs/a.txt", "text"),
        ("a.sql", "sql"),
        ("a.yml", "yaml"),
        ("pyproject.toml", "toml"),
        ("a.json", "json"),
        ("setup.cfg", "ini"),
        ("Dockerfile", "dockerfile"),
        ("Dockerfile.dev", "dockerfile"),
        ("Makefile", "makefile"),
        ("rules.mk", "makefile"),
        ("CMakeLists.txt", "cmake"),
        ("a.html", "html"),
        ("a.scss", "css"),
        ("a.proto", "proto"),
        ("a.graphql", "graphql"),
        ("main.tf", "terraform"),
        ("a.R", "r"),
        ("a.r", "r"),
        ("a.vue", "vue"),
        ("a.m", "objective-c"),
        ("image.png", None),
        ("unknown.xyz", None),
        ("no_extension", None),
        ("", None),
        ("a.", None),
        (".", None),
    ],
)
def test_detect_by_path(path: str, expected: str | None) -> None:
    assert detect(path) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("#!/bin/sh\n", "bash"),
        ("#!/usr/bin/env python3\nimport os", "python"),
        ("#!/usr/bin/python3.11 -u\n", "python"),
        ("#!/usr/bin/env -S A=b node --flag\n", "javascript"),
        ("#! /usr/bin/ruby\n", "ruby"),
        ("\ufeff#!/bin/bash\r\n", "bash"),
        ("#!/usr/bin/env\n", None),
        ("#!\n", None),
        ("#!/usr/bin/unheard-of\n", None),
        ("import os\n", None),
        ("", None),
    ],
)
def test_detect_by_shebang(head: str, expected: str | None) -> None:
    assert detect("bin/tool", head) == expected


def test_the_path_speaks_before_the_shebang() -> None:
    assert detect("a.py", "#!/bin/sh\n") == "python"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("#include <stdio.h>\nstruct a { int b; };\n", "c"),
        ("#include <vector>\n", "cpp"),
        ("namespace a {\n", "cpp"),
        ("class A {\n", "cpp"),
        ("/* a class of things */\nint f(void);\n", "c"),
        ("template <typename T>\n", "cpp"),
        ('#ifdef __cplusplus\nextern "C" {\n#endif\nint f(void);\n', "c"),
    ],
)
def test_headers_are_c_unless_they_show_cpp(head: str, expected: str) -> None:
    assert detect("include/a.h", head) == expected


@pytest.mark.parametrize(
    ("alias", "expected"),
    [
        ("python", "python"),
        ("py", "python"),
        ("JS", "javascript"),
        ("ts", "typescript"),
        ("tsx", "typescript"),
        ("c++", "cpp"),
        ("C#", "csharp"),
        ("cs", "csharp"),
        ("golang", "go"),
        (" sh ", "bash"),
        ("yml", "yaml"),
        ("c", "c"),
        ("klingon", None),
        ("", None),
    ],
)
def test_resolve_name(alias: str, expected: str | None) -> None:
    assert resolve_name(alias) == expected


def test_no_two_languages_claim_the_same_extension_name_or_alias() -> None:
    rows = [languages.get(name) for name in LANGUAGES]
    for claims in (
        [extension for row in rows for extension in row.extensions],
        [filename for row in rows for filename in row.filenames],
        [interpreter for row in rows for interpreter in row.interpreters],
        [alias for row in rows for alias in (row.name, *row.aliases)],
    ):
        assert sorted(claims) == sorted(set(claims))


def test_every_grammar_is_reached_by_a_language() -> None:
    reached = {grammar_of(name, "a") for name in LANGUAGES} | {grammar_of("typescript", "a.tsx")}
    assert reached - {None} == set(GRAMMARS.values())


def test_tsx_has_a_grammar_of_its_own() -> None:
    assert grammar_of("typescript", "a.ts") == GRAMMARS["typescript"]
    assert grammar_of("typescript", "a.tsx") == GRAMMARS["tsx"]
    assert grammar_of("markdown", "a.md") is None
