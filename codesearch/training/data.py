"""Mined pairs → packed shards: duplicates and evaluation items out, text to token ids.

The strings are made by ``encoder/text.py`` and nothing else: each segment is the template's
answer to a chunk that has only that segment. So a change of the template changes the shards.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from codesearch.encoder.text import TEMPLATE_VERSION, document_text, identifier_words, query_text
from codesearch.training import mine
from codesearch.training.dedup import Seen, shape
from codesearch.training.fit import tokenizer_digest
from codesearch.training.packed import SHARDS, Meta, Pairs, Specials
from indexers.pairs import Pair

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SHARD = "pairs-{:03d}.npz.xz"
REPORT = "report.json"
_SHARD_RECORDS = 50_000
_MAX_NAME, _MAX_PATH = 40, 40  # tokens; longer ones are a machine's
_SPECIALS = ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]")
# How people begin what they type into a search box; {} is the language.
_OPENINGS = (
    "how to",
    "{} how to",
    "how do i",
    "how to in {}",
    "{}",
    "function to",
    "{} function to",
    "where do we",
    "code that",
    "what is the best way to",
)
# What people leave out of what they type there.
_STOP_WORDS = (
    "a an and any are as at be been being but by can do does each either for from has have if in "
    "into is it its may must nor not of on one only or over shall should so some such than that "
    "the their them then there these they this those to up upon was we were when where whether "
    "which while will with you your . , ; : ! ? ' \" ` ( ) [ ] { } / \\ - * # @ = < > & | _"
).split()


@dataclass(frozen=True, slots=True)
class Packing:
    """What to pack and what to leave out."""

    mined: Path
    tokenizer: Path  # tokenizer.json
    out: Path
    commits: Path | None = None  # mined from histories
    asked: Path | None = None  # written on sheets
    max_tokens: int = 192
    text_tokens: int = 64
    weak_share: float = 0.5  # weak pairs at most, as a share of the documented ones, by language
    evaluation: tuple[Path, ...] = ()  # JSON lines whose items must not be trained on
    heldout: Path | None = None  # repositories that must not be trained on, should any be mined


@dataclass(slots=True)
class Report:
    """What went in and what stayed out."""

    documented: Counter[str] = field(default_factory=Counter)  # by language
    weak: Counter[str] = field(default_factory=Counter)  # by language
    commits: Counter[str] = field(default_factory=Counter)  # by language
    asked: Counter[str] = field(default_factory=Counter)  # by language
    bystanders: Counter[str] = field(default_factory=Counter)  # by kind
    dropped: Counter[str] = field(default_factory=Counter)  # by reason
    repositories: int = 0
    tokens: int = 0
    megabytes: float = 0.0


class _Item(NamedTuple):
    repository: int
    pair: Pair
    told: bool = False  # by a commit, or written on a sheet


def pack(job: Packing) -> Report:
    """Write the shards ``job.out/pairs-000.npz.xz``, … and ``report.json``."""
    from tokenizers import Tokenizer  # noqa: PLC0415 – where shards are only read, there is none

    report = Report()
    sources, pairs = _gather(job, report)
    tokenizer = Tokenizer.from_file(str(job.tokenizer))
    languages = sorted({item.pair.chunk.language for item in pairs})
    meta = _meta(job, tokenizer, languages, sources)
    job.out.mkdir(parents=True, exist_ok=True)
    for old in job.out.glob(SHARDS):
        old.unlink()
    for number, start in enumerate(range(0, len(pairs), _SHARD_RECORDS)):
        shard = _tokenize(pairs[start : start + _SHARD_RECORDS], meta, tokenizer, job)
        report.megabytes += shard.save(job.out / SHARD.format(number)) / 2**20
        report.tokens += len(shard.ids)
    fields = {name: getattr(report, name) for name in Report.__slots__}
    (job.out / REPORT).write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
    return report


def segments(pair: Pair) -> list[str]:
    """The strings of :data:`packed.SEGMENTS`."""
    empty = replace(pair.chunk, path="", symbol="", class_path="", text="", part=1)
    named = replace(empty, symbol=pair.chunk.symbol, class_path=pair.chunk.class_path)
    path = document_text(replace(empty, path=pair.chunk.path))
    code = [document_text(replace(empty, text=part)) for part in pair.parts]
    if pair.chunk.part > 1:  # begins with the signature, for it stands in the first part
        code[0] = document_text(replace(empty, part=pair.chunk.part, text=pair.parts[0]))
    return [query_text(pair.text), document_text(named), path, *code]


def _gather(job: Packing, report: Report) -> tuple[list[mine.Header], list[_Item]]:
    """Headers, and what is kept, in a fixed order."""
    heldout = {source.name.lower() for source in mine.read_list(job.heldout)} if job.heldout else ()
    headers: dict[str, mine.Header] = {}
    documented: list[_Item] = []
    weak: list[_Item] = []
    told: list[_Item] = []
    asked: list[_Item] = []
    others: list[_Item] = []
    for folder in (job.mined, job.commits, job.asked):
        # Anew for each: a function may well come with its documentation and with a commit.
        seen = Seen()
        for path in job.evaluation:
            seen.add_evaluation(path)
        for path in sorted(folder.glob("*.jsonl.gz")) if folder else ():
            header = mine.read_header(path)
            if header.repository.lower() in heldout:
                report.dropped["held-out repository"] += header.pairs + header.weak
                continue
            headers.setdefault(header.repository, header)
            number = list(headers).index(header.repository)
            for pair in _new_ones(mine.read(path), seen, report):
                if not pair.text:
                    others.append(_Item(number, pair))
                elif folder != job.mined:
                    (told if folder == job.commits else asked).append(
                        _Item(number, pair, told=True)
                    )
                else:
                    (weak if pair.weak else documented).append(_Item(number, pair))
    weak = _less_weak(weak, documented, job.weak_share, report)
    report.repositories = len(headers)
    for counts, pairs in (
        (report.documented, documented),
        (report.weak, weak),
        (report.commits, told),
        (report.asked, asked),
    ):
        counts.update(item.pair.chunk.language for item in pairs)
    report.bystanders.update(item.pair.chunk.kind.value for item in others)
    every = documented + weak + told + asked + others
    return list(headers.values()), sorted(every, key=lambda item: item.repository)


def _new_ones(pairs: Iterator[Pair], seen: Seen, report: Report) -> Iterator[Pair]:
    """What was not there before; later parts behind their first, and only where that is kept.

    Of one chunk several questions may be asked: they stay, or go, together.
    """
    kept = set()
    verdicts: dict[tuple[str, str], str] = {}
    for pair in sorted(pairs, key=lambda pair: pair.chunk.part > 1):
        definition = (pair.text, pair.chunk.path, pair.chunk.qualified_name)
        is_later = pair.chunk.part > 1 and definition in kept
        place = (pair.chunk.path, pair.chunk.content_hash)
        if not pair.text or place not in verdicts:
            verdicts[place] = _known_code(pair, seen)
        reason = verdicts[place]
        if (
            reason != "equal code"
            and pair.text
            and not is_later
            and not seen.is_new_text(pair.text)
        ):
            reason = "equal text"
        if reason:
            report.dropped[reason] += 1
        else:
            kept.add(definition)
            yield pair


def _known_code(pair: Pair, seen: Seen) -> str:
    """Why the code is not new; "" where it is."""
    bare = pair.bare.text
    first, end = pair.doc_lines
    again = first < end and not seen.is_new_code(pair.chunk.text)  # evaluation keeps both
    if again or not seen.is_new_code(bare):
        return "equal code"
    return "" if seen.is_new_shape(shape(bare)) else "nearly equal code"


def _less_weak(
    weak: list[_Item], documented: list[_Item], share: float, report: Report
) -> list[_Item]:
    """The same share of weak pairs in every language, the same ones every time."""
    rooms = Counter(item.pair.chunk.language for item in documented)
    room = {language: int(count * share) for language, count in rooms.items()}
    kept = []
    for item in sorted(weak, key=lambda item: item.pair.chunk.content_hash):
        language = item.pair.chunk.language
        if room.get(language, 0) > 0:
            room[language] -= 1
            kept.append(item)
    report.dropped["weak pairs over their share"] += len(weak) - len(kept)
    return kept


def _meta(
    job: Packing, tokenizer: Tokenizer, languages: Sequence[str], sources: list[mine.Header]
) -> Meta:
    specials = [tokenizer.token_to_id(name) for name in _SPECIALS]
    pad, cls, sep, mask, unknown = (-1 if one is None else one for one in specials)
    if -1 in (pad, cls, sep, mask, unknown):
        raise ValueError(f"{job.tokenizer} lacks one of {', '.join(_SPECIALS)}")
    digest = tokenizer_digest(tokenizer)  # first, for it ends cutting and padding
    questions = []
    for language in languages:
        openings = [opening.format(language) for opening in _OPENINGS]
        encoded = tokenizer.encode_batch(openings, add_special_tokens=False)
        questions.append(tuple(tuple(one.ids) for one in encoded))
    return Meta(
        template_version=TEMPLATE_VERSION,
        tokenizer_digest=digest,
        vocabulary=tokenizer.get_vocab_size(),
        max_tokens=job.max_tokens,
        specials=Specials(pad, cls, sep, mask, unknown),
        languages=tuple(languages),
        repositories=tuple(source.repository for source in sources),
        licences=tuple(source.licence for source in sources),
        questions=tuple(questions),
        stop_words=tuple(
            number for word in _STOP_WORDS if (number := tokenizer.token_to_id(word)) is not None
        ),
    )


def _tokenize(items: list[_Item], meta: Meta, tokenizer: Tokenizer, job: Packing) -> Pairs:
    limits = (job.text_tokens, _MAX_NAME, _MAX_PATH, *[job.max_tokens] * 3)
    ids: list[np.ndarray[Any, np.dtype[np.uint16]]] = []
    lengths, symbol, declared = [], [], []
    for start in range(0, len(items), 1000):
        some = [item.pair for item in items[start : start + 1000]]
        strings = [text for pair in some for text in (*segments(pair), *_counted(pair))]
        clean = [text.encode("utf-8", "replace").decode() for text in strings]
        encoded = [one.ids for one in tokenizer.encode_batch(clean, add_special_tokens=False)]
        for row in range(0, len(encoded), 8):
            cut = [one[:most] for one, most in zip(encoded[row : row + 6], limits, strict=True)]
            ids += [np.array(one, np.uint16) for one in cut]
            lengths.append([len(one) for one in cut])
            symbol.append(min(len(encoded[row + 6]), len(cut[1])))
            declared.append(len(encoded[row + 7]))
    fields = {
        "lengths": np.array(lengths, np.uint16).reshape(-1, 6),
        "symbol": np.array(symbol, np.uint16),
        "declared": np.minimum(np.array(declared), 2**16 - 1).astype(np.uint16),
        "language": np.array(
            [meta.languages.index(item.pair.chunk.language) for item in items], np.uint8
        ),
        "repository": np.array([item.repository for item in items], np.uint16),
        "answer": np.array([_answer(item) for item in items], np.uint32),
        "weak": np.array([item.pair.weak for item in items], bool),
        "told": np.array([item.told for item in items], bool),
    }
    return Pairs(meta, np.concatenate(ids), fields)


def _answer(item: _Item) -> int:
    """A number of the function, whatever text it has now; two share one in 4 billion."""
    chunk = item.pair.chunk
    name = f"{item.repository}\0{chunk.path}\0{chunk.qualified_name}"
    return zlib.crc32(name.encode(errors="replace"))


def _counted(pair: Pair) -> tuple[str, str]:
    """What only its number of tokens is kept of: the symbol, the declaration."""
    declaration = "\n".join(pair.bare.text.split("\n")[: pair.declaration])
    empty = replace(pair.chunk, path="", symbol="", class_path="", text=declaration)
    return " ".join(identifier_words(pair.chunk.symbol)), document_text(empty)
