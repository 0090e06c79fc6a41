"""The real program in a fresh directory: output, exit codes, messages."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import repos
from codesearch import render
from program import COMMAND, run


def test_index_tells_what_it_did(shop: Path, home: Path) -> None:
    done = run("index", cwd=shop / "web")
    assert done.returncode == 0
    assert done.stdout == ""
    assert re.search(r"Indexed shop at [0-9a-f]{10}: 5 files, \d+ chunks", done.stderr)
    assert "Skipped: lock file 1" in done.stderr


def test_search_prints_where_and_what(indexed: Path) -> None:
    done = run("search", "where are cookies signed?", "-n", "2", cwd=indexed / "server")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith(" 1. shop/session.py:5  sign_cookie  function")
    assert lines[1] == "    def sign_cookie(value: str, secret: bytes) -> str"
    assert lines[2] == "    Append a signature, so that a changed cookie is noticed."
    assert "\x1b" not in done.stdout
    assert re.search(r"2 hits at commit [0-9a-f]{10} \(HEAD\)", done.stderr)


def test_what_would_steer_the_terminal_is_made_visible(indexed: Path) -> None:
    evil = 'def evil_escape():\n    """Evil \x1b]0;title\x07\x1b[2Jescape.\u202e"""\n    return 1\n'
    repos.write(indexed, {"esc\x1b[31m_name.py": evil})
    done = run("search", "evil escape", "-n", "1", "--explain", cwd=indexed)
    assert "esc·[31m_name.py:1" in done.stdout
    assert "Evil ·]0;title··[2Jescape.·" in done.stdout
    assert "\x1b" not in done.stdout


def test_long_lines_are_cut_by_cells() -> None:
    assert render.shortened("one  two\tthree", 20) == "one two three"
    assert render.shortened("one two three", 9) == "one two …"
    assert render.shortened("漢" * 100, 21) == "漢" * 9 + " …"


def test_search_says_that_head_moved_on(indexed: Path) -> None:
    repos.commit(indexed, "one")
    repos.commit(indexed, "two")
    assert "HEAD is 2 commits further on" in run("search", "cookies", cwd=indexed).stderr


def test_json_has_the_documented_fields(indexed: Path) -> None:
    done = run("search", "sum up prices", "--json", "-n", "1", cwd=indexed)
    document = json.loads(done.stdout)
    assert document["version"] == 1
    assert document["commit"] == document["head"] == repos.git(indexed, "rev-parse", "HEAD")
    (hit,) = document["hits"]
    assert (hit["path"], hit["symbol"], hit["class_path"]) == ("shop/cart.py", "total", "Cart")
    assert hit["text"].strip().startswith("def total")
    assert done.stderr == ""


def test_context_is_markdown_with_the_code(indexed: Path) -> None:
    done = run("search", "format a date", "--context", "-n", "1", cwd=indexed)
    assert done.stdout.startswith("### web/dates.js:1-4 formatDate\n\n```javascript\n/** Format")


def test_explain(indexed: Path) -> None:
    done = run("search", "sign a cookie", "--explain", "-n", "1", cwd=indexed)
    meaning, words = (
        r"meaning #1 \(similarity 0\.\d+\) \+0\.5000",
        r"words #1 \(BM25 [\d.]+\) \+0\.5000",
    )
    assert re.search(f"why: {meaning}, {words}", done.stdout)
    assert "\nwords: How well its words match those of the question" in done.stdout
    done = run("search", "cookie", "--lang", "go", "--path", "!server/", "--explain", cwd=indexed)
    assert (done.returncode, done.stdout) == (1, "")


def test_filters_narrow_and_nothing_found_exits_1(indexed: Path) -> None:
    done = run("search", "cookie", "--lang", "go", "--path", "!server/", cwd=indexed)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Nothing found at commit" in done.stderr


def test_dry_run_counts_and_writes_nothing(shop: Path, home: Path) -> None:
    done = run("index", "--dry-run", cwd=shop)
    assert done.returncode == 0
    assert re.search(r"5 files to index as \d+ chunks", done.stdout)
    assert re.search(r"python +2", done.stdout)
    assert re.search(r"lock file +1", done.stdout)
    assert not home.exists()


def test_status_list_and_remove(indexed: Path, home: Path) -> None:
    repos.write(indexed, {"shop/cart.py": "# changed\n"})
    status = run("status", cwd=indexed)
    assert status.returncode == 0
    assert re.search(r"repository +shop\n", status.stdout)
    assert re.search(r"uncommitted +1 file", status.stdout)
    assert re.search(r"size +[\d.]+ MB, [\d,]+ bytes per chunk", status.stdout)
    listed = run("list", cwd=home)
    assert listed.stdout.startswith("shop\t")
    removed = run("remove", "--yes", cwd=indexed)
    assert removed.returncode == 0, removed.stderr
    assert list((home / "indexes").iterdir()) == []
    assert run("list", cwd=home).returncode == 1
    assert run("status", cwd=indexed).returncode == 2


def test_an_index_whose_repository_is_gone_can_be_removed(indexed: Path, home: Path) -> None:
    (folder,) = (home / "indexes").iterdir()
    indexed.rename(indexed.with_name("elsewhere"))
    assert run("remove", "--yes", str(folder), cwd=home).returncode == 0
    assert not folder.exists()


def test_not_indexed_names_the_command(shop: Path, home: Path) -> None:
    done = run("search", "cookies", cwd=shop)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"codesearch index {shop}" in done.stderr
    done = run("search", "cookies", "--index-dir", "../own index", "--at", "main", cwd=shop)
    assert f"codesearch index {shop} --rev main --index-dir '../own index'\n" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("search", "x", "--lang", "klingon"), "Unknown language 'klingon'"),
        (("search", "x", "--kind", "poem"), "Unknown kind 'poem'"),
        (("search", "x", "-n", "0"), "0 is not in the range x>=1"),
        (("search",), "Missing argument"),
        (("index", "--rev", "no-such-branch"), "no revision 'no-such-branch'"),
        (("index", "--model", "nowhere"), "nowhere"),
        (("index", "/"), "not in a git repository"),
        (("index", "no/such/folder"), "not a folder"),
        (("frobnicate",), "No such command"),
    ],
)
def test_errors_are_told_with_exit_code_2(
    indexed: Path, arguments: tuple[str, ...], told: str
) -> None:
    done = run(*arguments, cwd=indexed)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["sync", "search cookie --all-repos", "sync x {shop}"])
def test_a_folder_that_was_deleted_around_us(indexed: Path, tmp_path: Path, command: str) -> None:
    (tmp_path / "here").mkdir()
    program = shlex.join([*COMMAND, *command.format(shop=indexed).split()])
    shell = f"cd here; rmdir ../here; exec {program}"
    done = subprocess.run(shell, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "codesearch: The folder you are in was deleted\n  → cd to another one\n"


def test_paths_with_spaces_and_other_letters(tmp_path: Path, home: Path) -> None:
    folder = repos.init(tmp_path / "mein Projekt – ßäöü")
    repos.write(folder, {"Größe messen/länge.py": "def größe_messen(x):\n    return len(x)\n"})
    repos.commit(folder)
    assert run("index", cwd=folder).returncode == 0
    done = run("search", "größe messen", cwd=folder)
    assert "Größe messen/länge.py:1  größe_messen" in done.stdout


def test_a_corrupt_object_is_named_and_nothing_is_lost(indexed: Path) -> None:
    repos.write(indexed, {"web/new.js": "export function answer() { return 42; }\n"})
    repos.commit(indexed)
    blob = repos.git(indexed, "rev-parse", "HEAD:web/new.js")
    path = indexed / ".git/objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    path.write_bytes(b"garbage")
    done = run("index", cwd=indexed)
    assert done.returncode == 2
    assert "web/new.js" in done.stderr
    assert "git fsck" in done.stderr
    assert run("search", "sign a cookie", cwd=indexed).returncode == 0


def test_a_home_that_cannot_be_written(shop: Path, tmp_path: Path, home: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = run("index", cwd=shop, CODESEARCH_HOME=str(tmp_path / "file"))
    assert done.returncode == 2
    assert "Cannot write the index" in done.stderr
    assert "CODESEARCH_HOME" in done.stderr


def test_unknown_settings_are_told(shop: Path, home: Path, tmp_path: Path) -> None:
    config = tmp_path / "config/codesearch/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("colour = 'blue'\n")
    done = run("index", cwd=shop)
    assert done.returncode == 2
    assert "Unknown setting 'colour'" in done.stderr


def test_two_writers_at_once(shop: Path, home: Path) -> None:
    """Both finish: the second waits, then finds nothing left to do; with --no-wait it leaves."""
    first = subprocess.Popen([*COMMAND, "index"], cwd=shop, stderr=subprocess.PIPE)
    second = subprocess.Popen([*COMMAND, "index"], cwd=shop, stderr=subprocess.PIPE)
    assert first.wait(60) == second.wait(60) == 0
    assert run("search", "sign a cookie", cwd=shop).returncode == 0


def test_no_wait_leaves(indexed: Path, home: Path) -> None:
    from codesearch.store.locks import writer_lock  # noqa: PLC0415

    (folder,) = (home / "indexes").iterdir()
    lock = writer_lock(folder / "writer.lock", wait=True)
    done = run("index", "--no-wait", cwd=indexed)
    lock.release()
    assert done.returncode == 2
    assert f"pid {os.getpid()}" in done.stderr


def test_ctrl_c_says_that_nothing_is_lost(shop: Path, home: Path) -> None:
    repos.write(shop, {f"many/f{n}.py": f"def f{n}(x):\n    return x * {n}\n" for n in range(3000)})
    repos.commit(shop)
    process = subprocess.Popen([*COMMAND, "index"], cwd=shop, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(home.glob("indexes/*/building-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted" in told
    assert "Traceback" not in told


def test_on_a_terminal_it_offers_to_index(shop: Path, home: Path) -> None:
    main, terminal = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "search", "sign a cookie"],
        cwd=shop,
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(terminal)
    os.write(main, b"y\n")
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert b"shop/session.py:5" in output
    os.close(main)


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems have no such names")
def test_what_is_not_utf8_can_be_asked_and_told(tmp_path: Path, home: Path) -> None:
    odd = os.fsdecode(b"caf\xe9")
    folder = repos.init(tmp_path / odd)
    repos.write(folder, repos.SHOP)
    repos.commit(folder)
    strict = {"PYTHONIOENCODING": "utf-8:strict"}
    done = run("sync", "--log-format", "json", cwd=folder, **strict)
    assert json.loads(done.stdout.splitlines()[0])["repository"] == str(tmp_path / r"caf\xe9")
    done = run("search", f"{odd} cookie", "--json", cwd=folder, **strict)
    document = json.loads(done.stdout)
    assert document["query"] == r"caf\xe9 cookie"
    assert document["folder"] == str(tmp_path / r"caf\xe9")
    assert document["hits"]
    for command in ("search cookie", "search cookie --context", "status", "list", "stats --json"):
        done = run(*command.split(), cwd=folder, **strict)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), command


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "arguments", ["search cookie --context", "list", "--version", "search --help"]
)
def test_a_closed_pipe_is_no_error(indexed: Path, arguments: str, unbuffered: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, *arguments.split()],
        cwd=indexed,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
    )
    os.close(writing)
    assert done.returncode == 141
    assert "Traceback" not in done.stderr
    assert "Broken pipe" not in done.stderr


def test_what_is_read_of_a_pipe_is_there(indexed: Path) -> None:
    command = f"{sys.executable} -m codesearch search cookie --context | head -n 1"
    done = subprocess.run(command, shell=True, cwd=indexed, capture_output=True, text=True)
    assert done.stdout.startswith("### ")
    assert done.stderr.count("\n") <= 1
