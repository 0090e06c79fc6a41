from __future__ import annotations

import time

import pytest

from indexers.ignorefiles import AttributeFiles, IgnoreFiles
from indexers.repository import Repository
from indexers.skip import Rules, Source, decode
from indexers.types import SkipReason, TreeEntry
from tests.indexers.conftest import Playground

R = SkipReason
CODE = b"x = 1\n"


def rules(ignore=None, attributes=None, **settings) -> Rules:
    files = IgnoreFiles({"": ignore} if isinstance(ignore, str) else ignore or {})
    said = AttributeFiles({"": attributes} if isinstance(attributes, str) else attributes or {})
    return Rules(files, said, **settings)


def decide(rules: Rules, path: str, data: bytes = CODE, mode: int = 0o100644) -> SkipReason | None:
    """Both stages, as the pipeline goes through them."""
    reason = rules.by_entry(TreeEntry(path, "0" * 40, mode, len(data)))
    if reason is not None:
        return reason
    found = rules.examine(path, data)
    return None if isinstance(found, Source) else found


# Built-in rules by path


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("src/app.py", None),
        ("node_modules/left-pad/index.js", R.VENDORED),
        ("web/node_modules/a/b.js", R.VENDORED),
        ("vendor/github.com/a/b.go", R.VENDORED),
        ("cmd/tool/vendor/a/b.go", R.VENDORED),
        ("src/pip/_vendor/rich/live.py", R.VENDORED),
        ("third_party/zlib/inflate.c", R.VENDORED),
        ("ios/Pods/AFNetworking/a.m", R.VENDORED),
        ("deps/lua/lua.c", R.VENDORED),
        ("dist/app.js", R.VENDORED),
        ("static/js/jquery-3.6.0.js", R.VENDORED),
        ("static/js/jquery.js", R.VENDORED),
        ("static/chart-2.9.4.js", R.VENDORED),
        ("gradlew", R.VENDORED),
        # People's own code, however much it looks like the above
        ("src/deps/resolver.rs", None),
        ("packages/core/dist/index.ts", None),
        ("pkg/pods/pods.go", None),
        ("src/main/java/com/shop/vendor/VendorService.java", None),
        ("app/Http/Controllers/Vendor/OrderController.php", None),
        ("vendored.py", None),
        ("src/jquery.js", None),
        ("lodash.js", None),
        ("env/settings.py", None),
        ("package-lock.json", R.LOCK_FILE),
        ("sub/poetry.lock", R.LOCK_FILE),
        ("Cargo.lock", R.LOCK_FILE),
        ("go.sum", R.LOCK_FILE),
        ("pnpm-lock.yaml", R.LOCK_FILE),
        ("package.json", None),
        ("lock.py", None),
        ("api/user_pb2.py", R.GENERATED),
        ("api/user_pb2_grpc.py", R.GENERATED),
        ("api/user.pb.go", R.GENERATED),
        ("api/user.pb.gw.go", R.GENERATED),
        ("lib/model.g.dart", R.GENERATED),
        ("Form1.Designer.cs", R.GENERATED),
        ("src/__generated__/types.ts", R.GENERATED),
        ("test/__snapshots__/a.test.js.snap", R.GENERATED),
        ("bundle.js.map", R.GENERATED),
        ("logo.svg", R.GENERATED),
        ("designer.cs", None),
        ("app.min.js", R.MINIFIED),
        ("css/site-min.css", R.MINIFIED),
        ("admin.js", None),
        ("photo.PNG", R.BINARY),
        ("lib.so", R.BINARY),
        ("data.unheardof", R.UNSUPPORTED),
        ("LICENSE", R.UNSUPPORTED),
    ],
)
def test_paths(path, reason):
    assert decide(rules(), path) == reason


def test_what_is_no_regular_file_stays_out():
    assert decide(rules(), "a.py", mode=0o120000) is R.SYMLINK
    assert decide(rules(), "a.py", mode=0o160000) is R.SUBMODULE
    assert decide(rules(), "a.py", mode=0o100755) is None
    assert decide(rules(exclude=["!a.py"]), "a.py", mode=0o120000) is R.SYMLINK


def test_size_is_judged_without_reading():
    limited = rules(max_file_bytes=10)
    assert limited.by_entry(TreeEntry("a.py", "0" * 40, 0o100644, 11)) is R.TOO_LARGE
    assert limited.by_entry(TreeEntry("a.py", "0" * 40, 0o100644, 10)) is None
    assert limited.by_entry(TreeEntry("a.py", "0" * 40, 0o100644, -1)) is None
    assert limited.examine("a.py", b"a = 123456789") is R.TOO_LARGE
    assert rules().by_entry(TreeEntry("a.py", "0" * 40, 0o100644, 0)) is R.EMPTY


# Content


