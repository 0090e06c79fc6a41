"""Git repositories → pairs in text, one compressed file for each repository.

A repository's file is written whole or not at all (temporary file, then rename), so a killed run
goes on where it stopped, and one more repository costs only itself. Its first line says where the
pairs come from: commit, licence as the list says and as the LICENSE file reads, counts.
"""

from __future__ import annotations

import gzip
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from codesearch.training import licences
from indexers.aside import is_test
from indexers.chunker import chunk_text
from indexers.errors import RepositoryError
from indexers.pairs import Pair, find_bystander, find_later_pair, find_pair, find_weak_pair
from indexers.repository import Repository
from indexers.skip import Rules
from indexers.types import Chunk, Kind, SkipReason, Span

MINING_VERSION = 5  # change it with the rules of ``indexers/pairs.py``: all is then mined again


@dataclass(frozen=True, slots=True)
class Source:
    """A row of the list of repositories."""

    name: str  # owner/name
    licence: str  # as the list says

    @property
    def file_name(self) -> str:
        """Of its pairs."""
        return self.name.replace("/", "+") + ".jsonl.gz"


@dataclass(slots=True)
class Header:
    """The first line of a file of pairs."""

    repository: str
    commit: str
    licence_said: str
    licence_found: str  # "" where no LICENSE file was understood
    version: int = MINING_VERSION
    languages: dict[str, int] = field(default_factory=dict)  # documented pairs
    pairs: int = 0
    weak: int = 0
    bystanders: int = 0
    seconds: float = 0.0

    @property
    def licence(self) -> str:
        """What is found, else what is said; who says that it is theirs need not ask."""
        if self.licence_said == licences.OWN:
            return licences.OWN
        return self.licence_found or self.licence_said

    @property
    def is_permissive(self) -> bool:
        """Whether the code may be trained on; not where nobody knows."""
        return licences.is_permissive(self.licence)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many pairs one repository may give, so that no single style rules the whole."""

    pairs: int = 8000
    weak: int = 3000
    bystanders: int = 150  # of each kind


Find = Callable[[Repository, str, Rules], Iterable[Pair]]
"""The pairs that a repository has at a commit, by the rules that hold there."""


def read_list(path: Path, heldout: Path | None = None) -> list[Source]:
    """Rows ``owner/name``, language, licence (tabs between), less those that are held out."""
    kept_out = {row[0].lower() for row in _rows(heldout)} if heldout else set()
    rows = [row for row in _rows(path) if row[0].lower() not in kept_out]
    return [Source(row[0], row[2] if len(row) > 2 else "") for row in rows]


def locate(root: Path, name: str) -> Path | None:
    """Where a clone of ``owner/name`` lies below ``root``, in any usual layout."""
    joined = name.replace("/", "+")
    for place in (f"{joined}/repo", joined, name, f"{name}.git", name.split("/")[-1]):
        if (root / place).is_dir():
            return root / place
    return None


def mine(
    sources: Sequence[Source],
    root: Path,
    out: Path,
    *,
    find: Find,
    processes: int = 0,
) -> Counter[str]:
    """Mine every source that lies below ``root`` into ``out``; counts of what came of them."""
    out.mkdir(parents=True, exist_ok=True)
    outcome: Counter[str] = Counter()
    todo = []
    for source in sources:
        place = locate(root, source.name)
        if place is None:
            outcome["not there"] += 1
        elif _is_done(out / source.file_name):
            outcome["mined before"] += 1
        else:
            todo.append((source, place))
    began = time.monotonic()
    # The longest first would be better for the tail, but nobody knows them before.
    with ProcessPoolExecutor(processes or os.cpu_count()) as pool:
        jobs = [pool.submit(mine_one, source, place, out, find) for source, place in todo]
        for number, job in enumerate(as_completed(jobs), 1):
            said = job.result()
            outcome["mined" if isinstance(said, Header) else "refused"] += 1
            left = (time.monotonic() - began) / number * (len(jobs) - number)
            print(
                f"[{number}/{len(jobs)}] {_say(said)}, about {left / 60:.0f} min left", flush=True
            )
    return outcome


def mine_one(
    source: Source, place: Path, out: Path, find: Find, limits: Limits | None = None
) -> Header | str:
    """Write the pairs of one repository; its header, or why there is nothing."""
    limits = limits or Limits()
    began = time.monotonic()
    (out / source.file_name).unlink(missing_ok=True)  # of other rules: not to be packed any more
    try:
        header, pairs = collect(source, place, find)
    except Exception as error:  # what is wrong with one must not end all mining
        return f"{source.name}: {type(error).__name__}: {error}"
    if not header.is_permissive:
        return f"{source.name}: its licence is {header.licence or 'not known'}"
    documented = _choose([pair for pair in pairs if pair.text and not pair.weak], limits.pairs)
    weak = _choose([pair for pair in pairs if pair.weak], limits.weak)
    others = [pair for pair in pairs if not pair.text]
    bystanders = [
        pair
        for kind in Kind
        for pair in _choose([one for one in others if one.chunk.kind is kind], limits.bystanders)
    ]
    header.languages = dict(Counter(pair.chunk.language for pair in documented).most_common())
    header.pairs, header.weak = len(documented), len(weak)
    header.bystanders = len(bystanders)
    header.seconds = round(time.monotonic() - began, 1)
    write(out / source.file_name, header, documented + weak + bystanders)
    return header


def write(path: Path, header: Header, pairs: Sequence[Pair]) -> None:
    """Header and pairs as compressed JSON lines, all or nothing."""
    partial = path.with_name(path.name + ".part")
    with gzip.open(partial, "wt", encoding="utf-8", compresslevel=6) as lines:
        lines.write(json.dumps(asdict(header)) + "\n")
        for pair in pairs:
            lines.write(json.dumps(asdict(pair), ensure_ascii=False) + "\n")
    partial.replace(path)


def read_header(path: Path) -> Header:
    """Only the first line."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return Header(**json.loads(lines.readline()))


