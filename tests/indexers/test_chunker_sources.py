"""Every language's sample, against its outline: kinds, names, spans and documentation by hand."""

from __future__ import annotations

import pytest

from indexers.languages import GRAMMARS, detect, grammar_of
from indexers.types import Chunk, Kind
from tests.indexers.outlines import SOURCES, chunks_of, outline, uncovered

NAMES = sorted(path.name for path in SOURCES.iterdir() if path.suffix != ".outline")


def read(name: str) -> str:
    return (SOURCES / name).read_text("utf-8")


def test_every_grammar_has_a_sample() -> None:
    sampled = {grammar_of(detect(name) or "", name) for name in NAMES}
    # The plain TypeScript grammar is covered by its superset, tsx.
    missing = {name for name, grammar in GRAMMARS.items() if grammar not in sampled}
    assert missing == {"typescript"}


@pytest.mark.parametrize("name", NAMES)
def test_outline(name: str) -> None:
    expected = read(name + ".outline").splitlines()
    assert outline(chunks_of(read(name), name)) == expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("budget", [2000, 200, 40])
def test_every_line_is_covered_and_every_chunk_is_in_budget(name: str, budget: int) -> None:
    chunks = chunks_of(read(name), name, budget=budget)
    assert uncovered(read(name), chunks) == []
    assert [chunk for chunk in chunks if len(chunk.text) > budget] == []
    assert [chunk for chunk in chunks if not chunk.text.strip()] == []


@pytest.mark.parametrize("name", NAMES)
def test_functions_are_their_source_lines(name: str) -> None:
    lines = read(name).split("\n")

    def source_of(chunk: Chunk) -> str:
        return "\n".join(lines[chunk.span.start_line - 1 : chunk.span.end_line])

    functions = [c for c in chunks_of(read(name), name) if c.kind in {Kind.FUNCTION, Kind.METHOD}]
    assert [chunk.text for chunk in functions] == [source_of(chunk) for chunk in functions]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_text_gives_the_same_chunks(name: str) -> None:
    assert chunks_of(read(name), name, budget=300) == chunks_of(read(name), name, budget=300)


@pytest.mark.parametrize("name", NAMES)
def test_parts_count_up_and_only_the_first_has_the_docstring(name: str) -> None:
    chunks = chunks_of(read(name), name, budget=60)
    assert any(chunk.parts > 1 for chunk in chunks)
    awaited = 1
    for chunk in chunks:
        assert chunk.part == awaited
        assert chunk.part == 1 or not chunk.docstring
        awaited = chunk.part + 1 if chunk.part < chunk.parts else 1


@pytest.mark.parametrize(
    ("name", "symbol", "signature"),
    [
        (
            "cache.py",
            "Cache.sweep",
            "async def sweep(caches: list[Cache], *, limit: int = 10) -> int",
        ),
        ("cache.py", "Cache", "class Cache[K, V]"),
        ("queue.go", "Queue.Push", "func (q *Queue[T]) Push(item T) error"),
        ("list.c", "node_new", "static node_t * node_new(void *value)"),
        ("shapes.cpp", "geo.Shape", "class GEO_EXPORT Shape : public Base"),
        ("store.js", "add", "const add = (a, b)"),
        ("widget.tsx", "Widget.choose", "async choose(item: T): Promise<void>"),
        (
            "Account.java",
            "Account.withdraw",
            "public <R extends Receipt> R withdraw(final int amount) throws Overdrawn",
        ),
        ("Repo.kt", "Repo.load", "suspend fun load(page: Int): List<T>"),
        ("Parser.scala", "Parser.map", "def map[B](f: A => B): Parser[B]"),
        ("View.swift", "CounterView.add", "func add(_ step: Int = 1) -> Int where T: Equatable"),
        ("cache.rs", "Cache.get", "pub fn get(&self, key: &K) -> Option<&V>"),
        ("Mailer.cs", "Mailer.Send", "public async Task<bool> Send<R>(T letter, R reason)"),
        ("invoice.rb", "Billing.Invoice.secret", "private def secret"),
        (
            "Router.php",
            "Router.add",
            "public function add(string $path, callable $handler): static",
        ),
        ("inventory.lua", "M.clear", "M.clear = function(items)"),
        ("counter.ex", "Shop.Counter.add", "def add(counter, amount) when amount > 0"),
        (
            "Bank.hs",
            "transfer",
            "transfer :: Int -> Account -> Account -> Either String (Account, Account)",
        ),
        ("ring.zig", "Ring.init", "pub fn init(bytes: []u8) Ring"),
        ("backup.sh", "rotate", "function rotate"),
    ],
)
def test_signature(name: str, symbol: str, signature: str) -> None:
    chunks = chunks_of(read(name), name)
    found = next(chunk for chunk in chunks if chunk.qualified_name == symbol)
    assert found.signature == signature
