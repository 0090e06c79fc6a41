"""What the interface knows of the engine: one index or several, asked in one place."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from codesearch import (
    Chunk,
    CodesearchError,
    FilterError,
    Freshness,
    Hit,
    IndexedRef,
    NotIndexedError,
    Query,
    RepositoryError,
    Settings,
)
from tui.completion import Known, folders
from tui.document import Document
from tui.indexing import Target

if TYPE_CHECKING:
    from codesearch import Index

DEPTH = 60  # hits of a search: more than anybody scrolls through, enough for the facets
_KEPT_DOCUMENTS = 10  # a parsed file of 100 KB takes some MB
_Said = TypeVar("_Said")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a question."""

    query: Query
    hits: Sequence[Hit]
    milliseconds: float
    like: Chunk | None = None  # set: these are «more like this», and ``query`` only filters


@dataclass(frozen=True, slots=True)
class Standing:
    """Which commits answer, and how far git has moved on."""

    each: Mapping[str, Freshness]  # by repository
    ref: str = ""  # of one repository: what is searched, as a user calls it

    @property
    def stale(self) -> list[str]:
        """The repositories whose index lacks something."""
        return [name for name, one in self.each.items() if not one.is_current]

    def shows_the_same(self, other: Standing) -> bool:
        """Whether both speak of the same commits, in whole or in part alike."""
        return self._shown() == other._shown()

    def _shown(self) -> dict[str, tuple[str, bool]]:
        return {name: (one.commit, one.partial) for name, one in self.each.items()}


@dataclass(frozen=True, slots=True)
class Overview:
    """What is indexed, for the empty screen."""

    files: int
    chunks: int
    languages: Mapping[str, int]  # chunks by language, most first
    standing: Standing
    repositories: Mapping[str, int] = field(default_factory=dict)  # chunks, where there are several


