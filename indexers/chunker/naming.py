"""Names: what a definition is called, and what it belongs to."""

from __future__ import annotations

import re

from tree_sitter import Node

_GENERICS = re.compile(r"<[^<>]*>|\[[^\[\]]*\]")
_SEPARATOR = re.compile(r"::|[.:\\]")
_IDENTIFIER = re.compile(r"[^\W\d]")
_OPERATOR = re.compile(r"^(.*?)(?:::)?\b(operator\b.*)$", re.DOTALL)
_LOOSE_OPEN = re.compile(r"([(\[]) ")
_LOOSE_CLOSE = re.compile(r",? ([)\]])")
_QUOTES = "\"'`"
# What stands before a name in JavaScript without saying where it belongs.
_NO_SCOPE = frozenset({"module", "exports", "prototype", "this", "self", "window", "globalThis"})
_MAX_NAME = 500
_MAX_SIGNATURE = 400


def name_node(node: Node) -> Node | None:
    """Return the node that holds a definition's name: C's hides in a chain of declarators."""
    name = node.child_by_field_name("name")
    while name is None:
        declarator = node.child_by_field_name("declarator")
        if declarator is None:
            declarator = _declarator(node)
        if declarator is None:
            return node if node.child_count == 0 or "identifier" in node.type else None
        node = declarator
        if node.type in {"qualified_identifier", "operator_name", "destructor_name"}:
            return node
        name = node.child_by_field_name("name")
    return name


def _declarator(node: Node) -> Node | None:
    """Look through the declarators whose grammar rule names no field."""
    if node.type not in {"reference_declarator", "parenthesized_declarator"}:
        return None
    children = node.named_children
    return children[-1] if children else None


def split_name(text: str) -> tuple[tuple[str, ...], str]:
    """Return (scope, symbol) of a name as written: ``a::B<T>::c`` → (("a", "B"), "c")."""
    text = fold(text[:_MAX_NAME])
    if text[:1] == "[":  # a computed name
        text = text.strip("[] ")
    if text[:1] in _QUOTES:  # a string for a name: its content is one word
        return (), text.strip(_QUOTES)
    if match := _OPERATOR.match(text):
        return scope_of(match.group(1)), match.group(2)
    if not _IDENTIFIER.search(text):
        return (), text.strip("() ")
    # A macro that the grammar took for the type leaves the real type in the name.
    name = without_generics(text).rpartition(" ")[2]
    words = [word for word in _SEPARATOR.split(name) if word and word not in _NO_SCOPE]
    return (tuple(words[:-1]), words[-1].lstrip("$@").strip('"`')) if words else ((), "")


def scope_of(text: str) -> tuple[str, ...]:
    """Return the path of the type that a text names: ``*List[T]`` → ("List",)."""
    scope, symbol = split_name(text.strip("*&() ")) if text.strip() else ((), "")
    return (*scope, symbol) if symbol else ()


def without_generics(text: str) -> str:
    """Take type arguments off: ``Map<K, List<V>>`` → ``Map``."""
    previous = ""
    while previous != text:
        previous, text = text, _GENERICS.sub("", text)
    return text.strip()


def fold(text: str) -> str:
    """Fold runs of white space into single spaces."""
    return " ".join(text.split())


def clean_signature(text: str) -> str:
    """Fold a declaration's white space and take off what leads over to its body."""
    text = _LOOSE_OPEN.sub(r"\1", _LOOSE_CLOSE.sub(r"\1", fold(text))).rstrip("{\\ ")
    for tail in ("=>", "=", ":", ";", ",", " do", " where", " with"):
        text = text.removesuffix(tail).rstrip()
    return text if len(text) <= _MAX_SIGNATURE else text[: _MAX_SIGNATURE - 1] + "…"
