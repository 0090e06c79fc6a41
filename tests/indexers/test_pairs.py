from __future__ import annotations

from dataclasses import replace

import pytest

from indexers.chunker import chunk_text
from indexers.pairs import (
    Pair,
    find_bystander,
    find_later_pair,
    find_pair,
    find_weak_pair,
    name_words,
)
from indexers.summaries import is_usable, summary
from indexers.types import Kind

PYTHON = '''
@cached
def read_config(path, default=None):
    """Read the settings from a file.

    :param path: where it lies
    """
    with open(path) as file:
        data = parse(file.read())
    data.update(default or {})
    return data
'''
GO = """
// Dial connects to the server at the given address and
// returns a new client.
//
// It panics if the address is empty.
func Dial(address string) (*Client, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return NewClient(conn), nil
}
"""
JAVA = """
class Box {
    /**
     * Returns the <b>first</b> element of the {@link List}.
     *
     * @param list the list
     */
    @Nullable
    public <T> T first(List<T> list) {
        if (list.isEmpty()) {
            return null;
        }
        return list.get(0);
    }
}
"""
CSHARP = """
class Box {
    /// <summary>Removes every item that matches the <paramref name="rule"/>.</summary>
    /// <returns>How many there were.</returns>
    public int RemoveAll(Rule rule) {
        var before = Count;
        items = items.Where(rule.Rejects);
        return before - Count;
    }
}
"""
RUBY = """
# Parse the header of a request into a hash of names and values.
def parse_header(text)
  pairs = text.lines.map { |line| line.split(": ") }
  pairs.reject!(&:empty?)
  pairs.to_h
end
"""


def pairs(code: str, language: str, path: str = "lib/box.x") -> list[Pair]:
    chunks = chunk_text(code, path=path, language=language, blob="0" * 40)
    return [pair for chunk in chunks if (pair := find_pair(chunk))]


@pytest.mark.parametrize(
    ("code", "language", "text", "first_line", "declaration"),
    [
        (PYTHON, "python", "Read the settings from a file.", "@cached", 2),
        (
            GO,
            "go",
            "connects to the server at the given address and returns a new client.",
            "func Dial(address string) (*Client, error) {",
            1,
        ),
        (JAVA, "java", "Returns the first element of the List.", "    @Nullable", 2),
        (
            CSHARP,
            "csharp",
            "Removes every item that matches the rule.",
            "    public int RemoveAll(Rule rule) {",
            1,
        ),
        (
            RUBY,
            "ruby",
            "Parse the header of a request into a hash of names and values.",
            "def parse_header(text)",
            1,
        ),
    ],
    ids=["python", "go", "java", "csharp", "ruby"],
)
def test_documentation_and_code_come_apart(
    code: str, language: str, text: str, first_line: str, declaration: int
) -> None:
    (pair,) = pairs(code, language)
    assert pair.text == text
    assert pair.bare.text.split("\n")[0] == first_line
    assert pair.declaration == declaration
    assert pair.bare.docstring == ""
    for word in ("settings", "connects", "element", "matches", "request into"):
        assert word not in pair.bare.text
    before, doc, after = pair.parts
    assert "\n".join(part for part in (before, doc, after) if part) == pair.chunk.text


def test_code_keeps_every_line_that_is_not_documentation() -> None:
    (pair,) = pairs(PYTHON, "python")
    lines = PYTHON.strip().split("\n")
    assert pair.bare.text.split("\n") == lines[:2] + lines[6:]


@pytest.mark.parametrize(
    ("docstring", "text"),
    [
        ("Open a file.\n\nMore.", "Open a file."),
        ("Open a file.\nArgs:\n  path: where", "Open a file."),
        ("Open a file,\nthen read it.\n@param path where", "Open a file, then read it."),
        ("@brief Open a file.\n@return it", "Open a file."),
        ("\\brief Open a file.", "Open a file."),
        ("Open :class:`~io.File` at [the place](http://x.y).", "Open io.File at the place."),
        ("Open a <code>file</code>, see https://x.y/z now.", "Open a file , see now."),
        (":param path: where", ""),
        ("Returns\n-------\nint", ""),
    ],
)
def test_summary(docstring: str, text: str) -> None:
    assert summary(docstring) == text


@pytest.mark.parametrize(
    "text",
    [
        "Open file",  # two words
        "word " * 121,
        "Ouvre le fichier nommé",  # no word that English has
        "打开 文件 并 读取 所有 内容",
        "TODO make this faster for all",
        "{@inheritDoc} and more of it",
        "The GTSAM library, Copyright 2010 to 2018 by all of its authors",
        "Code generated from the list of names; DO NOT EDIT.",
        "x = y + 1; return the_value(a);",
        "a & b | c ^ d << 3 the %$ 5.0 / 3.0 == 1e5",
    ],
)
def test_what_is_no_sentence_is_refused(text: str) -> None:
    assert not is_usable(text)