def read(path: Path) -> Iterator[Pair]:
    """The pairs of one file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        lines.readline()
        for line in lines:
            yield _pair(json.loads(line))


def collect(source: Source, place: Path, find: Find) -> tuple[Header, list[Pair]]:
    """All pairs at HEAD of the repository in ``place``; none where its licence is not permissive.

    Raises ``RepositoryError``.
    """
    with Repository.open(place) as repository:
        commit = repository.resolve("HEAD")
        header = Header(source.name, commit, source.licence, licences.found(repository, commit))
        if not header.is_permissive:
            return header, []
        return header, list(find(repository, commit, Rules.at(repository, commit)))


def find_documented(repository: Repository, commit: str, rules: Rules) -> Iterator[Pair]:
    """What documentation says of its code; where there is none, what the name says; bystanders."""
    for entry in repository.tree(commit):
        if rules.by_entry(entry) is None and not is_test(entry.path):
            yield from find_pairs(chunks_of(repository, rules, entry.path, entry.blob))


def find_pairs(chunks: Iterable[Chunk]) -> Iterator[Pair]:
    """All pairs of one file. Of a long definition at most two parts answer its documentation."""
    first: Pair | None = None
    for chunk in chunks:
        later = find_later_pair(first, chunk) if first else None
        if later is not None:
            yield later
            first = None
            continue
        pair = find_pair(chunk) or find_weak_pair(chunk) or find_bystander(chunk)
        if pair is not None:
            yield pair
            if pair.text and not pair.weak:
                first = pair


def chunks_of(repository: Repository, rules: Rules, path: str, blob: str) -> list[Chunk]:
    """The chunks of one file; none where the rules leave it out, or git has lost it."""
    try:
        data = repository.read(blob, path)
    except RepositoryError:  # some mirrors lack a large file or two
        return []
    found = rules.examine(path, data)
    if isinstance(found, SkipReason):
        return []
    return list(chunk_text(found.text, path=path, language=found.language, blob=blob))


def _choose(pairs: list[Pair], most: int) -> list[Pair]:
    """At most so many, the same ones every time, from all over the repository."""
    if len(pairs) <= most:
        return pairs
    return sorted(pairs, key=lambda pair: pair.chunk.content_hash)[:most]


def _pair(fields: dict[str, Any]) -> Pair:
    chunk = fields["chunk"]
    chunk["span"], chunk["kind"] = Span(**chunk["span"]), Kind(chunk["kind"])
    return Pair(
        fields["text"],
        Chunk(**chunk),
        tuple(fields["doc_lines"]),
        fields["declaration"],
        fields["weak"],
    )


def _is_done(path: Path) -> bool:
    return path.exists() and read_header(path).version == MINING_VERSION


def _say(said: Header | str) -> str:
    if isinstance(said, str):
        return said
    counts = f"{said.pairs} pairs, {said.weak} weak, {said.bystanders} bystanders"
    return f"{said.repository}: {counts}, {said.seconds:.0f} s"


def _rows(path: Path) -> list[list[str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line.strip() and not line.startswith("#")]
