"""A user's filter → conditions for the engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from codesearch.errors import FilterError
from codesearch.store import Condition
from codesearch.types import Filter, Kind

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


def conditions(filter_: Filter | None, paths: Callable[[], Iterable[str]]) -> list[Condition]:
    """What the engine has to check. ``paths`` is called only where paths are filtered.

    Raises:
        FilterError: a language or kind that does not exist, or a malformed pattern.
    """
    if filter_ is None:
        return []
    found = []
    if languages := _values(filter_.language):
        found.append(Condition("language", tuple(map(_language, languages))))
    if kinds := _values(filter_.kind):
        found.append(Condition("kind", tuple(map(_kind, kinds))))
    if patterns := tuple(filter(None, _values(filter_.path))):
        found.append(_paths(patterns, paths()))
    return found


def _values(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _language(name: str) -> str:
    # The table of languages is only worth loading for a query that names one.
    from indexers.languages import LANGUAGES, resolve_name  # noqa: PLC0415

    resolved = resolve_name(name)
    if resolved is None:
        raise FilterError(f"Unknown language {name!r}", f"Known are: {', '.join(LANGUAGES)}")
    return resolved


def _kind(name: str) -> str:
    try:
        return Kind(name.lower()).value
    except ValueError:
        known = ", ".join(kind.value for kind in Kind)
        raise FilterError(f"Unknown kind {name!r}", f"Known are: {known}") from None


def _paths(patterns: tuple[str, ...], paths: Iterable[str]) -> Condition:
    """Match patterns against the indexed paths; the engine gets the shorter list of the two.

    A path counts if a plain pattern matches it (or there is none) and no ``!pattern`` does. In a
    ``.gitignore`` a later pattern would win; here the order must not matter.
    """
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    unwanted = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    is_wanted, is_unwanted = _spec(wanted or ["*"]), _spec(unwanted)
    inside: list[str] = []
    outside: list[str] = []
    for path in paths:
        matches = is_wanted.match_file(path) and not is_unwanted.match_file(path)
        (inside if matches else outside).append(path)
    if len(outside) < len(inside):
        return Condition("path", tuple(outside), negated=True)
    return Condition("path", tuple(inside))


def _spec(patterns: list[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415  (only needed here, and not cheap)

    try:
        # "./src", as shells complete it, is no pattern of git's: "/src" says the same.
        return GitIgnoreSpec.from_lines(re.sub(r"^\./", "/", pattern) for pattern in patterns)
    except (ValueError, re.error) as error:
        raise FilterError(
            f"Unusable path pattern: {error}", "Write it as in .gitignore: src/, *.py, docs/**"
        ) from error
