"""Files without a grammar: sections, paragraphs, lines."""

from __future__ import annotations

from indexers.types import Kind
from tests.indexers.outlines import chunks_of, outline, uncovered


def test_markdown_goes_by_headings() -> None:
    text = (
        "---\n# no heading\ntitle: x\n---\nHello.\n\n# Guide\n\n## Install ##\n\nRun it.\n"
        "```sh\n# no heading\n```\n\n    # nor this\n"
        "### Linux\nsudo it\n\nUse\n---\nNow.\n\n# End\n"
    )
    chunks = chunks_of(text, "README.md")
    assert [(c.symbol, c.class_path, c.span.start_line, c.span.end_line) for c in chunks] == [
        ("", "", 1, 5),
        ("Install", "Guide", 7, 16),
        ("Linux", "Guide > Install", 17, 18),
        ("Use", "Guide", 20, 22),
        ("End", "", 24, 24),
    ]
    assert {chunk.kind for chunk in chunks} == {Kind.TEXT}
    assert chunks[1].text.startswith("# Guide\n\n## Install ##\n\nRun it.")


def test_markdown_without_headings_is_one_section() -> None:
    assert outline(chunks_of("\n\nJust this.\n\n- a\n---\n", "a.md")) == ["text 3-6"]


def test_an_open_fence_ends_with_the_file() -> None:
    text = "# A\n\n````\n```\n# no\n"
    assert [chunk.symbol for chunk in chunks_of(text, "a.md")] == ["A"]


def test_long_sections_split_at_paragraphs_and_keep_their_heading() -> None:
    paragraph = "word " * 30
    text = "# Long\n\n" + "\n\n".join(paragraph for _ in range(20)) + "\n"
    chunks = chunks_of(text, "a.md", budget=500)
    assert {(chunk.symbol, chunk.parts) for chunk in chunks} == {("Long", len(chunks))}
    assert all(chunk.text.startswith("word") for chunk in chunks[1:])
    assert uncovered(text, chunks) == []


def test_rst_goes_by_underlines_in_order_of_use() -> None:
    text = (
        "=====\nGuide\n=====\n\nHello.\n\nInstall\n-------\n\n.. note::\n\n   x\n\n"
        "Linux\n~~~~~\n\nsudo it\n\nUse\n-----\n\nNow.\n\n=== ===\na   b\n=== ===\n1   2\n=== ===\n"
    )
    chunks = chunks_of(text, "index.rst")
    assert [(c.symbol, c.class_path, c.span.start_line, c.span.end_line) for c in chunks] == [
        ("Guide", "", 1, 5),
        ("Install", "Guide", 7, 12),
        ("Linux", "Guide > Install", 14, 17),
        ("Use", "Guide", 19, 28),
    ]


def test_other_text_goes_by_paragraphs_up_to_the_budget() -> None:
    text = "\n".join(f"CREATE TABLE t{n} (\n  id INT,\n  name TEXT\n);\n" for n in range(12))
    chunks = chunks_of(text, "schema.sql", budget=200)
    assert all(chunk.text.startswith("CREATE TABLE") for chunk in chunks)
    assert all(chunk.text.endswith(");") for chunk in chunks)
    assert len(chunks) == 3
    assert uncovered(text, chunks) == []


def test_configuration_splits_at_its_outermost_keys() -> None:
    text = "".join(f"key{n}:\n  one: 1\n  two:\n    three: 3\n" for n in range(30))
    chunks = chunks_of(text, "a.yaml", budget=150)
    assert all(chunk.text.startswith("key") for chunk in chunks)


def test_code_without_a_grammar_is_code() -> None:
    assert outline(chunks_of("main() {\n  print(1);\n}\n", "a.dart")) == ["module 1-3"]
