"""Which definitions get chunks, what a class's chunk holds, what lies between, how all splits."""

from __future__ import annotations

from textwrap import dedent

from indexers.chunker import chunk_text
from indexers.types import Chunk, Kind
from tests.indexers.outlines import chunks_of, outline


def python(text: str, **options: int) -> list[Chunk]:
    return chunks_of(dedent(text).lstrip("\n"), "a.py", **options)


def test_a_class_holds_its_header_its_fields_and_a_line_for_each_member() -> None:
    chunk = python(
        '''
        @frozen
        class Point:
            """A place."""

            x: int = 0

            # Far away?
            @property
            def far(
                self,
                limit: int = 10,
            ) -> bool:
                """Beyond the limit."""
                return self.x > limit


            y = 1
            def near(self): return not self.far
        '''
    )[0]
    assert chunk.kind is Kind.CLASS
    assert chunk.text == dedent(
        '''
        @frozen
        class Point:
            """A place."""

            x: int = 0

            def far(self, limit: int = 10) -> bool

            y = 1
            def near(self): return not self.far
        '''
    ).strip("\n")


def test_members_are_listed_while_the_budget_lasts_and_fields_are_all_kept() -> None:
    fields = "".join(f"    field_{number}: int = {number}\n" for number in range(20))
    methods = "".join(
        f"    def method_{number}(self):\n        return {number}\n\n" for number in range(200)
    )
    parts = [c for c in python("class Big:\n" + fields + methods, budget=1000) if c.symbol == "Big"]
    text = "\n".join(part.text for part in parts)
    assert all(f"field_{number}:" in text for number in range(20))
    assert "def method_0(self)" in text
    assert "def method_199(self)" not in text
    assert len(text) <= 1500


def test_functions_inside_of_short_functions_stay_there() -> None:
    chunks = python(
        """
        def outer(a):
            def inner(b):
                one = b
                two = one
                three = two
                return three
            return inner(a)
        """
    )
    assert outline(chunks) == ["function outer 1-7"]


def test_large_functions_inside_of_long_functions_get_chunks_of_their_own() -> None:
    filler = "".join(f"    step_{number} = a + {number}\n" for number in range(30))
    text = (
        "def outer(a):\n"
        + filler
        + "    def tiny():\n        return a\n"
        + "    class Local:\n        x = 1\n"
        + "        def go(self):\n            a = 1\n            return a\n"
        + "    def inner(b):\n        '''Does it.'''\n"
        + "        one = b\n        two = one\n        return two\n"
        + "    return inner(tiny())\n"
    )
    chunks = python(text, budget=400)
    names = [(c.kind.value, c.qualified_name) for c in chunks if c.part == 1]
    assert names == [
        ("function", "outer"),
        ("class", "outer.Local"),
        ("method", "outer.Local.go"),
        ("function", "outer.inner"),
    ]
    body = "\n".join(chunk.text for chunk in chunks if chunk.symbol == "outer")
    assert "def tiny():\n        return a" in body
    assert "    def inner(b)\n    return inner" in body
    assert "Does it." not in body


def test_what_lies_between_definitions_is_not_lost() -> None:
    chunks = python(
        """
        import os

        ONE = 1
        TWO = 2
        THREE = 3

        def f():
            pass

        x = f()

        def g():
            pass

        REGISTRY = {
            "f": f,
            "g": g,
        }
        register(REGISTRY)
        """
    )
    assert outline(chunks) == ["module 1-10", "function f 7-8", "function g 12-13", "module 15-19"]
    assert chunks[0].text == "import os\n\nONE = 1\nTWO = 2\nTHREE = 3\n\nx = f()"


def test_long_functions_split_between_statements() -> None:
    block = "    if value > {0}:\n        total += value\n        count += {0}\n"
    text = "def f(value):\n    '''Adds.'''\n" + "".join(block.format(n) for n in range(40))
    chunks = python(text, budget=500)
    assert len(chunks) > 4
    assert {(c.symbol, c.signature, c.parts) for c in chunks} == {
        ("f", "def f(value)", len(chunks))
    }
    assert [c.docstring for c in chunks] == ["Adds."] + [""] * (len(chunks) - 1)
    assert all(c.text.startswith("    if value > ") for c in chunks[1:])
    assert "\n".join(c.text for c in chunks) == text.rstrip("\n")
    sizes = [len(c.text) for c in chunks]
    assert max(sizes) <= 2 * min(sizes)


def test_a_long_function_splits_around_its_nested_blocks() -> None:
    inner = "".join(f"            call({number})\n" for number in range(60))
    text = f"def f():\n    first()\n    for x in y:\n        with x:\n{inner}    last()\n"
    chunks = python(text, budget=400)
    assert "\n".join(c.text for c in chunks) == text.rstrip("\n")
    assert [c.span.start_line for c in chunks[1:]] == [c.span.end_line + 1 for c in chunks[:-1]]