class Session:
    """One index at one revision, or several at their HEADs. May block: call it from a thread."""

    def __init__(
        self,
        indexes: Mapping[str, Index],
        targets: Mapping[str, Target],
        *,
        at: str | None = None,
        left_out: Mapping[str, CodesearchError] | None = None,
    ) -> None:
        """``indexes`` and ``targets`` by repository; ``left_out``: folder → why it is not in."""
        self._opened = dict(indexes)  # those left out later have hits on the screen still
        self._indexes = dict(indexes)
        self._targets = targets
        self.at = at  # only of one
        self.left_out = dict(left_out or {})  # whoever says it to the user, takes it out
        self._lock = threading.Lock()
        self._leaving = threading.Lock()
        self._ticket = 0
        self._documents: dict[tuple[str, str, str], Document] = {}  # the last ones, oldest first
        self._documents_lock = threading.Lock()

    @property
    def is_several(self) -> bool:
        """Whether hits have to say where they are from."""
        return len(self._indexes) > 1

    @property
    def name(self) -> str:
        """Of the repository, or how many there are."""
        names = list(self._indexes)
        return f"{len(names)} repositories" if self.is_several else names[0]

    @property
    def place(self) -> Path:
        """The folder of the (first) repository."""
        return next(iter(self._indexes.values())).folder

    @property
    def is_built(self) -> bool:
        """Whether there is something to search. (Of several, what is not built is left out.)"""
        return self.is_several or all(index.is_built for index in self._indexes.values())

    def folder(self, hit: Hit) -> Path | None:
        """The working tree that a hit is from; None: its repository is bare."""
        return self._opened[hit.repository].repository.root

    def warm(self) -> None:
        """Load what the first question would wait for: the encoder, then the indexes."""
        if self.is_built:
            self._ask("warm", Query.parse("warm"), self._indexes, top_k=1)

    def search(self, query: Query) -> Answer | None:
        """Answer a question; None if a newer one was asked meanwhile."""
        self._ticket += 1
        ticket = self._ticket
        with self._lock:  # questions wait here, so that only the last of them is worked on
            if ticket != self._ticket:
                return None
            meant = self._meant(query)
            started = time.perf_counter()
            hits = self._ask(query.words, query, meant)
        return Answer(query, hits, (time.perf_counter() - started) * 1000)

    def is_indexed(self, query: Query) -> bool:
        """Whether an answer would have nothing to index before: the ref that is meant is there."""
        if not query.ref:
            return True
        ((_, index),) = self._meant(query).items()
        return index.repository.resolve(query.ref) in {ref.commit for ref in index.refs()}

    def similar(self, chunk: Chunk, query: Query) -> Answer:
        """What is like ``chunk``, narrowed by the filters of ``query``."""
        meant = self._meant(query)
        started = time.perf_counter()
        hits = self._ask(chunk, query, meant)
        return Answer(query, hits, (time.perf_counter() - started) * 1000, like=chunk)

    def _ask(
        self, what: str | Chunk, query: Query, meant: Mapping[str, Index], top_k: int = DEPTH
    ) -> list[Hit]:
        from codesearch import search_many, similar_many  # noqa: PLC0415  (as ``Index``, below)

        options: dict[str, Any] = {"top_k": top_k, "filter": query.filter}

        def alone(index: Index) -> list[Hit]:
            if isinstance(what, str):
                return index.search(what, **options)
            return index.similar(what, **options)

        def together(indexes: Mapping[str, Index]) -> list[Hit]:
            if isinstance(what, str):
                return search_many(indexes, what, **options)
            return similar_many(indexes, what, **options)

        if len(meant) > 1:
            try:
                return together(meant)
            except CodesearchError:  # of which of them, it does not say
                answering = self._each(alone, meant)
                if len(answering) == len(meant):
                    raise
                return together({name: meant[name] for name in answering})
        ((name, index),) = meant.items()
        options["at"] = query.ref or self.at
        return [replace(hit, repository=name) for hit in alone(index)]

    def _each(
        self, said: Callable[[Index], _Said], indexes: Mapping[str, Index] | None = None
    ) -> dict[str, _Said]:
        """What each says. Of several, those that cannot be searched any more are left out."""
        answers: dict[str, _Said] = {}
        failed: dict[str, CodesearchError] = {}
        for name, index in (indexes or self._indexes).items():
            try:
                answers[name] = said(index)
            except FilterError:  # wrong is the question
                raise
            except CodesearchError as error:
                failed[name] = error
        if failed and not answers:
            raise next(iter(failed.values()))
        with self._leaving:  # a look at HEAD may notice the same beside a question
            for name in failed.keys() & self._indexes.keys():
                self.left_out[str(self._opened[name].folder)] = failed[name]
            self._indexes = {n: it for n, it in self._indexes.items() if n not in failed}
        return answers

    def _meant(self, query: Query) -> Mapping[str, Index]:
        """The indexes that a question is for."""
        meant = self._indexes
        if query.repositories:
            chosen = {name for wanted in query.repositories for name in self._called(wanted)}
            meant = {name: index for name, index in meant.items() if name in chosen}
        if len(meant) > 1 and query.ref:
            raise FilterError("ref: is for one repository", "Say which: repo:NAME beside it")
        return meant

    def _called(self, wanted: str) -> list[str]:
        """The repositories of this name; the folders before it may be left out."""
        found = [
            name
            for name in self._indexes
            if wanted.lower() in (name.lower(), name.lower().rpartition("/")[2])
        ]
        if not found:
            here = "Open are" if self.is_several else "This is"
            names = ", ".join(self._indexes)
            raise FilterError(f"{wanted} is not open here", f"{here} {names}: take repo: out")
        return found

    def document(self, hit: Hit) -> Document:
        """The whole file that a hit is from, at the indexed version, ready to be drawn."""
        chunk = hit.chunk
        key = (hit.repository, chunk.blob, chunk.path)
        with self._documents_lock:
            found = self._documents.pop(key, None)
        if found is None:
            found = Document.of(self.source(hit), chunk.language, chunk.path)
        with self._documents_lock:
            self._documents[key] = found
            while len(self._documents) > _KEPT_DOCUMENTS:
                del self._documents[next(iter(self._documents))]
        return found

    def source(self, hit: Hit) -> str:
        """The text of the file, as it was indexed."""
        return self._opened[hit.repository].source(hit.chunk)

    def overview(self) -> Overview:
        """What is indexed, and how that stands to git."""
        stats = self._each(lambda index: index.stats(self.at))
        languages: Counter[str] = Counter()
        for one in stats.values():
            languages.update(one.languages)
        return Overview(
            files=sum(one.files for one in stats.values()),
            chunks=sum(one.chunks for one in stats.values()),
            languages=dict(languages.most_common()),
            standing=self.standing(),
            repositories={n: s.chunks for n, s in stats.items()} if self.is_several else {},
        )

    def standing(self) -> Standing:
        """How far the repositories have moved on."""
        each = self._each(lambda index: index.freshness(self.at))
        return Standing(each, "" if self.is_several else self.at or self._branch())

    def refs(self) -> list[IndexedRef]:
        """What the index follows; of one repository."""
        return next(iter(self._indexes.values())).refs()

    def known(self) -> Known:
        """What exists, for completion."""
        languages: Counter[str] = Counter()
        paths: set[str] = set()
        refs: dict[str, None] = {}
        for name, stats in self._each(lambda index: index.stats(self.at)).items():
            tree = self._opened[name].repository.tree(stats.commit)
            languages.update(stats.languages)
            paths.update(entry.path for entry in tree)
            refs |= dict.fromkeys(ref.name for ref in stats.refs)
        return Known(dict(languages.most_common()), folders(paths), list(refs), list(self._indexes))

    def to_sync(self) -> list[tuple[str, Target]]:
        """Whose index is to be brought up to date: the one there is; of several those behind."""
        names = self.standing().stale if self.is_several else list(self._indexes)
        return [(name, self._targets[name]) for name in names]

    def close(self) -> None:
        """Release files and child processes."""
        for index in self._opened.values():
            index.close()

    def _branch(self) -> str:
        ((_, index),) = self._indexes.items()
        try:
            return index.repository.head().branch or ""
        except RepositoryError:  # a branch without commits yet
            return ""


def open_session(target: Target, at: str | None = None) -> Session:
    """Open the index of a repository; raises a ``CodesearchError`` where there is none."""
    # Engine and encoder are loaded behind the first screen, not before it.
    from codesearch import Index  # noqa: PLC0415

    index = Index.open(target.place, index_dir=target.index_dir, url=target.url)
    name = index.repository.name
    return Session({name: index}, {name: target}, at=at)


def open_all_repositories(url: str | None = None) -> Session:
    """Open the indexes of all that is registered; raises a ``CodesearchError`` if none can be."""
    from codesearch import open_all  # noqa: PLC0415

    settings = Settings.load()
    if url is not None:
        settings = replace(settings, url=url)
    indexes, left_out = open_all(settings)
    if not indexes:
        why = "; ".join(f"{folder}: {error}" for folder, error in left_out.items())
        raise NotIndexedError(
            f"No repository can be searched ({why})" if why else "Nothing is indexed yet",
            "Index one: codesearch index PATH",
        )
    targets = {name: Target(index.folder, index.directory, url) for name, index in indexes.items()}
    return Session(indexes, targets, left_out=left_out)