def test_short_bodies_and_tests_are_refused() -> None:
    short = 'def f(x):\n    """Return the double of a number."""\n    return 2 * x\n'
    assert not pairs(short, "python")
    assert not pairs(PYTHON, "python", "tests/box.py")
    assert not pairs(GO, "go", "dial_test.go")


def test_functions_among_tests_and_marked_as_such_are_refused() -> None:
    body = "    let value = read(1);\n    let other = read(2);\n    check(value, other);\n"
    own = f"/// Reads both of the values.\nfn both() {{\n{body}}}\n"
    assert len(pairs(own, "rust")) == 1
    assert not pairs(f"mod tests {{\n{own}}}\n", "rust")
    assert not pairs(own.replace("fn", "#[tokio::test]\nasync fn"), "rust")
    java = JAVA.replace("@Nullable", "@Test")
    assert len(pairs(JAVA, "java")) == 1
    assert not pairs(java, "java")


def test_the_name_of_what_it_documents_is_no_part_of_a_question() -> None:
    (pair,) = pairs(RUBY.replace("# Parse the", "# parse_header reads the"), "ruby")
    assert pair.text == "reads the header of a request into a hash of names and values."
    (pair,) = pairs(RUBY.replace("def parse_header", "def Parse"), "ruby")
    assert pair.text.startswith("Parse the header")  # a verb


def test_a_private_method_of_javascript_is_no_comment() -> None:
    code = "class Box {\n  /** Read all that there is. */\n  #read(x) {\n    const a = x.next();\n"
    (pair,) = pairs(code + "    this.#add(a);\n    return a;\n  }\n}\n", "javascript")
    assert pair.doc_lines == (0, 1)
    assert pair.declaration == 1


def test_a_declaration_may_end_in_a_comma() -> None:
    code = "/// Adds both of the numbers up.\nfn add(\n    a: u32,\n    b: u32,\n) -> u32 {\n"
    (pair,) = pairs(code + "    let c = a;\n    let d = b;\n    c + d\n}\n", "rust")
    assert pair.declaration == 4


def test_a_function_without_documentation_gives_its_name() -> None:
    code = "\n".join(line for line in GO.split("\n") if not line.startswith("//"))
    code = code.replace("Dial(address string)", "DialHTTPServer(address string)")
    (chunk,) = chunk_text(code, path="a.go", language="go", blob="0" * 40)
    assert find_pair(chunk) is None
    pair = find_weak_pair(chunk)
    assert pair is not None
    assert (pair.text, pair.weak, pair.doc_lines) == ("dial http server", True, (0, 0))
    assert pair.bare.text == chunk.text


LONG = """
def settle(accounts):
    \"\"\"Pay back what each account owes to the others.\"\"\"
""" + "".join(f"    accounts[{n}].pay(accounts[{n + 1}], owed={n})\n" for n in range(30))


def test_a_later_part_answers_what_the_first_one_says() -> None:
    first, *later = chunk_text(LONG, path="a.py", language="python", blob="0" * 40, budget=500)
    pair = find_pair(first)
    assert pair is not None
    again = find_later_pair(pair, later[0])
    assert again is not None
    assert (again.text, again.chunk, again.doc_lines) == (pair.text, later[0], (0, 0))
    assert find_later_pair(pair, first) is None
    other = replace(later[0], class_path="Other")
    assert find_later_pair(pair, other) is None
    assert find_pair(later[0]) is find_weak_pair(later[0]) is find_bystander(later[0]) is None


def test_a_module_is_documented_at_its_top() -> None:
    code = '"""Settle all that they owe."""\n\nimport sys\n\nLIMIT = 3\ntotal = 0\nrun(LIMIT)\n'
    (pair,) = pairs(code, "python")
    assert (pair.chunk.kind, pair.text) == (Kind.MODULE, "Settle all that they owe.")
    assert "Settle" not in pair.bare.text


def test_what_no_question_asks_for_stands_by() -> None:
    code = "import sys\n\nLIMIT = 3\nrun(LIMIT)\n\nclass Bag:\n    size: int\n    name: str\n"
    chunks = [*chunk_text(code, path="a.py", language="python", blob="0" * 40)]
    chunks += chunk_text("# Install\n\nRun it.\n", path="a.md", language="markdown", blob="0" * 40)
    found = [find_bystander(chunk) for chunk in chunks]
    assert [pair and pair.chunk.kind for pair in found] == [Kind.MODULE, Kind.CLASS, Kind.TEXT]
    assert all(pair and (pair.text, pair.bare.text) == ("", pair.chunk.text) for pair in found)
    (function,) = chunk_text("def f():\n    pass\n", path="a.py", language="python", blob="0" * 40)
    assert find_bystander(function) is None


def test_names_come_apart() -> None:
    assert name_words("_parseHTTPHeader2") == ["parse", "HTTP", "Header"]
    assert name_words("i_x") == []
