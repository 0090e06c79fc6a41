"""Under which licence a repository stands, and whether its code may be trained on."""

from __future__ import annotations

import re

from indexers.repository import Repository

# What licence files say of themselves; the first that one says is its own. Choices before the rest:
# where files offer several, the uppermost here is taken.
_LICENCES = {
    "MIT": r"Permission is hereby granted, free of charge|\bMIT License",
    "Apache-2.0": r"Apache License,?\s+Version 2|apache\.org/licenses/LICENSE-2|Apache-2\.0",
    "BSD": r"Redistribution and use in source and binary forms",
    "ISC": r"Permission to use, copy, modify,? and/?(?:or)? distribute",
    "Zlib": r"This software is provided 'as-is'",
    "BSL-1.0": r"Boost Software License",
    "Unlicense": r"free and unencumbered software released into the public domain",
    "CC0": r"CC0 1\.0",
    "MPL": r"Mozilla Public License",
    "EPL": r"Eclipse Public License",
    "LGPL": r"GNU LESSER GENERAL PUBLIC|GNU LIBRARY GENERAL PUBLIC|\bLGPL-\d",
    "GPL": r"GNU GENERAL PUBLIC LICENSE|\bGPL-\d",
    "AGPL": r"GNU AFFERO GENERAL PUBLIC|\bAGPL-\d",
    "BUSL": r"Business Source License",
    "SSPL": r"Server Side Public License",
    "Elastic": r"Elastic License",
    "Commons Clause": r"Commons Clause",
}
# Of these and what the list may call them one must hold. A list's "MIT/Apache" offers a choice.
_PERMISSIVE = re.compile(
    r"MIT|Apache(?:-2(?:\.0)?)?|BSD(?:-[23]|-like)?|ISC|Zlib|BSL-1(?:\.0)?|Unlicense|CC0|PostgreSQL"
    r"|public-domain"
)
OWN = "own"
"""What a list says of code that belongs to who trains on it, whatever its files say to others."""

_LICENCE_FILE = re.compile(r"(?:MIT-|UN)?(?:LICEN[CS]E|COPYING)(?:[.-][\w.-]+)?", re.IGNORECASE)
_OF_OTHERS = re.compile(r"third|depend|binary|bundled|vendor|MKL", re.IGNORECASE)


def is_permissive(licence: str) -> bool:
    """Whether one of the licences in "MIT/Apache-2.0" is, or it is :data:`OWN`; else not."""
    return licence == OWN or any(_PERMISSIVE.fullmatch(one) for one in licence.split("/"))


def found(repository: Repository, commit: str) -> str:
    """The most permissive licence that a file at the top states, for some offer a choice; or ""."""
    stated = set()
    for entry in repository.tree(commit):
        if _LICENCE_FILE.fullmatch(entry.path) and not _OF_OTHERS.search(entry.path):
            text = repository.read(entry.blob).decode("utf-8", "replace")[:5000]
            stated.add(_stated(" ".join(text.split())))
    return next((name for name in _LICENCES if name in stated), "")


def _stated(text: str) -> str:
    """The licence that a text states first; "" where it states none that is known."""
    places = {
        name: said.start()
        for name, words in _LICENCES.items()
        if (said := re.search(words, text, re.IGNORECASE))
    }
    return min(places, key=places.__getitem__, default="")