@pytest.mark.parametrize(
    ("path", "data", "reason"),
    [
        ("a.py", b"\n \n", R.EMPTY),
        ("a.py", b"a\0b", R.BINARY),
        ("a.py", b"x = 1\n" * 2000 + b"\0", None),  # as git: a NUL counts near the start
        ("a.py", "# Größe\nsize = 1\nunit = 2\n".encode("latin-1"), None),
        ("a.py", "日本語日本語\n".encode("shift-jis"), R.UNDECODABLE),
        ("a.py", "x = 1\n".encode("utf-16"), None),
        ("a.py", "x = 1\n".encode("utf-32"), None),
        ("a.py", b"\xff\xfex", R.UNDECODABLE),
        ("script", b"#!/usr/bin/env python3\nprint()\n", None),
        ("tests/prints 0.1.x versions", b"#!/bin/sh\ntrue\n", None),
        ("script", b"no language known\n", R.UNSUPPORTED),
        ("a.js", b"var a=1;" * 100, R.MINIFIED),
        ("a.js", b"var answer = 42;\n" * 100, None),
        ("a.py", b"DATA = '" + b"A" * 5000 + b"'\n", R.MINIFIED),
        ("a.md", b"One very long paragraph. " * 100, None),
    ],
)
def test_content(path, data, reason):
    assert decide(rules(), path, data) == reason


@pytest.mark.parametrize("mode", [0o100644, 0o100755])
def test_a_change_of_mode_decides_nothing(mode):
    data = b"#!/usr/bin/env ruby\nputs 1\n"
    assert decide(rules(), "hooks/tool.run", data, mode=mode) is None
    assert decide(rules(), "tool.x", data, mode=mode) is R.UNSUPPORTED


@pytest.mark.parametrize(
    ("path", "head"),
    [
        (
            "a.go",
            "// Code generated by protoc-gen-go. DO NOT EDIT.\n// source: a.proto\n\npackage a",
        ),
        ("a.go", "// Licence\n" * 20 + "\n// Code generated by mockgen. DO NOT EDIT.\npackage a"),
        ("a.ts", "/**\n * @generated SignedSource<<0>>\n */\n"),
        ("a.cs", "// <auto-generated>\n//     This code was generated by a tool.\n"),
        ("a.py", "# Generated by the protocol buffer compiler.  DO NOT EDIT!\n"),
        ("a.py", '"""\nThis file was automatically generated by build.py\n"""\n'),
        ("a.h", "/* Automatically generated by generate-command-code.py, do not edit. */\n"),
        ("a.java", "package a;\n\n/** Autogenerated by Thrift Compiler (0.9.1) */\n"),
        ("a.rb", "# This file is auto-generated from the current state of the database.\n"),
        ("a.sh", "#!/bin/sh\n# DO NOT EDIT: this is generated from a.in\n"),
        ("requirements.txt", "#\n# This file is autogenerated by pip-compile\n"),
        ("a.md", "<!-- Generated by a tool -->\n# Title\n"),
    ],
)
def test_generated_by_its_own_words(path, head):
    assert decide(rules(), path, f"{head}\nx = 1\n".encode()) is R.GENERATED


@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("a.py", '"""Reads automatically generated slugs."""\n'),
        ("a.py", "import os\n\n# generated by the loop below\n"),
        ("a.py", "import os\n\nBANNER = '''\n# Code generated by x. DO NOT EDIT.\n'''\n"),
        ("a.js", "// Tells whether `@generated` stands in a file.\n"),
        ("a.go", "// Package gen writes files.\npackage gen\n"),
        ("a.py", "# ids are generated lazily\n"),
        ("a.md", "# Generated by us\n\nDo not edit a generated file.\n"),
    ],
)
def test_not_generated_but_speaking_of_it(path, head):
    assert decide(rules(), path, f"{head}\nx = 1\n".encode()) is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a", "a"),
        (b"\xef\xbb\xbfa\r\n", "a\r\n"),
        (b"\xff\xfea\0", "a"),
        (b"\xfe\xff\0a", "a"),
        ("ü".encode(), "ü"),
        (b"x" * 50 + b"\xfc\xfc", "x" * 50 + "\ufffd\ufffd"),
        (b"\xfc\xfc", None),
        (b"\xed\xa0\x80" + b"x" * 50, "\ufffd" * 3 + "x" * 50),  # half of a surrogate pair
        (b"", ""),
    ],
)
def test_decode(data, text):
    assert decode(data) == text
    if text is not None:
        text.encode()


# What a repository says


def test_codesearchignore_leaves_out_and_brings_back():
    said = rules(ignore="*.sql\n# comment\n/docs/\n!vendor/ours/\n!*_pb2.py\n")
    assert decide(said, "db/a.sql") is R.EXCLUDED
    assert decide(said, "docs/a.md") is R.EXCLUDED
    assert decide(said, "sub/docs/a.md") is None
    assert decide(said, "vendor/ours/a.py") is None
    assert decide(said, "vendor/theirs/a.py") is R.VENDORED
    assert decide(said, "a_pb2.py", b"# Generated by protoc. DO NOT EDIT\nx = 1\n") is None


def test_what_was_brought_back_is_still_no_text():
    said = rules(ignore="!*", max_file_bytes=100)
    assert decide(said, "node_modules/a.js") is None
    assert decide(said, "node_modules/a.png") is R.BINARY
    assert decide(said, "node_modules/a.js", b"x" * 101) is R.TOO_LARGE
    assert decide(said, "node_modules/a.js", b"\0") is R.BINARY


