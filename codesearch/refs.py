"""Which commit a question is about: from what a user types to what an index has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesearch.errors import NotIndexedError, RepositoryError
from codesearch.store import Ref, State
from codesearch.types import IndexedRef

if TYPE_CHECKING:
    from indexers.repository import Repository


def ref_of(repository: Repository, revision: str) -> tuple[Ref, str]:
    """The ref that a revision names, and the commit. Raises ``RepositoryError`` for no commit."""
    name, place, commit = repository.ref_of(revision)
    return Ref(name, place), commit


def own_refs(repository: Repository, state: State) -> list[IndexedRef]:
    """The refs that an index follows in this repository, by name."""
    own = [(ref, commit) for ref, commit in state.refs.items() if _is_own(ref, repository)]
    found = [IndexedRef(ref.short_name, commit, ref.name) for ref, commit in own]
    return sorted(found, key=lambda ref: ref.name)


def _is_own(ref: Ref, repository: Repository) -> bool:
    """Whether it is of this worktree: others have HEADs of their own."""
    if ref.name == "HEAD":
        return ref.place == str(repository.git_dir)
    return ref.place in repository.places


def at_head(repository: Repository, state: State) -> str:
    """The indexed commit that answers for HEAD.

    Its commit; if that is not indexed, its branch as it was indexed last; if it never was, the
    branch of the same name in another clone; else what was indexed last. (Freshness tells.)
    """
    try:
        head = repository.head()
    except RepositoryError:  # a bare mirror whose HEAD names a branch that it has not
        return _last(state, repository.places)
    if head.commit in state.commits:
        return head.commit
    if head.branch is None:
        ref = Ref("HEAD", str(repository.git_dir))
    else:
        ref = Ref(f"refs/heads/{head.branch}", str(repository.common_dir))
    return state.refs.get(ref) or _namesake(state, ref) or _last(state, repository.places)


def _namesake(state: State, ref: Ref) -> str | None:
    """The commit of the branch of this name that was synced last, in whatever clone."""
    found = [commit for other, commit in state.refs.items() if other.name == ref.name != "HEAD"]
    return found[-1] if found else None


def _last(state: State, places: tuple[str, ...]) -> str:
    """The commit that was synced last: rather of this repository than of another clone, rather of
    a branch than of a tag, which somebody may once have looked at."""
    if not state.refs:
        raise NotIndexedError("The index follows no ref any more", "Index one: codesearch index")

    def rank(ref: Ref) -> tuple[bool, bool]:
        return ref.place in places, ref.name.startswith("refs/heads/")

    best = max(map(rank, state.refs))
    return [commit for ref, commit in state.refs.items() if rank(ref) == best][-1]
