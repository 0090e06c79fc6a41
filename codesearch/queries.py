"""What a user types → words and filters: ``signed cookies lang:python -path:tests/ ref:main``.

A filter is ``key:value`` between spaces. Values may be several (``lang:python,go``) and quoted
(``path:"my docs/"``); a minus in front takes out what follows it. Whatever does not read as a
filter is words: ``std::vector``, ``http://…``; quotes make words of anything.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from codesearch.errors import FilterError
from codesearch.types import Filter, Kind

KEYS = {
    "lang": "a language: lang:python, lang:c++,rust",
    "path": "paths as in .gitignore: path:src/, path:*.py, path:docs/**",
    "kind": "function, method, class, module or text: kind:method",
    "repo": "a repository by name: repo:flask",
    "ref": "a branch, tag or commit: ref:main, ref:v2.0",
}
"""The filters, each with what its values are."""

_ALIASES = {
    **{"language": "lang", "l": "lang", "file": "path", "dir": "path", "type": "kind"},
    **{"repository": "repo", "branch": "ref", "tag": "ref", "rev": "ref", "at": "ref"},
}
_KIND_ALIASES = {
    **dict.fromkeys(("func", "fn", "def"), Kind.FUNCTION),
    **dict.fromkeys(("struct", "enum", "interface", "trait", "type"), Kind.CLASS),
}
_NOT_NEGATED = ("repo", "ref")
_TERM = re.compile(
    r"""(?<!\S)(?P<minus>-?)(?P<key>[A-Za-z]+):(?!:|//)(?P<value>(?:"[^"]*(?:"|$)|[^\s"])*)(?!\S)"""
    r"""|"(?P<quoted>[^"]*)(?:"|$)|(?P<word>[^\s"]+)"""
)
_VALUE = re.compile(r"""(?:"[^"]*(?:"|$)|[^",])+""")


@dataclass(frozen=True, slots=True)
class Term:
    """A piece of what was typed, from ``start`` to ``end``: a filter, or words (``key`` "")."""

    start: int
    end: int
    key: str  # of KEYS, whatever alias was typed; "" for words
    values: tuple[str, ...]  # of a parsed query: the names meant; of a scan: as typed
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A question taken apart. Made by ``Query.parse``."""

    text: str  # as typed
    words: str  # what is left for the search itself
    filter: Filter | None = None  # None: none was typed
    ref: str | None = None  # branch, tag or commit
    repositories: tuple[str, ...] = ()  # names; none: all
    terms: tuple[Term, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Query:
        """Take a question apart.

        Raises:
            FilterError: an unknown language, kind or filter, or one without a value; says which,
                and what was probably meant.
        """
        terms = cls.scan(text)
        words = [term.values[0] for term in terms if not term.key]
        _check_words(text, terms)
        terms = tuple(_resolved(term) for term in terms)
        return cls(
            text=text,
            words=" ".join(words),
            filter=_filter(terms),
            ref=_single_ref(_values(terms, "ref")),
            repositories=tuple(_values(terms, "repo")),
            terms=terms,
        )

    @staticmethod
    def scan(text: str) -> tuple[Term, ...]:
        """Where filters and words stand, in order; checks nothing, so it fits half-typed text."""
        return tuple(_term(match) for match in _TERM.finditer(text))


def _term(match: re.Match[str]) -> Term:
    start, end = match.span()
    key = (match["key"] or "").lower()
    key = _ALIASES.get(key, key)
    if key in KEYS:
        values = tuple(value.replace('"', "") for value in _VALUE.findall(match["value"]))
        return Term(start, end, key, values, bool(match["minus"]))
    words = match["quoted"] if match["quoted"] is not None else match[0]
    return Term(start, end, "", (words,))


def _resolved(term: Term) -> Term:
    """A filter with the names that its values stand for: ``py`` is ``python``."""
    if not term.key:
        return term
    if not any(term.values):
        raise FilterError(f"{term.key}: wants a value", KEYS[term.key])
    if term.negated and term.key in _NOT_NEGATED:
        raise FilterError(f"-{term.key}: is not possible", f"Say what you want: {KEYS[term.key]}")
    name = {"lang": _language, "kind": _kind}.get(term.key)
    if name is None:
        return term
    return replace(term, values=tuple(name(value) for value in term.values if value))


def _check_words(text: str, terms: Sequence[Term]) -> None:
    """``lnag:python`` is hardly meant as words; ``find:me`` is, for there is no kind "me"."""
    for term in terms:
        key, colon, value = text[term.start : term.end].lstrip("-").lower().partition(":")
        if term.key or not colon or not key.isalpha() or not re.match(r"[\w*.]", value):
            continue
        near = difflib.get_close_matches(key, [*KEYS, *_ALIASES], n=1, cutoff=0.75)
        meant = _ALIASES.get(near[0], near[0]) if near else ""
        if meant and _is_value(meant, value):
            raise FilterError(
                f"There is no filter {key}:",
                f'Did you mean {meant}:{value}? To search for the words, write "{key}:{value}"',
            )


def _is_value(key: str, value: str) -> bool:
    """Whether this is what the filter's values look like. Of a name nobody can tell."""
    value = value.split(",")[0].strip('"')
    if key == "lang":
        from indexers.languages import resolve_name  # noqa: PLC0415

        return resolve_name(value) is not None
    if key == "kind":
        return value in _KIND_ALIASES or value in [kind.value for kind in Kind]
    return key == "path" and re.search(r"[/*.]", value) is not None


