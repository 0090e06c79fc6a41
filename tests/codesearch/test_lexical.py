"""Terms: what words are found by what other words."""

from __future__ import annotations

import pytest

from codesearch.lexical import chunk_terms, query_terms, question_words, terms
from indexers.types import Chunk, Kind, Span


def chunk(text: str, symbol: str = "", path: str = "a.py") -> Chunk:
    return Chunk(path, "python", Kind.FUNCTION, symbol, "", "", "", Span(1, 1), "b", text)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("parse http header", "parseHTTPHeader"),
        ("parseHTTPHeader", "parseHTTPHeader"),
        ("parse_http_header", "def parse_http_header():"),
        ("cookies", "sign_cookie"),
        ("signed cookie", "signing_cookies"),
        ("sha256", "SHA256"),
        ("größe", "größe_messen"),
    ],
)
def test_every_term_of_the_question_is_in_the_code(query: str, code: str) -> None:
    shared = set(query_terms(query)) & set(chunk_terms(chunk(code)))
    assert shared
    if "_" not in query:  # a name in another spelling shares its words, not its whole
        assert set(query_terms(query)) <= set(chunk_terms(chunk(code)))


def test_words_that_say_nothing_about_code_are_left_out() -> None:
    assert question_words("How do I know where it is?") == question_words("know")
    assert not question_words("what is the")


def test_a_name_is_a_term_as_a_whole_and_by_its_words() -> None:
    assert list(terms("readAllLines(x_1)")) == [
        "read",
        "all",
        "line",
        "readalllines",
        "x",
        "1",
        "x_1",
    ]


def test_symbol_and_path_weigh_more_than_the_body() -> None:
    (word,) = query_terms("cart")
    body = chunk_terms(chunk("cart"))[word]
    assert chunk_terms(chunk("x", symbol="cart"))[word] > body
    assert chunk_terms(chunk("x", path="shop/cart.py"))[word] > body


def test_repetition_saturates_and_length_dilutes() -> None:
    (word,) = query_terms("cart")
    once, thrice = (chunk_terms(chunk("cart " * n))[word] for n in (1, 3))
    assert once < thrice < 3 * once
    assert chunk_terms(chunk("cart " + "filler " * 300))[word] < once


def test_the_vector_depends_on_the_chunk_alone() -> None:
    assert chunk_terms(chunk("one two")) == chunk_terms(chunk("one two"))


def test_a_line_of_underscores_takes_no_time() -> None:
    assert list(terms("_" * 200_000)) == []
    assert list(terms("__x " + "_" * 9 + "y__z")) == ["x", "y", "z", "y__z"]
