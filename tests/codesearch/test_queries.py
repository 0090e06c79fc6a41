"""What is typed into the search box, taken apart."""

from __future__ import annotations

import pytest

from codesearch import Filter, FilterError, Query


def test_words_and_every_filter() -> None:
    query = Query.parse("signed  cookies lang:python path:src/** kind:method repo:flask ref:main")
    assert query.words == "signed cookies"
    assert query.filter == Filter(path=("src/**",), language=("python",), kind=("method",))
    assert query.repositories == ("flask",)
    assert query.ref == "main"


@pytest.mark.parametrize(
    ("text", "filter_"),
    [
        ("x lang:py,golang", Filter(language=("python", "go"))),
        ("x LANG:C++ l:rs", Filter(language=("cpp", "rust"))),
        ('x path:"my docs/","a,b/"', Filter(path=("my docs/", "a,b/"))),
        ("x path:src/ -path:tests/,docs/", Filter(path=("src/", "!tests/", "!docs/"))),
        ("x -kind:text -kind:module", Filter(kind=("function", "method", "class"))),
        ("x kind:fn", Filter(kind=("function",))),
        ("x lang:python,go -lang:go", Filter(language=("python",))),
    ],
)
def test_filters(text: str, filter_: Filter) -> None:
    query = Query.parse(text)
    assert (query.words, query.filter) == ("x", filter_)


def test_a_language_taken_out_leaves_all_others() -> None:
    filter_ = Query.parse("x -lang:markdown").filter
    assert filter_ is not None
    assert "python" in filter_.language
    assert "markdown" not in filter_.language


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("std::vector push_back", "std::vector push_back"),
        ("open http://localhost:80", "open http://localhost:80"),
        ("why: is it -1", "why: is it -1"),
        ('"lang:python" and "two  words"', "lang:python and two  words"),
        ('an "open quote', "an open quote"),
        ("prelang:python", "prelang:python"),
        ("File::open and Type::from", "File::open and Type::from"),
        ("file:///etc/passwd", "file:///etc/passwd"),
        ("math:pi find:me flag:true href:x", "math:pi find:me flag:true href:x"),
        ("  ", ""),
    ],
)
def test_what_is_no_filter_is_words(text: str, words: str) -> None:
    query = Query.parse(text)
    assert (query.words, query.filter, query.ref) == (words, None, None)


@pytest.mark.parametrize(
    ("text", "says", "remedy"),
    [
        ("x lang:pyhton", "no language 'pyhton'", "Did you mean lang:python?"),
        ("x lang:esperanto", "no language 'esperanto'", "Known are: "),
        ("x kind:meth", "no kind 'meth'", "Did you mean kind:method?"),
        ("x lnag:python", "no filter lnag:", "Did you mean lang:python?"),
        ("x knd:fn", "no filter knd:", "Did you mean kind:fn?"),
        ("x pth:src/", "no filter pth:", "Did you mean path:src/?"),
        ("x lang:", "lang: wants a value", "lang:python"),
        ("x ref:a ref:b", "Only one ref:", "a, b"),
        ("x -ref:a", "-ref: is not possible", "ref:main"),
        ("x lang:go -lang:go", "leave nothing", "out"),
    ],
)
def test_a_wrong_filter_explains_itself(text: str, says: str, remedy: str) -> None:
    with pytest.raises(FilterError, match=says) as caught:
        Query.parse(text)
    assert remedy in caught.value.remedy


def test_terms_say_where_they_stand() -> None:
    text = "find -path:tests/ lang:py"
    terms = Query.scan(text)
    assert [text[term.start : term.end] for term in terms] == text.split()
    assert [(term.key, term.values, term.negated) for term in terms] == [
        ("", ("find",), False),
        ("path", ("tests/",), True),
        ("lang", ("py",), False),
    ]
