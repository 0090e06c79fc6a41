"""Branches, tags and what an index is made of, by the real program."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

import repos
from program import run


@pytest.fixture
def released(indexed: Path) -> Path:
    """The shop: tag v1 has dates, main has shipping instead; main alone is indexed."""
    repos.git(indexed, "tag", "v1")
    (indexed / "web/dates.js").unlink()
    repos.write(indexed, {"web/ship.js": "export function shipParcel(p) { return send(p); }\n"})
    repos.commit(indexed)
    assert run("sync", "--ref", "main", cwd=indexed).returncode == 0
    return indexed


def paths(folder: Path, *arguments: str) -> set[str]:
    done = run("search", *arguments, "--path", "web/", "--json", cwd=folder)
    return {hit["path"] for hit in json.loads(done.stdout)["hits"]}


def test_search_at_another_revision(released: Path) -> None:
    assert paths(released, "format a date") == {"web/ship.js"}
    assert paths(released, "format a date", "--at", "v1") == {"web/dates.js"}
    assert paths(released, "format a date", "--at", "HEAD~") == {"web/dates.js"}
    told = run("search", "format a date", "--at", "v1", cwd=released).stderr
    assert re.search(r"hits at v1 \(commit [0-9a-f]{10}\)", told)
    document = json.loads(run("search", "dates", "--at", "v1", "--json", cwd=released).stdout)
    assert document["commit"] == document["head"] == repos.git(released, "rev-parse", "v1")


def test_too_much_for_the_spot_names_the_command(released: Path) -> None:
    repos.git(released, "switch", "--quiet", "-c", "large")
    many = {f"many/f{n}.py": f"def f{n}(x):\n    return x * {n}\n" for n in range(600)}
    repos.write(released, many)
    repos.commit(released)
    done = run("search", "multiply", "--at", "large", cwd=released)
    assert done.returncode == 2
    assert f"codesearch index {released} --rev large" in done.stderr
    assert run("search", "x", "--at", "lagre", cwd=released).returncode == 2


def test_a_revision_that_cannot_be_indexed_now(released: Path, home: Path) -> None:
    from codesearch.store.locks import writer_lock  # noqa: PLC0415

    (folder,) = (home / "indexes").iterdir()
    lock = writer_lock(folder / "writer.lock", wait=True)
    done = run("search", "format a date", "--at", "v1", cwd=released)
    lock.release()
    assert done.returncode == 2
    assert re.search(r"v1 \([0-9a-f]{10}\) is not indexed, and cannot be now: Another", done.stderr)
    assert "→ Ask again when that is done" in done.stderr


def test_status_lists_what_is_followed(released: Path) -> None:
    run("sync", "--ref", "v1", cwd=released)
    repos.git(released, "branch", "old", "HEAD~")
    run("sync", "--ref", "old", cwd=released)
    repos.git(released, "branch", "-D", "old")
    repos.commit(released)
    told = run("status", cwd=released).stdout
    assert re.search(r"^follows +main at [0-9a-f]{10}, 1 commit further on$", told, re.MULTILINE)
    assert re.search(r"^ +old at [0-9a-f]{10}, deleted in git$", told, re.MULTILINE)
    assert re.search(r"^ +v1 at [0-9a-f]{10}, up to date$", told, re.MULTILINE)


def test_remove_a_ref(released: Path) -> None:
    run("sync", "--ref", "v1", cwd=released)
    done = run("remove", "--ref", "v1", cwd=released)
    assert done.returncode == 0
    assert "v1 is forgotten" in done.stderr
    assert "v1" not in run("status", cwd=released).stdout
    assert run("search", "ship a parcel", cwd=released).returncode == 0
    done = run("remove", "--ref", "v1", cwd=released)
    assert done.returncode == 2
    assert "main" in done.stderr


def test_gc_tells_what_it_took_away(released: Path) -> None:
    repos.git(released, "tag", "-d", "v1")
    run("sync", "--ref", "HEAD~", cwd=released)
    old = repos.git(released, "rev-parse", "HEAD~")
    assert run("remove", "--ref", old, cwd=released).returncode == 0
    done = run("gc", cwd=released)
    assert done.returncode == 0
    assert re.search(r"Removed 0 chunks and 1 vectors: [\d.]+ MB before", done.stderr)
    assert run("verify", cwd=released).returncode == 0


def test_verify_finds_damage_and_repairs_it(released: Path, home: Path) -> None:
    done = run("verify", cwd=released)
    assert (done.returncode, done.stdout) == (0, "")
    assert re.search(r"5 files, \d+ chunks compared: all as it should be", done.stderr)
    (generation,) = home.glob("indexes/*/generation-*")
    manifest = generation / "manifest.json"
    manifest.write_text(manifest.read_text().replace("web/ship.js", "web/shop.js"))
    done = run("verify", cwd=released)
    assert done.returncode == 2
    assert "web/ship.js" in done.stdout
    assert "codesearch verify --repair" in done.stderr
    assert run("verify", "--repair", cwd=released).returncode == 0
    assert run("verify", cwd=released).returncode == 0


def test_stats(released: Path) -> None:
    run("sync", "--ref", "v1", cwd=released)
    document = json.loads(run("stats", "--json", cwd=released).stdout)
    assert document["files"] == 5
    assert document["points"] == document["chunks"] + 1  # formatDate
    assert [ref["name"] for ref in document["refs"]] == ["main", "v1"]
    assert document["bytes_per_chunk"] > 1000
    told = run("stats", cwd=released).stdout
    assert re.search(r"^refs +2$", told, re.MULTILINE)
    assert re.search(r"^chunks in python +\d+$", told, re.MULTILINE)


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems have no such names")
@pytest.mark.parametrize("typed", [r"caf\xe9", os.fsdecode(b"caf\xe9")])
def test_a_branch_whose_name_is_not_utf8(indexed: Path, home: Path, typed: str) -> None:
    repos.git(indexed, "switch", "--quiet", "-c", os.fsdecode(b"caf\xe9"))
    assert run("sync", "--ref", "HEAD", cwd=indexed).returncode == 0
    repos.write(indexed, {"web/ship.js": "export function shipParcel(p) { return send(p); }\n"})
    new = repos.commit(indexed)
    done = run("sync", cwd=indexed)
    assert done.returncode == 0
    assert rf"{indexed} caf\xe9: indexed at {new:.10}" in done.stderr
    rows = json.loads(run("stats", "--json", cwd=indexed).stdout)["refs"]
    assert [row["commits_behind"] for row in rows if row["name"] == r"caf\xe9"] == [0]
    repos.git(indexed, "switch", "--quiet", "main")
    assert "web/ship.js" in paths(indexed, "ship a parcel", "--at", typed)
    told = run("sync", "--ref", "caf*", "--log-format", "json", cwd=indexed).stdout.splitlines()
    assert json.loads(told[0])["event"] == "unchanged"
    assert run("sync", "--ref", typed, cwd=indexed).returncode == 0
    assert run("remove", "--ref", typed, cwd=indexed).returncode == 0
    assert run("status", cwd=indexed).stdout.count("caf") == 0


def test_remove_says_that_hooks_will_build_it_anew(indexed: Path) -> None:
    run("hooks", "install", cwd=indexed)
    told = run("remove", "--yes", cwd=indexed).stderr
    assert f"codesearch hooks uninstall {indexed / '.git'}" in told
    shutil.rmtree(indexed / ".git/codesearch")
