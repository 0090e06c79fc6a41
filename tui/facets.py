"""The hits counted by repository, language, kind and folder. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from codesearch import FilterError, Hit, Query, Term
from tui.filters import path_pattern, quoted, written

_MOST = {"repo": 5, "lang": 5, "kind": 4, "path": 4}


@dataclass(frozen=True, slots=True)
class Facet:
    """A filter that could be set, or is."""

    key: str
    value: str  # of a path that is set: the pattern
    count: int
    active: bool = False

    @property
    def text(self) -> str:
        """As it is typed."""
        return f"{self.key}:{written(self.key, self.value)}"


def count_facets(hits: Sequence[Hit], query: Query) -> list[list[Facet]]:
    """A list for each key, those that are set first; a key that tells nothing apart is left out."""
    counts: dict[str, Counter[str]] = {key: Counter() for key in _MOST}
    for hit in hits:
        counts["repo"][hit.repository] += 1
        counts["lang"][hit.chunk.language] += 1
        counts["kind"][hit.chunk.kind.value] += 1
        counts["path"][_top(hit.chunk.path)] += 1
    groups = []
    for key, values in counts.items():
        set_ = _set_values(query.terms, key)
        facets = [Facet(key, value, values[value], active=True) for value in set_]
        others = [(v, n) for v, n in values.most_common() if v and not _is_set(key, v, set_)]
        if facets or len(others) > 1:
            facets += [Facet(key, value, n) for value, n in others[: _MOST[key]]]
        if facets:
            groups.append(facets)
    return groups


def toggle(text: str, facet: Facet) -> str:
    """The question with the filter added, or taken out where it is set."""
    if not facet.active:
        return f"{text.rstrip()} {facet.text} ".lstrip()
    for term in _terms(text):
        if term.key == facet.key and not term.negated and facet.value in term.values:
            left = [value for value in term.values if value != facet.value]
            kept = f"{facet.key}:{','.join(map(quoted, left))}" if left else ""
            text = (text[: term.start] + kept + text[term.end :]).strip()
            return " ".join(text.split()) if '"' not in text else text
    return text


def without_filters(text: str) -> str:
    """The words alone."""
    return " ".join(text[t.start : t.end] for t in Query.scan(text) if not t.key)


def _terms(text: str) -> Sequence[Term]:
    try:
        return Query.parse(text).terms
    except FilterError:  # another filter is wrong; this one may be taken out all the same
        return Query.scan(text)


def _set_values(terms: Sequence[Term], key: str) -> list[str]:
    return [v for t in terms if t.key == key and not t.negated for v in t.values if v]


def _is_set(key: str, value: str, set_: Sequence[str]) -> bool:
    return value in set_ or (key == "path" and path_pattern(value) in set_)


def _top(path: str) -> str:
    folder, slash, _ = path.partition("/")
    return folder + slash if slash else ""
