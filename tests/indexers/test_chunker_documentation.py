"""Comments and docstrings come out as plain text."""

from __future__ import annotations

import pytest

from indexers.chunker.documentation import clean_comments, clean_string
from tests.indexers.outlines import chunks_of


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("// One.\n// Two.", "One.\nTwo."),
        ("/// One.\n///\n///     code()", "One.\n\n    code()"),
        ("//! One.", "One."),
        ("# One.\n#   indented", "One.\n  indented"),
        ("## One.", "One."),
        ("-- One.", "One."),
        ("--- One.\n-- @param x it", "One.\n@param x it"),
        ("-- | One.\n-- two", "One.\ntwo"),
        ("%% One.", "One."),
        (";; One.", "One."),
        ("/* One. */", "One."),
        ("/** One. */", "One."),
        ("/*! One. */", "One."),
        ("/**\n * One.\n *\n *   two\n * @param x it\n */", "One.\n\n  two\n@param x it"),
        ("/*\n   One.\n     two\n */", "One.\n  two"),
        ("/**\n\t * One.\n\t */", "One."),
        ("/* * one\n   * two */", "one\ntwo"),
        ("{- | One.\n   two -}", "One.\ntwo"),
        ("--[[ One.\n     two ]]", "One.\ntwo"),
        ("--[==[\nOne ]] two\n]==]", "One ]] two"),
        ("=begin\nOne.\n=end", "One."),
        ('@doc "One."', "One."),
        ('@doc """\n  One.\n\n  two\n  """', "One.\n\ntwo"),
        ('@doc ~S"""\n  One \\d.\n  """', "One \\d."),
        ("// ---- Section ----", ""),
        ("/*********\n * One.\n *********/", "One."),
        ("# ==========\n# One.\n# ==========", "One."),
        ("// eslint-disable-next-line no-console\n// One.", "One."),
        ("//go:noinline\n//nolint:errcheck", ""),
        ("# noqa: E501", ""),
        ("# type: ignore[arg-type]", ""),
        ("// MARK: - Drawing\n/// One.", "One."),
        ("// Copyright 2024 Someone\n// All rights reserved.", ""),
        ("# SPDX-License-Identifier: MIT", ""),
        (
            "/** See {@link Foo#bar} and {@code x}, <b>not</b> that. */",
            "See Foo#bar and x, not that.",
        ),
        ("/** From {@code <i>} to &lt;b&gt;. */", "From <i> to <b>."),
        ("/**\n One.\n * @return two\n */", "One.\n@return two"),
        ("// a <b> stays", "a <b> stays"),
        (
            '/// <summary>Sends <see cref="T:Mail"/>.</summary>\n'
            '/// <param name="x">what</param>\n/// <returns>it</returns>',
            "Sends Mail.\n@param x what\n@returns it",
        ),
        ("// ```\n// code\n// ```", "```\ncode\n```"),
        ("// Größe: naïve", "Größe: naïve"),
        ("//", ""),
        ("/**/", ""),
    ],
)
def test_clean_comments(comment: str, expected: str) -> None:
    assert clean_comments([comment]) == expected


@pytest.mark.parametrize(
    "text",
    ["Region of interest.", "Global state.", "Webpack loads it.", "Export everything", "Ex: 1 + 1"],
)
def test_prose_is_no_directive(text: str) -> None:
    assert clean_comments([f"# {text}"]) == text


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ('"One."', "One."),
        ("'''One.\n\n    Two.\n      three\n    '''", "One.\n\nTwo.\n  three"),
        ('r"""One \\d."""', "One \\d."),
        ('u"One."', "One."),
        ('""""quoted" words."""', '"quoted" words.'),
        ('""', ""),
        ("f(x)", ""),
    ],
)
def test_clean_string(literal: str, expected: str) -> None:
    assert clean_string(literal) == expected


def docstring(text: str, path: str) -> str:
    return next(chunk for chunk in chunks_of(text, path) if chunk.symbol == "f").docstring


def test_comments_lead_past_attributes_and_decorators() -> None:
    assert (
        docstring("/// One.\n#[inline]\n/// Two.\n#[must_use]\nfn f() {}\n", "a.rs") == "One.\nTwo."
    )
    assert docstring("# One.\n@cached\ndef f():\n    pass\n", "a.py") == "One."


def test_a_docstring_comes_before_a_leading_comment() -> None:
    assert docstring('# Why.\ndef f():\n    """What."""\n', "a.py") == "What.\n\nWhy."


def test_a_docstring_may_follow_a_comment() -> None:
    assert docstring('def f():\n    # why\n    """What."""\n', "a.py") == "What."


def test_a_blank_line_ends_the_comment_unless_it_is_a_doc_comment() -> None:
    assert docstring("// Not this.\n\nfunction f() {}\n", "a.js") == ""
    assert docstring("/** This. */\n\nfunction f() {}\n", "a.js") == "This."
    assert docstring("// Not this.\n\n// This.\nfunction f() {}\n", "a.js") == "This."


def test_a_doc_comment_is_whole() -> None:
    assert docstring("// Drawing\n/** This. */\nvoid f() { }\n", "a.c") == "This."
    assert docstring("/** Not this. */\n\n// This.\nvoid f() { }\n", "a.c") == "This."


def test_a_comment_behind_code_is_not_about_the_next_line() -> None:
    assert docstring("x = 1  # not this\ndef f():\n    pass\n", "a.py") == ""
    assert docstring("int x; /* not\n this */\nint f() { }\n", "a.c") == ""
    assert docstring("/* not this */ int x;\nint f() { }\n", "a.c") == ""


def test_a_comment_at_the_end_of_a_body_is_not_about_the_next_function() -> None:
    text = "def g():\n    pass\n    # not this\ndef f():\n    pass\n"
    assert docstring(text, "a.py") == ""


def test_a_licence_is_the_files_and_not_the_functions() -> None:
    text = "// Copyright 2024 Someone.\n// All rights reserved.\nint f() { }\n"
    chunks = chunks_of(text, "a.c")
    assert [(chunk.symbol, chunk.span.start_line, chunk.docstring) for chunk in chunks] == [
        ("", 1, ""),
        ("f", 3, ""),
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", '#!/usr/bin/env python3\n# Copyright X\n"""About."""\nimport os\n'),
        ("a.go", "// Copyright X\n\n// About.\npackage a\n"),
        ("a.rs", "//! About.\n\nuse x;\n"),
        ("a.js", "'use strict';\n\n/**\n * About.\n */\n\nrequire('x');\nx();\n"),
        ("a.php", "<?php\n/* About. */\n\nuse X;\n"),
        ("a.sh", "#!/bin/sh\n# About.\nset -e\n"),
    ],
)
def test_a_file_says_what_it_is_about(path: str, text: str) -> None:
    assert [chunk.docstring for chunk in chunks_of(text, path)] == ["About."]
