"""Each rule by an example a user would agree with."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from codesearch.question import Question
from codesearch.ranking import (
    CANDIDATES,
    REPEAT,
    SUPPORT,
    Scale,
    rank,
    score_parts,
)
from codesearch.rules import Candidate


def candidate(place: str, dense: int | None, lexical: int | None, **payload: object) -> Candidate:
    """``place`` is path:symbol; ranks as given."""
    path, _, symbol = place.partition(":")
    known = {"path": path, "symbol": symbol, "kind": "function", "start_line": 1}
    known |= {"text": "", "signature": "", "language": "python", "class_path": ""}
    known |= {"part": 1, "parts": 1, "end_line": 1} | payload
    return Candidate(
        place,
        known,
        (dense, 1 - dense / 100) if dense else None,
        (lexical, 10 - lexical / 10) if lexical else None,
    )


def order(question: str, *candidates: Candidate, without: tuple[str, ...] = ()) -> list[str]:
    ranked = rank(Question.of(question), candidates, without=without)
    assert [r.score for r in ranked] == sorted((r.score for r in ranked), reverse=True)
    return [r.candidate.id for r in ranked]


def test_found_by_meaning_and_by_words_beats_found_by_one() -> None:
    both, one = candidate("a.py:f", 2, 2), candidate("b.py:g", 1, None)
    assert order("send mail", one, both) == ["a.py:f", "b.py:g"]


def scored(place: str, cosine: float | None, bm25: float | None) -> Candidate:
    """Ranks count for nothing in what this is used for."""
    parts = [(1, score) if score is not None else None for score in (cosine, bm25)]
    return replace(candidate(place, None, None), dense=parts[0], lexical=parts[1])


def test_by_how_much_one_is_better_counts_not_only_that_it_is() -> None:
    clear, close = scored("a.py:f", 0.9, 3.0), scored("b.py:g", 0.3, 3.1)
    assert order("send mail", close, clear) == ["a.py:f", "b.py:g"]
    clear, close = scored("a.py:f", 0.59, 9.0), scored("b.py:g", 0.6, 1.0)
    assert order("send mail", close, clear) == ["a.py:f", "b.py:g"]


def test_who_is_missing_from_a_list_that_was_cut_off_may_be_just_behind_it() -> None:
    """As many as fit like the words nearly as much as the best does: the next may, too."""
    crowd = [scored(f"c{n}.py:f", 0.1, 5.0) for n in range(CANDIDATES)]
    named, meant = scored("a.py:f", 0.5, 5.0), scored("b.py:g", 0.6, None)
    assert order("sum", meant, named, *crowd[2:])[0] == "a.py:f"
    assert order("sum", meant, named, *crowd)[0] == "b.py:g"


@pytest.mark.parametrize("cosine", [0.0, -0.2])
def test_scores_that_say_nothing(cosine: float) -> None:
    far, found = scored("a.py:f", cosine, None), scored("b.py:g", cosine, 2.0)
    assert order("sum", far, found) == ["b.py:g", "a.py:f"]
    assert order("sum", far) == ["a.py:f"]


def test_a_name_leans_on_words_and_a_sentence_does_not() -> None:
    by_meaning, by_words = candidate("a.py:x", 1, 2), candidate("b.py:sendMail", 2, 1)
    without = "exact name", "place"
    assert order("sendMail", by_meaning, by_words, without=without)[0] == "b.py:sendMail"
    assert order("send a mail", by_meaning, by_words, without=without)[0] == "a.py:x"


@pytest.mark.parametrize("path", ["src/router.py", "src/router/index.ts", "src/Routers/mod.rs"])
def test_a_file_whose_whole_name_the_question_says(path: str) -> None:
    other, said = candidate("src/http_router_base.py:f", 1, 1), candidate(f"{path}:g", 3, 3)
    assert order("how does the router match?", other, said)[0] == f"{path}:g"
    assert order("how does it match?", other, said)[0] == "src/http_router_base.py:f"


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("websocket client", "net/client_ws.py"),
        ("how are requests authenticated", "net/request_auth.py"),
        ("auth of a request", "net/RequestAuthentication.java"),
        ("config of the db", "core/database_config.go"),
    ],
)
def test_a_name_says_its_words_short_or_long(question: str, path: str) -> None:
    other, said = candidate("net/other_thing.py:f", 1, 1), candidate(f"{path}:g", 3, 3)
    assert order(question, other, said)[0] == f"{path}:g"
    assert order("how does it match?", other, said)[0] == "net/other_thing.py:f"


def test_who_asks_for_a_name_gets_its_definition() -> None:
    use, definition = candidate("a.py:use_cart", 1, 1), candidate("b.py:Cart", 20, 20, kind="class")
    assert order("Cart", use, definition)[0] == "b.py:Cart"
    assert order("shop.Cart", use, definition)[0] == "b.py:Cart"
    prose = candidate("README.md:Cart", 20, 20, kind="text")
    assert order("Cart", use, prose)[0] == "a.py:use_cart"


@pytest.mark.parametrize(
    ("question", "symbol"),
    [
        ("where is valid_path? defined", "valid_path?"),
        ("save!", "save!"),
        ("foldl'", "foldl'"),
        ("Enum.map/2", "map"),
        ("Monolog\\Logger", "Logger"),
        ("what does load_all(path) do", "load_all"),
        ("how is AFError raised", "AFError"),
    ],
)
def test_names_as_languages_write_them(question: str, symbol: str) -> None:
    use, definition = candidate("a.rb:f", 1, 1), candidate(f"b.rb:{symbol}", 3, 3)
    assert order(question, use, definition)[0] == f"b.rb:{symbol}"


def test_the_name_of_a_file_is_not_that_of_a_function() -> None:
    other = candidate("b.py:py", 2, 2)
    assert order("where is setup.py read", candidate("a.py:read", 1, 1), other)[0] == "a.py:read"


def test_what_is_named_with_a_name_tells_which_of_several_is_meant() -> None:
    reader = candidate("reader.py:close", 1, 1, class_path="Reader")
    index = candidate("index.py:close", 3, 3, class_path="Index")
    assert order("Index.close", reader, index)[0] == "index.py:close"
    assert order("close", reader, index)[0] == "reader.py:close"


def test_one_word_is_a_topic_where_nothing_is_called_so() -> None:
    by_meaning, by_words = candidate("a.py:sign", 1, 20), candidate("b.py:verify", 20, 1)
    found = {"authentication": "a.py:sign", "verify": "b.py:verify"}
    assert {word: order(word, by_meaning, by_words)[0] for word in found} == found


def test_capitals_are_meant_where_they_are_typed() -> None:
    trait, method = candidate("a.rs:Visit", 3, 3, kind="class"), candidate("b.rs:visit", 1, 1)
    assert order("Visit", method, trait)[0] == "a.rs:Visit"
    assert order("visit", method, trait)[0] == "b.rs:visit"
    use = candidate("c.rs:visitor", 1, 1)
    assert order("visit", use, trait)[0] == "a.rs:Visit"


def test_a_verb_in_a_sentence_is_not_a_name() -> None:
    total, add = candidate("a.py:total", 1, 1), candidate("b.py:add", 3, 3)
    assert order("add up all prices", total, add)[0] == "a.py:total"
    assert order("where is add_all called", total, candidate("b.py:add_all", 3, 3))[0] == (
        "b.py:add_all"
    )


@pytest.mark.parametrize(
    "path",
    [
        "tests/cart.py",
        "src/test_cart.py",
        "web/cart.spec.ts",
        "lib/cart_test.go",
        "java/CartTest.java",
        "examples/shop/cart.py",
        "bench/cart.rb",
        "Tests/CartTests/cart.swift",
        "crates/cart/src/tests.rs",
        "shop/src/commonTest/kotlin/cart.kt",
        "_examples/cart.go",
        "docs_src/cart.py",
        "cart/cart_benchmark.cc",
    ],
)
def test_tests_and_examples_stand_aside_unless_asked_for(path: str) -> None:
    code, aside = candidate("shop/cart.py:total", 2, 2), candidate(f"{path}:f", 1, 1)
    assert order("sum up prices", aside, code)[0] == "shop/cart.py:total"
    assert order("example of a sum of prices", aside, code)[0] == f"{path}:f"


@pytest.mark.parametrize(
    "path",
    [
        "src/latest.py",
        "contest/a.py",
        "src/attestation.py",
        "src/main/java/com/squareup/javapoet/MethodSpec.java",
        "client-mock/src/commonMain/kotlin/mock/Engine.kt",
        "src/main/java/org/samples/Owner.java",
    ],
)
def test_what_only_looks_like_a_test_does_not(path: str) -> None:
    first, second = candidate(f"{path}:f", 1, 1), candidate("shop/cart.py:g", 2, 2)
    assert order("sum up prices", first, second)[0] == f"{path}:f"


def test_prose_and_loose_code_stand_behind_unless_asked_for() -> None:
    code = candidate("a.py:f", 3, 3)
    prose = candidate("docs.md:Prices", 1, 1, kind="text")
    loose = candidate("b.py:", 2, 2, kind="module")
    assert order("sum up prices", prose, loose, code) == ["a.py:f", "b.py:", "docs.md:Prices"]
    assert order("guide to prices", prose, code)[0] == "docs.md:Prices"
    page = candidate("docs/prices.md:Prices", 1, 1, kind="text")
    assert order("documentation of prices", page, code)[0] == "docs/prices.md:Prices"


def test_a_short_type_stands_a_little_behind_what_is_done_unless_it_is_meant() -> None:
    code = candidate("a.py:f", 3, 3)
    short = candidate("b.py:PriceList", 1, 1, kind="class", end_line=20)
    assert order("sum up what things cost", short, code)[0] == "a.py:f"
    assert order("which class sums up", short, code)[0] == "b.py:PriceList"
    assert order("PriceList", short, code)[0] == "b.py:PriceList"
    assert order("where does PriceList sum up", short, code)[0] == "b.py:PriceList"
    long = candidate("b.py:PriceList", 1, 1, kind="class", end_line=200)
    assert order("sum up what things cost", long, code)[0] == "b.py:PriceList"


def test_code_that_no_grammar_reads_is_not_loose() -> None:
    code = candidate("a.py:f", 2, 2)
    dart = candidate("b.dart:", 1, 1, kind="module", language="dart")
    assert order("sum up prices", code, dart)[0] == "b.dart:"


@pytest.mark.parametrize(
    ("signature", "text"),
    [
        ("int recv_all(int fd, char *to)", "/* Receive. */\nint recv_all(int fd,\n    char *to);"),
        ("virtual void recv_all() = 0", "virtual void recv_all() = 0;"),
        ("fn recv_all(&self) -> usize;", "fn recv_all(&self) -> usize;"),
        ("fun recvAll(): Int", "/** Receives. */\nfun recvAll(): Int"),
    ],
)
def test_a_declaration_stands_behind_what_does_it(signature: str, text: str) -> None:
    declared = candidate("a.h:recv_all", 1, 1, signature=signature, text=text)
    body = candidate("a.c:recv_all", 4, 4, signature=signature, text=f"{text[:-1]} {{\n  go();\n}}")
    assert order("receive all data", declared, body)[0] == "a.c:recv_all"
    short = f"{signature.rstrip(';')} => go();"  # C#, JavaScript: a body of one expression
    done = candidate("a.cs:recv_all", 1, 1, signature=signature, text=short)
    assert order("receive all data", done, body)[0] == "a.cs:recv_all"


def test_a_file_with_several_good_hits_rises_by_its_best() -> None:
    alone = candidate("alone.py:f", 1, 1)
    members = [candidate(f"many.py:g{n}", n, n, start_line=n) for n in (2, 3, 4)]
    assert order("sum", alone, *members)[0] == "many.py:g2"
    assert order("sum", alone, *members, without=(SUPPORT,))[0] == "alone.py:f"


def test_further_hits_of_a_file_make_way() -> None:
    members = [candidate(f"many.py:g{n}", n, n, start_line=n) for n in (1, 2, 3)]
    other = candidate("other.py:f", 4, 4)
    spread = ["many.py:g1", "other.py:f", "many.py:g2", "many.py:g3"]
    assert order("sum up", other, *members) == spread
    assert order("sum up", other, *members, without=(REPEAT,))[-1] == "other.py:f"


def test_of_a_name_every_definition_is_wanted() -> None:
    members = [candidate("many.py:sum", n, n, start_line=n) for n in (1, 2, 3)]
    members = [replace(member, id=str(n)) for n, member in enumerate(members)]
    assert order("sum", candidate("other.py:sum", 4, 4), *members) == [
        "0",
        "1",
        "2",
        "other.py:sum",
    ]
    parts = [replace(one, payload={**one.payload, "parts": 3}) for one in members]
    assert order("sum", candidate("other.py:sum", 4, 4), *parts)[1] == "other.py:sum"


def test_the_explanation_adds_up_to_the_score() -> None:
    candidates = [
        candidate("tests/router.py:route", 1, 5),
        candidate("tests/router.py:other", 2, None, start_line=9),
        candidate("README.md:Router", None, 1, kind="text"),
        candidate("lib/router.py:Router", 4, 4, kind="class"),
    ]
    seen = set()
    for ranked in rank(Question.of("Router"), candidates):
        assert ranked.score == pytest.approx(sum(ranked.explanation.parts.values()))
        seen |= set(ranked.explanation.parts)
    assert seen > {"meaning", "words"}
    assert seen <= set(score_parts())
    assert all(words.endswith(".") for words in score_parts().values())


def test_the_order_does_not_depend_on_the_order_of_candidates() -> None:
    candidates = [candidate(f"f{n % 3}.py:g{n}", n // 2 + 1, None, start_line=n) for n in range(12)]
    expected = order("anything", *candidates)
    for seed in range(5):
        shuffled = random.Random(seed).sample(candidates, len(candidates))
        assert order("anything", *shuffled) == expected


def test_no_candidates_no_hits() -> None:
    assert order("anything") == []


def test_a_long_list_that_was_not_cut_off_holds_all_that_match() -> None:
    places = [(rank, 1 / rank) for rank in range(1, 121)]
    assert Scale.of(places).missing == 1 / 120
    assert Scale.of(places, limit=200).missing == 0
