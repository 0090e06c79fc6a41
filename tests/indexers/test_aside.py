"""Paths of well-known layouts, and what they say."""

from __future__ import annotations

import pytest

from indexers.aside import is_documentation, is_example, is_test

TESTS = """
    a/test/b.py test_a.py test.py conftest.py a/conftest.py src/FooTest.java x.spec.ts FooSpec.scala
    src/Core.Tests/Box.cs a/box-tests/b.rs x/UnitTests/b.cs Tests/Helpers.swift src/tests.rs
    src/Component/Tests/Fixtures/a.php axum/benches/b.rs strings/str_cat_benchmark.cc
    map_unittest.cc src/commonTest/kotlin/util.kt jmh-benchmarks/src/main/java/A.java
    test_suite/a.rs testutil/x.go test-utils/x.ts spec/user_spec.rb __mocks__/a.js
    src/test/java/A.java lib/cart_test.go
""".split()
CODE = """
    src/contest.py latest/a.go testimony.rb attest.c src/attestation.py src/inspect.py request.ts
    src/Core.Testament/Box.cs src/Contest.java lib/manifest.go app/specification.py
    src/main/java/com/squareup/javapoet/MethodSpec.java laws/src/main/scala/FunctorTests.scala
    client-mock/src/commonMain/kotlin/mock/Engine.kt
""".split()


@pytest.mark.parametrize("path", TESTS)
def test_paths_of_tests(path: str) -> None:
    assert is_test(path)


@pytest.mark.parametrize("path", CODE)
def test_paths_that_only_sound_like_tests(path: str) -> None:
    assert not is_test(path)


def test_examples_and_documentation() -> None:
    assert all(map(is_example, ["examples/a.py", "Example/a.swift", "_examples/rest/a.go"]))
    assert not any(map(is_example, ["exemplar/a.py", "src/main/java/org/samples/A.java"]))
    assert all(map(is_documentation, ["docs/a.py", "Doc/a.rst", "docs_src/a.py"]))
    assert not any(map(is_documentation, ["docstore/a.py", "src/documents/a.py", "docs.md"]))