def test_a_deeper_ignore_file_outranks_and_counts_from_its_folder():
    said = rules(ignore={"": "*.py\n", "tests": "!/*.py\n", "tests/old": "*\n"})
    assert decide(said, "a.py") is R.EXCLUDED
    assert decide(said, "tests/a.py") is None
    assert decide(said, "tests/deep/a.py") is R.EXCLUDED
    assert decide(said, "tests/old/a.py") is R.EXCLUDED
    assert decide(said, "testsuite/a.c") is None


def test_settings_outrank_the_repository():
    said = rules(ignore="a.py\n!vendor/\n", exclude=["!a.py", "vendor/"])
    assert decide(said, "a.py") is None
    assert decide(said, "vendor/b.py") is R.EXCLUDED
    only = rules(include=["src/"], exclude=["src/gen/"])
    assert decide(only, "src/a.py") is None
    assert decide(only, "src/gen/a.py") is R.EXCLUDED
    assert decide(only, "a.py") is R.EXCLUDED


def test_gitattributes():
    said = rules(
        attributes="# comment\n"
        "*.gen.py linguist-generated\n"
        "libs/** linguist-vendored=true text\n"
        "deps/** -linguist-vendored\n"
        "package-lock.json linguist-generated=false\n"
        "keep.gen.py linguist-generated=false\n"
        '"a b.py" linguist-generated\n'
        "docs/** linguist-documentation\n"
        "flat/* linguist-vendored\n"
        "again.gen.py !linguist-generated\n"
    )
    assert decide(said, "x/a.gen.py") is R.GENERATED
    assert decide(said, "keep.gen.py", b"# Code generated by x. DO NOT EDIT.\nx = 1\n") is None
    assert decide(said, "again.gen.py") is None
    assert (
        decide(said, "again.gen.py", b"# Code generated by x. DO NOT EDIT.\nx = 1\n") is R.GENERATED
    )
    assert decide(said, "libs/a/b.py") is R.VENDORED
    assert decide(said, "deps/rabbit/a.erl") is None
    assert decide(said, "package-lock.json") is None
    assert decide(said, "a b.py") is R.GENERATED
    assert decide(said, "docs/a.md") is None
    assert decide(said, "flat/a.py") is R.VENDORED
    assert decide(said, "flat/deep/a.py") is None


def test_deeper_gitattributes_outrank():
    said = rules(attributes={"": "*.py linguist-generated\n", "src": "*.py -linguist-generated\n"})
    assert decide(said, "a.py") is R.GENERATED
    assert decide(said, "src/a.py") is None


def test_ignore_outranks_attributes():
    said = rules(ignore="!gen.py\n", attributes="*.py linguist-generated\n")
    assert decide(said, "gen.py") is None
    assert decide(said, "other.py") is R.GENERATED


def test_nonsense_in_rule_files_is_passed_over():
    said = rules(
        ignore="!\n\\\n[z-a]\n*.sql\n", attributes="!x linguist-generated\n\\ linguist-vendored\n"
    )
    assert decide(said, "a.sql") is R.EXCLUDED
    assert decide(said, "a.py") is None


def test_hostile_names_and_patterns_take_no_time():
    said = rules(ignore="*a" * 20 + "*b\n", attributes="*a" * 20 + "*b linguist-vendored\n")
    started = time.perf_counter()
    for name in ("a" * 250, "1." * 120 + "js", "-1.1.1" * 40, "a.pb" + ".a" * 120 + "!"):
        assert decide(said, f"x/{name}.zz") is R.UNSUPPORTED
    for middle in (".ui", ".v1", "-1.1.1"):
        decide(said, "x/jquery" + middle * 80 + "z")
    decide(said, "a.py", ("# do not edit this " * 20 + "\n").encode() * 40)
    assert time.perf_counter() - started < 1


def test_rules_are_read_from_the_commit(repo: Playground):
    first = repo.commit(
        {".codesearchignore": "*.sql\n", "sub/.gitattributes": "* linguist-vendored\n"}
    )
    repo.commit({".codesearchignore": "", "sub/.gitattributes": ""})
    with Repository.open(repo.path) as repository:
        said = Rules.at(repository, first)
        now = Rules.at(repository, repository.head().commit)
    assert decide(said, "a.sql") is R.EXCLUDED
    assert decide(said, "sub/a.py") is R.VENDORED
    assert decide(now, "a.sql") is decide(now, "sub/a.py") is None


def test_the_digest_changes_with_what_matters_only():
    plain = rules()
    assert plain.digest == rules(ignore="# a comment\n\n", attributes="*.py text eol=lf\n").digest
    others = [
        rules(ignore="*.sql\n"),
        rules(ignore={"sub": "*.sql\n"}),
        rules(attributes="*.py linguist-generated\n"),
        rules(attributes="*.py -linguist-generated\n"),
        rules(max_file_bytes=5),
        rules(exclude=["*.sql"]),
        rules(include=["*.sql"]),
    ]
    assert len({plain.digest, *(other.digest for other in others)}) == 1 + len(others)
