"""What is searched: the files of a pinned repository below its root, cut into chunks.

Every system is given the same files: those that the product takes in.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.board import Pinned
from indexers import pipeline
from indexers.repository import Repository
from indexers.skip import Rules, decode
from indexers.types import Chunk, FileVersion, SkipReason


class Corpus:
    """One pinned repository, opened. What is expensive is made at first use; close it after."""

    def __init__(self, pinned: Pinned, mirror: Path) -> None:
        self.pinned = pinned
        self.mirror = mirror
        self._repository = Repository.open(mirror)
        self.commit = self._repository.resolve(pinned.revision)

    @cached_property
    def chunks(self) -> list[Chunk]:
        """All chunks, as the product cuts them, file by file."""
        return [chunk for _, chunks in self._files for chunk in chunks]

    @cached_property
    def texts(self) -> dict[str, str]:
        """Path → text of every file that the product takes in."""
        return {
            file.path: decode(self._repository.read(file.blob, file.path)) or ""
            for file, _ in self._files
        }

    @cached_property
    def folder(self) -> Path:
        """A folder that holds ``texts`` as files, for tools that read a disk."""
        folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
        for path, text in self.texts.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
        return folder

    @cached_property
    def _files(self) -> list[tuple[FileVersion, Sequence[Chunk]]]:
        root, repository = self.pinned.root, self._repository
        rules = Rules.at(repository, self.commit)
        plan = pipeline.make_plan(
            repository, self.commit, {}, rules=rules, same_rules=True, root=root
        )
        sink = _Collector()
        pipeline.run(repository, plan, sink)
        return sink.files

    def close(self) -> None:
        """Delete the folder, end git's process."""
        if "folder" in self.__dict__:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._repository.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Collector:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.files: list[tuple[FileVersion, Sequence[Chunk]]] = []

    def add(self, file: FileVersion, chunks: Sequence[Chunk]) -> None:
        self.files.append((file, chunks))

    def remove(self, file: FileVersion) -> None: ...
    def skip(self, file: FileVersion, reason: SkipReason) -> None: ...