def _values(terms: Iterable[Term], key: str, *, negated: bool = False) -> list[str]:
    """Every value of a filter, in order, each once."""
    found = [v for t in terms if t.key == key and t.negated == negated for v in t.values if v]
    return list(dict.fromkeys(found))


def _filter(terms: Sequence[Term]) -> Filter | None:
    paths = _values(terms, "path") + [f"!{p}" for p in _values(terms, "path", negated=True)]
    languages, kinds = _languages(terms), _kinds(terms)
    if not (paths or languages or kinds):
        return None
    return Filter(path=tuple(paths), language=tuple(languages), kind=tuple(kinds))


def _languages(terms: Sequence[Term]) -> list[str]:
    wanted = _values(terms, "lang")
    unwanted = _values(terms, "lang", negated=True)
    if not unwanted:
        return wanted
    # The table of languages is only worth loading for a query that names one.
    from indexers.languages import LANGUAGES  # noqa: PLC0415

    return _difference("lang", wanted or LANGUAGES, unwanted)


def _kinds(terms: Sequence[Term]) -> list[str]:
    wanted = _values(terms, "kind")
    unwanted = _values(terms, "kind", negated=True)
    if not unwanted:
        return wanted
    return _difference("kind", wanted or [kind.value for kind in Kind], unwanted)


def _difference(key: str, wanted: Sequence[str], unwanted: Sequence[str]) -> list[str]:
    left = [name for name in wanted if name not in unwanted]
    if not left:
        raise FilterError(f"{key}: and -{key}: leave nothing", "Take one of them out")
    return left


def _language(name: str) -> str:
    from indexers.languages import LANGUAGES, resolve_name  # noqa: PLC0415

    if found := resolve_name(name):
        return found
    raise FilterError(f"There is no language {name!r}", _meant("lang", name, LANGUAGES))


def _kind(name: str) -> str:
    known = [kind.value for kind in Kind]
    found = _KIND_ALIASES.get(name.lower(), name.lower())
    if found in known:
        return str(found)
    raise FilterError(f"There is no kind {name!r}", _meant("kind", name, known))


def _meant(key: str, name: str, known: Sequence[str]) -> str:
    """A remedy: the nearest name, or those there are."""
    name = name.lower()
    near = [n for n in known if n.startswith(name)] or difflib.get_close_matches(name, known, n=2)
    if near:
        return "Did you mean " + " or ".join(f"{key}:{n}" for n in near[:3]) + "?"
    return f"Known are: {', '.join(known)}"


def _single_ref(refs: Sequence[str]) -> str | None:
    if len(refs) > 1:
        raise FilterError("Only one ref: at a time", f"Keep one of: {', '.join(refs)}")
    return refs[0] if refs else None