def test_the_budget_is_in_the_callers_units() -> None:
    text = "def f():\n" + "".join(f"    a_{number} = b\n" for number in range(50))

    def words(piece: str) -> int:
        return len(piece.split())

    chunks = chunk_text(text, path="a.py", language="python", blob="", budget=30, measure=words)
    assert [words(chunk.text) <= 30 for chunk in chunks] == [True] * len(chunks)
    assert len(chunks) == 6


def test_overload_stubs_go_with_what_follows_and_setters_do_not() -> None:
    chunks = python(
        '''
        @overload
        def f(a: int) -> int: ...
        @typing.overload
        def f(a: str) -> str: ...
        def f(a):
            """Does it."""
        def f(b):
            return b
        '''
    )
    assert outline(chunks) == ["function f 1-6 | Does it.", "function f 7-8"]
    assert chunks[0].signature == "def f(a: int) -> int"


def test_definitions_on_one_line_share_a_chunk() -> None:
    text = "function a() { return 1 } function b() { return 2 }\nfunction c() {\n}\n"
    assert outline(chunks_of(text, "a.js")) == ["function a 1-1", "function c 2-3"]


def test_a_definition_that_begins_on_the_last_line_of_another_has_that_line_too() -> None:
    text = "const a = function () {\n  return 1\n}; const b = function () {\n  return 2\n}\n"
    assert outline(chunks_of(text, "a.js")) == ["function a 1-3", "function b 3-5"]


def test_pure_namespaces_are_looked_through() -> None:
    text = "module A\n  module B\n    class C\n      def d\n      end\n    end\n  end\nend\n"
    assert outline(chunks_of(text, "a.rb")) == [
        "module 1-8",
        "class A.B.C 3-6",
        "method A.B.C.d 4-5",
    ]


def test_a_module_with_functions_or_documentation_is_a_class() -> None:
    text = "# Helps.\nmodule Help\n  def self.me\n  end\nend\n"
    assert outline(chunks_of(text, "a.rb")) == ["class Help 1-5 | Helps.", "method Help.me 3-4"]


def test_object_literals_name_what_they_hold() -> None:
    text = (
        "module.exports = {\n  load(a) {\n    const b = a;\n    return b;\n  },\n  tiny() {},\n"
        "  deep: { save: (x) => {\n    const y = x;\n    return y;\n  } },\n};\n"
    )
    assert outline(chunks_of(text, "a.js")) == [
        "module 1-11",
        "function load 2-5",
        "function deep.save 7-10",
    ]


def test_short_aliases_stay_in_the_module_unless_documented() -> None:
    text = "package a\n\ntype ID int\n\n// Key opens doors.\ntype Key string\n"
    assert outline(chunks_of(text, "a.go")) == ["module 1-3", "class Key 5-6 | Key opens doors."]


def test_macros_do_not_hide_classes_and_functions_from_the_grammar() -> None:
    text = (
        "LIB_BEGIN_NAMESPACE\nclass LIB_API Door LIB_FINAL : public Thing {\n public:\n"
        "  void open();\n};\nLIB_INLINE std::string Door::open() {\n  return {};\n}\n"
    ).replace(" LIB_FINAL", " final")
    chunks = chunks_of(text, "a.cc")
    assert [chunk.qualified_name for chunk in chunks if chunk.symbol] == ["Door", "Door.open"]
    assert chunks[1].text.startswith("class LIB_API Door")


def test_a_prototype_counts_if_its_comment_is_its_own() -> None:
    text = (
        "/* Opens it. */\nint open_it(void);\n\n/* API */\nint shut_it(void);\nint lock_it(void);\n"
    )
    assert outline(chunks_of(text, "a.h")) == ["function open_it 1-2 | Opens it.", "module 4-6"]


def test_deep_class_paths_keep_their_last_names() -> None:
    text = (
        "".join("    " * depth + f"class C{depth}:\n" for depth in range(12))
        + "    " * 12
        + "x = 1"
    )
    last = chunks_of(text, "a.py")[-1]
    assert last.qualified_name == ".".join(f"C{depth}" for depth in range(3, 12))


def test_a_banner_between_functions_makes_no_chunk_of_its_own() -> None:
    banner = "/*" + "*" * 60 + "/\n/******** INPUT *********/\n/*" + "*" * 60 + "/\n\n"
    text = "int a;\nint b;\nint c;\n\nint f() {\n}\n\n" + banner + "int g() {\n}\n"
    assert outline(chunks_of(text, "a.c")) == ["module 1-10", "function f 5-6", "function g 12-13"]
