"""Exact under any history: after every sync, every ref answers as an index built from scratch.

A history is random, but real git. Beside the index stands a model of it, which knows of no history:
every commit is read whole (``tests/support/reference.py``). ``CODESEARCH_TEST_SEED`` plays one seed
again, ``CODESEARCH_TEST_STEPS`` that many steps of it.
"""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import pytest

from codesearch import Index, Progress
from codesearch.encoder import Encoder, load_encoder
from codesearch.store.embedded import EmbeddedReader
from codesearch.store.generations import copy_tree
from histories import History
from reference import Followed, Reference, ref_at, visible
from stored import Plain, plain, stored

_SYNC = 0.6  # how often a step is followed by a sync
_FRESH = 0.05  # how often a sync is compared with a real index built from scratch


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(threads=1)


@pytest.fixture(scope="module")
def reference(encoder: Encoder) -> Reference:
    return Reference(encoder)


class Play:
    """One history, the index that follows it, and the model that the index must equal."""

    def __init__(self, folder: Path, seed: int, reference: Reference, encoder: Encoder) -> None:
        self.dice = random.Random(seed)
        self.history = History(folder, self.dice)
        self.followed = Followed()
        self.counts: Counter[str] = Counter()
        self._folder = folder
        self._reference = reference
        self._encoder = encoder
        self._seen: set[str] = set()  # texts that were encoded for this index
        self._points: set[str] = set()
        self._indexes: dict[Path, Index] = {}

    def close(self) -> None:
        for index in self._indexes.values():
            index.close()

    def step(self) -> None:
        said = self.history.step()
        self.counts["steps"] += 1
        print(self.counts["steps"], said)
        for gone in set(self._indexes) - set(self.history.places):
            self._indexes.pop(gone).close()
        if self.dice.random() < _SYNC:
            place = self.dice.choice(self.history.places)
            kinds = {
                self._sync: 40,
                self._rebuild: 1,
                self._search: 3,
                self._interrupt: 2,
                self._forget: 1,
                self._gc: 1,
                self._verify: 2,
            }
            does = self.dice.choices(list(kinds), list(kinds.values()))[0]
            print("   ", does.__name__.strip("_"), "in", place.name)
            does(place)
            self._compare(place)
            self.counts[does.__name__.strip("_")] += 1

    def _sync(self, place: Path, *, rebuild: bool = False) -> None:
        revision = self.history.revision(place)
        commit = self.history.resolve(place, revision)
        print(f"    {revision} ({commit[:10]})")
        if rebuild:
            self._forget_what_is_not_here(place)
        texts = self._follow(place, revision, commit, rebuild=rebuild)
        after = set(self._reference.union(self.followed.refs.values()))
        report = self._index(place).sync(revision, rebuild=rebuild)
        self.counts["encoded"] += report.encoded
        assert report.commit == commit
        assert report.encoded == len(texts - self._seen)
        if not report.rebuilt:
            assert report.deleted == len(self._points - after)
            assert report.encoded + report.reused == len(after - self._points)
        self._seen |= texts
        if self.dice.random() < _FRESH:
            self._compare_with_fresh(place, commit)

    def _follow(
        self, place: Path, revision: str, commit: str, *, rebuild: bool = False
    ) -> frozenset[str]:
        """What a sync should do to the refs; the texts of the commit."""
        before = dict(self.followed.refs)
        self.followed.follow(ref_at(place, revision, commit), commit)
        self.followed.drop_deleted(place)
        if (
            self.followed.refs == before and not rebuild
        ):  # then nothing is written, the order of syncs neither
            self.followed.refs = before
        return self._reference.expected(place, commit).texts

    def _rebuild(self, place: Path) -> None:
        self._sync(place, rebuild=True)

    def _search(self, place: Path) -> None:
        """A question about any revision has it followed, for so little is encoded on the spot."""
        revision = self.history.revision(place)
        commit = self.history.resolve(place, revision)
        if not self.followed.refs or commit in self.followed.refs.values():
            return
        hits = self._index(place).search("how is a value taken out?", at=revision, top_k=1000)
        self._seen |= self._follow(place, revision, commit)
        blobs = {entry.blob for entry in self._reference.expected(place, commit).files.values()}
        assert {hit.chunk.blob for hit in hits} <= blobs

    def _interrupt(self, place: Path) -> None:
        """A sync that is stopped leaves what is published as it was."""
        revision = self.history.revision(place)
        files = list(self._reference.expected(place, self.history.resolve(place, revision)).files)

        def stop(progress: Progress) -> None:
            if progress.path in files[len(files) // 2 :]:
                raise KeyboardInterrupt

        if self.followed.refs:
            with suppress(KeyboardInterrupt):
                self._index(place).sync(revision, on_progress=stop)
                self._seen |= self._follow(place, revision, self.history.resolve(place, revision))

    def _forget(self, place: Path) -> None:
        known = self._index(place).repository.places
        own = [ref for ref in self.followed.refs if ref.place in known]
        if own:
            name = self.dice.choice(own).name
            self._index(place).forget(name)
            for ref in own:
                if ref.name == name:
                    del self.followed.refs[ref]

    def _gc(self, place: Path) -> None:
        if self.followed.refs:
            self._index(place).gc()
            self.followed.drop_deleted(place)
            for ref in list(self.followed.refs):
                if not Path(ref.place).exists():
                    del self.followed.refs[ref]
            self._seen = set(self._reference.texts(self.followed.refs.values()))

    def _verify(self, place: Path) -> None:
        if self._index(place).refs():
            assert not self._index(place).verify().damage

    def _compare(self, place: Path) -> None:
        """The index against the model: refs, points in all, and what each ref can see.

        Both as it is on disk and as this process has it open, which may be another shard.
        """
        expected = self._reference.union(self.followed.refs.values())
        self._points = set(expected)
        index = self._index(place)
        if not index.is_built:
            assert not self.followed.refs
            return
        reader = index._searcher.reader()
        assert isinstance(reader, EmbeddedReader)
        assert list(reader.state.refs.items()) == list(self.followed.refs.items())
        assert {point.id: plain(point) for point in reader.points()} == expected
        assert self._on_disk(index) == expected
        for commit in reader.state.commits:
            one = self._reference.expected(place, commit)
            assert visible(reader, commit, self._encoder.dimension) == one.points.keys()
            assert reader.manifest().snapshots[commit].files == one.files
            self.counts["refs compared"] += 1
        if self.followed.refs:
            self._compare_head(index, place)

    def _on_disk(self, index: Index) -> dict[str, Plain]:
        """What is published, read from a copy: who loads a shard keeps others from writing it."""
        copy = self._folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        name = (index.directory / "current").read_text().strip()
        copy_tree(index.directory / name, copy / name)
        shutil.copy(index.directory / "current", copy)
        return stored(copy)

    def _compare_head(self, index: Index, place: Path) -> None:
        head = self.history.resolve(place, "HEAD")
        freshness = index.freshness()
        assert freshness.head == head
        if head in self.followed.refs.values():
            assert freshness.commit == head
        else:
            ref = ref_at(place, "HEAD", head)
            assert self.followed.refs.get(ref, freshness.commit) == freshness.commit

    def _compare_with_fresh(self, place: Path, commit: str) -> None:
        """The model itself against an index that was never about anything else."""
        folder = self._folder / f"fresh-{self.counts['sync']}"
        expected = self._reference.expected(place, commit)
        with Index.open(place, index_dir=folder) as fresh:
            fresh._encoder = self._encoder
            assert fresh.sync(commit).encoded == len(expected.texts)
        assert stored(folder) == expected.points
        shutil.rmtree(folder)
        self.counts["built from scratch"] += 1

    def _forget_what_is_not_here(self, place: Path) -> None:
        """A rebuild brings along what this repository can still read."""
        for ref, commit in list(self.followed.refs.items()):
            if not self.history.has(place, commit):
                del self.followed.refs[ref]

    def _index(self, place: Path) -> Index:
        """Mostly one that was opened long ago."""
        if place in self._indexes and self.dice.random() < 0.1:
            self._indexes.pop(place).close()
        if place not in self._indexes:
            self._indexes[place] = Index.open(place, index_dir=self._folder / "index")
            self._indexes[place]._encoder = self._encoder
        return self._indexes[place]


def play(
    folder: Path,
    seed: int,
    steps: int,
    reference: Reference,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    print(f"seed {seed}")
    with closing(Play(folder, seed, reference, encoder)) as game:
        for number in range(steps):
            monkeypatch.setenv("GIT_COMMITTER_DATE", f"{1_700_000_000 + 60 * number} +0000")
            monkeypatch.setenv("GIT_AUTHOR_DATE", f"{1_700_000_000 + 60 * number} +0000")
            game.step()
        print(f"seed {seed}:", ", ".join(f"{n} {what}" for what, n in game.counts.items()))
        assert game.counts["sync"] > steps // 4


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_short_history(
    seed: int,
    tmp_path: Path,
    home: Path,
    reference: Reference,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    play(tmp_path, seed, 16, reference, encoder, monkeypatch)


@pytest.mark.slow
def test_a_long_history(
    tmp_path: Path,
    home: Path,
    reference: Reference,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seed = int(os.environ.get("CODESEARCH_TEST_SEED") or random.randrange(1 << 30))
    steps = int(os.environ.get("CODESEARCH_TEST_STEPS") or 1000)
    play(tmp_path, seed, steps, reference, encoder, monkeypatch)
