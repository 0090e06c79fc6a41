"""Where indexes live: one folder each, found again from any worktree or clone.

``HOME/indexes/<identity>`` with ``identity`` from the repository's first commit. ``index.json``
in it names the repositories that were seen, so that a query need not walk the history again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.errors import IndexLockedError, StoreError
from codesearch.store.generations import writing
from codesearch.store.locks import writer_lock

if TYPE_CHECKING:
    from indexers.repository import Repository

_CARD = "index.json"


@dataclass(frozen=True, slots=True)
class IndexCard:
    """What ``index.json`` says: whose index this is."""

    identity: str
    name: str
    repositories: tuple[str, ...] = field(default=())  # git directories that share this index
    roots: Mapping[str, str] = field(default_factory=dict)  # working trees, by git directory

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where to open the repositories: at their working trees; bare ones come last."""
        return tuple(map(self._folder, sorted(self.repositories, key=self._is_bare)))

    def _folder(self, place: str) -> Path:
        root = self.roots.get(place, "")
        if root and os.path.lexists(f"{root}/.git"):  # else it was moved, or taken out of use
            return Path(root)
        return Path(place.removesuffix("/.git"))

    def _is_bare(self, place: str) -> bool:
        return place not in self.roots and not place.endswith("/.git")


def is_in(folder: Path, repository: Repository) -> bool:
    """Whether this is the repository that a card says is in ``folder``, and not one around it."""
    return folder == repository.root or repository.common_dir in (folder, folder / ".git")


class Home:
    """The folder of all indexes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def find(self, repository: Repository) -> Path:
        """The folder of the repository's index, whether it exists or not."""
        place = str(repository.common_dir)
        for directory, card in self.indexes():
            # Else another repository was put where that one had been.
            if place in card.repositories and repository.has_commit(card.identity):
                return directory
        return self.directory / "indexes" / repository.identity()[:16]

    def indexes(self) -> list[tuple[Path, IndexCard]]:
        """All indexes with their cards, by name."""
        found = []
        for path in sorted(self.directory.glob(f"indexes/*/{_CARD}")):
            card = read_card(path.parent)
            if card:
                found.append((path.parent, card))
        return sorted(found, key=lambda pair: pair[1].name)


def read_card(directory: Path) -> IndexCard | None:
    """The card of an index folder; None if it has none that can be read."""
    try:
        values = json.loads((directory / _CARD).read_text(encoding="utf-8"))
        return IndexCard(
            values["identity"],
            values["name"],
            tuple(values["repositories"]),
            dict(values.get("roots", {})),  # cards of old say nothing of them
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def sign_card(directory: Path, repository: Repository) -> None:
    """Note on the card that this repository uses the index; written only if that is news."""
    place = str(repository.common_dir)
    known = read_card(directory)
    card = known or IndexCard(repository.identity(), repository.name)
    if place not in card.repositories:
        card = replace(card, repositories=(*card.repositories, place))
    if repository.root is not None and repository.git_dir == repository.common_dir:
        card = replace(card, roots={**card.roots, place: str(repository.root)})
    if card == known:
        return
    with writing(directory):
        directory.mkdir(parents=True, exist_ok=True)
        temporary = directory / f"{_CARD}.{os.getpid()}"
        temporary.write_text(json.dumps(asdict(card), indent=1), encoding="utf-8")
        temporary.replace(directory / _CARD)


def remove_index(directory: Path) -> None:
    """Delete an index folder.

    Raises:
        IndexLockedError: somebody writes it at this moment.
        StoreError: the folder is not an index, or cannot be deleted.
    """
    if read_card(directory) is None:
        raise StoreError(f"{directory} is not an index", "See codesearch list")
    try:
        lock = writer_lock(directory / "writer.lock", wait=False)
    except IndexLockedError as error:
        raise IndexLockedError(str(error), "Stop that process first") from None
    with writing(directory):
        (directory / _CARD).unlink()  # first, so that a half-deleted folder is no index
        shutil.rmtree(directory)
    lock.release()
