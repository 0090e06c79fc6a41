from __future__ import annotations

import time

import pytest

from codesearch.encoder.text import (
    document_text,
    identifier_words,
    query_text,
    split_identifiers,
)
from indexers.types import Chunk, Kind, Span


def chunk(text: str, **fields: object) -> Chunk:
    known: dict[str, object] = {
        "path": "src/http/cookieJar.py",
        "language": "python",
        "kind": Kind.METHOD,
        "symbol": "signValue",
        "class_path": "CookieJar",
        "signature": "def signValue(self, value)",
        "docstring": "",
        "span": Span(1, text.count("\n") + 1),
        "blob": "",
        "text": text,
    }
    return Chunk(**(known | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("parseHTTPHeader", "parse HTTP Header"),
        ("XMLHttpRequest", "XML Http Request"),
        ("getURL", "get URL"),
        ("getURLsFor", "get URLs For"),
        ("IDs", "IDs"),
        ("NVIDIAsmi", "NVIDI Asmi"),
        ("HTTPServer2Go", "HTTP Server 2 Go"),
        ("snake_case__name", "snake case name"),
        ("SCREAMING_SNAKE", "SCREAMING SNAKE"),
        ("kebab-case-name", "kebab case name"),
        ("Outer.Inner.__init__", "Outer Inner init"),
        ("crate::io::readAll", "crate io read All"),
        ("sha256_sum", "sha 256 sum"),
        ("größeÄndern", "größe Ändern"),
        ("привет_мир", "привет мир"),
        ("日本語Name", "日本語 Name"),
        ("x", "x"),
        ("_", ""),
        ("", ""),
    ],
)
def test_identifier_words(name: str, words: str) -> None:
    assert identifier_words(name) == words.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = parseHTTPHeader(raw_line)", "x = parse HTTP Header(raw line)"),
        ("utf8Decode", "utf8 Decode"),
        ("join the URLs of getIDsFor", "join the URLs of get IDs For"),
        ("a  b\n\tc", "a b c"),
        ("how do I parse a header?", "how do I parse a header?"),
        ("__init__", "init"),
        ("", ""),
    ],
)
def test_split_identifiers(text: str, expected: str) -> None:
    assert split_identifiers(text) == expected
    assert query_text(text) == expected


def test_split_identifiers_leaves_what_it_split() -> None:
    once = split_identifiers("class HTTPServer2Go: def getURL(self, snake_case)")
    assert split_identifiers(once) == once


def test_splitting_a_megabyte_takes_no_time() -> None:
    for text in ("parseHTTPHeader(raw_line) " * 40_000, "A" * 1_000_000, "_" * 1_000_000):
        started = time.perf_counter()
        split_identifiers(text)
        identifier_words(text)
        assert time.perf_counter() - started < 5


def test_name_and_place_stand_before_the_text_as_words() -> None:
    text = document_text(
        chunk("def signValue(self, value): ...", path="a/b/c/src/http/cookieJar.py")
    )
    assert text.splitlines() == [
        "Cookie Jar sign Value",
        "c src http cookie Jar",
        "def sign Value(self, value): ...",
    ]


def test_the_text_keeps_its_order_and_is_said_once() -> None:
    body = "/** Signs a value. */\nfunction signValue(v) { return sign(v) }"
    text = document_text(chunk(body, docstring="Signs a value.", language="javascript"))
    assert text.endswith("/** Signs a value. */ function sign Value(v) { return sign(v) }")
    assert text.count("Signs a value") == 1


@pytest.mark.parametrize("path", [".bashrc", "Makefile", "a b/c.tar.gz", "/", "src/.hidden.py"])
def test_any_path_will_do(path: str) -> None:
    assert document_text(chunk("text", path=path)).endswith("text")


def test_a_later_part_says_its_signature() -> None:
    later = chunk("    return value", part=2, parts=2)
    assert "def sign Value(self, value)" in document_text(later)


def test_a_chunk_without_a_name_is_its_text() -> None:
    bare = chunk("some prose", path="", symbol="", class_path="", signature="")
    assert document_text(bare) == "some prose"
