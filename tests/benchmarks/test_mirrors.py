"""Finding the git folder of a pinned repository."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.board import Pinned
from benchmarks.errors import MirrorError
from benchmarks.mirrors import find_mirror


def git(*arguments: str, cwd: Path) -> str:
    names = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    done = subprocess.run(
        ["git", *names, *arguments], cwd=cwd, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("origin") / "tool"
    folder.mkdir()
    git("init", "--quiet", cwd=folder)
    (folder / "a.py").write_text("def one():\n    return 1\n")
    git("add", ".", cwd=folder)
    git("commit", "--quiet", "-m", "begin", cwd=folder)
    return folder


@pytest.fixture
def pinned(origin: Path) -> Pinned:
    revision = git("rev-parse", "HEAD", cwd=origin)
    return Pinned("the-tool", "python", "https://example.org/owner/tool.git", revision)


@pytest.mark.parametrize(
    "place", ["owner+tool/repo", "owner+tool", "the-tool", "tool", "the-tool.git", "tool.git"]
)
@pytest.mark.parametrize("bare", [True, False])
def test_mirrors_are_found_in_every_layout(
    tmp_path: Path, origin: Path, pinned: Pinned, place: str, bare: bool
) -> None:
    options = ["--bare"] if bare else []
    git("clone", "--quiet", *options, str(origin), str(tmp_path / place), cwd=tmp_path)
    assert find_mirror(tmp_path, pinned) == tmp_path / place


def test_a_bare_folder_of_objects_and_references_alone_is_enough(
    tmp_path: Path, origin: Path, pinned: Pinned
) -> None:
    place = tmp_path / "owner+tool" / "repo"
    git("clone", "--quiet", "--bare", str(origin), str(place), cwd=tmp_path)
    (place / "config").unlink()
    shutil.rmtree(place / "hooks", ignore_errors=True)
    assert find_mirror(tmp_path, pinned) == place


def test_a_mirror_without_the_revision_is_named(tmp_path: Path, origin: Path) -> None:
    git("clone", "--quiet", "--bare", str(origin), str(tmp_path / "tool.git"), cwd=tmp_path)
    pinned = Pinned("tool", "python", "https://example.org/owner/tool.git", "0" * 39 + "1")
    with pytest.raises(MirrorError, match=r"tool\.git has no revision 000000000000"):
        find_mirror(tmp_path, pinned)


def test_a_missing_mirror_names_what_was_looked_for(tmp_path: Path, pinned: Pinned) -> None:
    with pytest.raises(MirrorError, match=r"no mirror owner\+tool or tool"):
        find_mirror(tmp_path, pinned)


def test_what_is_missing_is_cloned_if_asked_for(tmp_path: Path, origin: Path) -> None:
    revision = git("rev-parse", "HEAD", cwd=origin)
    pinned = Pinned("tool", "python", origin.as_uri(), revision)
    mirror = find_mirror(tmp_path, pinned, clone=True)
    assert git("rev-parse", "HEAD", cwd=mirror) == revision
    assert find_mirror(tmp_path, pinned) == mirror


def test_an_old_clone_is_brought_up_to_date(tmp_path: Path, origin: Path) -> None:
    first = git("rev-parse", "HEAD", cwd=origin)
    old = Pinned("tool", "python", origin.as_uri(), first)
    mirror = find_mirror(tmp_path, old, clone=True)
    git("commit", "--quiet", "--allow-empty", "-m", "next", cwd=origin)
    new = Pinned("tool", "python", origin.as_uri(), git("rev-parse", "HEAD", cwd=origin))
    assert find_mirror(tmp_path, new, clone=True) == mirror


def test_a_clone_that_fails_says_why(tmp_path: Path) -> None:
    pinned = Pinned("tool", "python", (tmp_path / "nowhere" / "tool").as_uri(), "1" * 40)
    with pytest.raises(MirrorError, match=r"git clone failed: .*does not"):
        find_mirror(tmp_path, pinned, clone=True)
