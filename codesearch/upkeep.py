"""Looking after an index: forget what nobody follows any more."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.encoder.text import document_text
from codesearch.errors import RepositoryError
from codesearch.overlay.vectors import sweep
from codesearch.refs import own_refs
from codesearch.store.generations import sizes
from codesearch.store.vectors import VectorCache
from codesearch.sync import gone_refs
from codesearch.types import GcReport
from codesearch.writer import chunk_from_payload, delete_unheld
from indexers import git

if TYPE_CHECKING:
    from codesearch.store import Ref, Writer
    from codesearch.sync import Syncer


def forget(syncer: Syncer, name: str, *, wait: bool = True) -> None:
    """Stop following a ref of this repository, and drop what only it had.

    Raises ``RepositoryError`` where the index follows no such ref, else what a sync raises.
    """
    places = syncer.repository.places
    name = git.as_text(os.fsencode(name))  # from a terminal it may come with its odd bytes
    with _writing(syncer, wait) as writer:
        refs = writer.manifest.refs
        found = [r for r in refs if r.place in places and name in (r.name, r.short_name)]
        if not found:
            known = [ref.name for ref in own_refs(syncer.repository, writer.manifest.state)]
            raise RepositoryError(
                f"The index follows no ref {name!r}", f"It follows: {', '.join(known) or 'none'}"
            )
        _drop(writer, found)


def gc(syncer: Syncer, *, wait: bool = True) -> GcReport:
    """Forget refs and clones that are gone, points that no commit has, vectors of no point.

    A text that comes back later is encoded again. Raises what a sync raises.
    """
    before = sizes(syncer.directory)[1]
    state = syncer.store.state()
    if state is None or state.fingerprint != syncer.fingerprint:
        return GcReport((), 0, 0, before, before)  # what another model made is not ours to take
    with _writing(syncer, wait) as writer:
        refs = writer.manifest.refs
        gone = {ref for ref in refs if not (ref.is_elsewhere or Path(ref.place).exists())}
        gone |= set(gone_refs(syncer.repository, refs))
        points = _drop(writer, gone)
    syncer.store.compact(syncer.fingerprint, syncer.weights.dimension)
    with closing(syncer.vector_cache()) as cache:
        vectors = cache.keep_only(_texts_in_use(syncer))
        cache.forget_others()
    sweep(syncer.settings.home)
    names = tuple(sorted(ref.short_name for ref in gone))
    return GcReport(names, points, vectors, before, sizes(syncer.directory)[1])


@contextmanager
def _writing(syncer: Syncer, wait: bool) -> Iterator[Writer]:
    """The next state, published at the end; abandoned if anything fails."""
    writer = syncer.store.writer(syncer.fingerprint, syncer.weights.dimension, wait=wait)
    is_ours = bool(writer.manifest.refs)  # else another model's was published while we waited
    try:
        yield writer
        if is_ours:
            writer.publish()
        else:
            writer.abandon()
    except BaseException:
        writer.abandon()
        raise


def _drop(writer: Writer, refs: Collection[Ref]) -> int:
    """Forget refs, and delete the points that no other one has; how many those were."""
    stored = writer.manifest.versions()
    for ref in refs:
        del writer.manifest.refs[ref]
    writer.manifest.drop_unheld()
    return delete_unheld(writer, stored)


def _texts_in_use(syncer: Syncer) -> set[bytes]:
    reader = syncer.store.reader()
    if reader is None:
        return set()
    with closing(reader):
        chunks = (chunk_from_payload(point.payload) for point in reader.points())
        return {VectorCache.key(document_text(chunk)) for chunk in chunks}
