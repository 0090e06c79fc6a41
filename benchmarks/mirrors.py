"""Where a pinned repository lies on this machine; or clone it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from benchmarks.board import Pinned
from benchmarks.errors import MirrorError
from indexers.errors import RepositoryError
from indexers.repository import Repository


def find_mirror(folder: Path, pinned: Pinned, *, clone: bool = False) -> Path:
    """The git folder below ``folder`` that has the pinned revision.

    Known layouts: ``<owner>+<name>/repo``, ``<owner>+<name>``, ``<name>``, ``<name>.git``, each
    bare or with a working tree. ``clone`` fetches what is missing from the repository's URL to
    ``<owner>+<name>``. Raises ``MirrorError`` naming what was found and what was not, but not
    the folder: the message goes into results.
    """
    found = [path for path in _places(folder, pinned) if path.is_dir()]
    for path in found:
        if _has(path, pinned.revision):
            return path
    if clone:
        return _clone(folder, pinned)
    revision = pinned.revision[:12]
    if found:
        mirror = found[0].relative_to(folder)
        raise MirrorError(f"{pinned.name}: the mirror {mirror} has no revision {revision}")
    owner = _owner_and_name(pinned.url)
    raise MirrorError(f"{pinned.name}: there is no mirror {'+'.join(owner)} or {owner[-1]}")


def _places(folder: Path, pinned: Pinned) -> Iterator[Path]:
    owner, name = _owner_and_name(pinned.url)
    yield folder / f"{owner}+{name}" / "repo"
    yield folder / f"{owner}+{name}"
    for single in dict.fromkeys((pinned.name, name)):
        yield folder / single
        yield folder / f"{single}.git"


def _owner_and_name(url: str) -> tuple[str, str]:
    path = PurePosixPath(urlsplit(url).path.removesuffix(".git"))
    return path.parent.name, path.name


def _has(path: Path, revision: str) -> bool:
    try:
        with Repository.open(path) as repository:
            repository.resolve(revision)
    except RepositoryError:
        return False
    return True


def _clone(folder: Path, pinned: Pinned) -> Path:
    place = folder / "+".join(_owner_and_name(pinned.url))
    if not place.exists():
        _git("clone", "--quiet", "--bare", pinned.url, str(place))
    else:
        _git("-C", str(place), "fetch", "--quiet", pinned.url, pinned.revision)
    if not _has(place, pinned.revision):
        raise MirrorError(f"{pinned.name}: {pinned.url} has no revision {pinned.revision[:12]}")
    return place


def _git(*arguments: str) -> None:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise MirrorError(f"git {arguments[0]} failed: {done.stderr.strip()}")
