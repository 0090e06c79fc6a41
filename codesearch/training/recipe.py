"""What a training run is told: small frozen dataclasses, written as TOML in ``recipes/``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

RECIPES = Path(__file__).parent / "recipes"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Augment:
    """How often (probability) the code and the question are changed; see ``packed.View``."""

    keep_doc: float = 0.25  # documentation left in: users' code has both kinds
    mask_name: float = 0.3  # of documented pairs; weak ones always
    drop_declaration: float = 0.1
    drop_path: float = 0.2
    opening: float = 0.1  # the question begins as typed into a search box: "how to …"
    key_words: float = 0.0  # of the question only a few words are left, none of them a stop word
    name: float = 0.0  # the question is the symbol's name, which the code then keeps


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of an encoder from scratch; a warm start brings its own."""

    layers: int = 6
    hidden: int = 384
    heads: int = 12
    ffn: int = 1536
    positions: int = 512


@dataclass(frozen=True, slots=True)
class Optimizer:
    """AdamW; the rate rises for the first ``warm_up`` of the run, then falls linearly to 0."""

    lr: float = 5e-5
    warm_up: float = 0.1  # fraction of the run
    weight_decay: float = 0.01
    clip: float = 1.0  # of the gradient's norm


@dataclass(frozen=True, slots=True)
class Contrastive:
    """Symmetric InfoNCE on pairs."""

    batch: int = 512  # pairs; the other documents of a batch are the negatives
    chunk: int = 64  # texts encoded at a time, of similar length
    cached: bool = True  # memory follows ``chunk`` and not ``batch``, for a third more time
    tau: float = 0.05
    text_tokens: int = 64
    document_tokens: int = 128
    weak_share: float = 0.2  # weak pairs in an epoch for each documented one
    told_share: float = 0.0  # of the others: what commits told, at least, if any; 0: as it comes
    together: int = 1  # pairs of a batch from one group: each other's harder negatives
    topics: int = 0  # groups are clusters of about so many alike questions; 0: repositories
    negatives: int = 0  # mined ones for each pair, where ``candidates`` are given
    bystanders: float = 0.0  # for each pair: code and prose that no question asks for
    negative_temperature: float = 0.05  # low: the hardest ones; high: any of the mined
    anchor: float = 0.5  # weight of 1 − cosine between the new and the old vector of questions
    anchor_documented: float = 0.0  # the same of documents that keep their documentation
    short_questions: float = 0.25  # of a batch: only anchored, cut to a few words
    truncations: tuple[int, ...] = ()  # the loss also on the first so many dimensions (2205.13147)
    dropout: float = 0.0
    seed: int = 1
    augment: Augment = field(default_factory=Augment)
    optimizer: Optimizer = field(default_factory=Optimizer)


@dataclass(frozen=True, slots=True)
class Pretrain:
    """Replaced-token detection (``rtd``), or masked language modelling alone (``mlm``)."""

    objective: str = "rtd"
    batch: int = 128  # documents
    chunk: int = 128  # documents a pass; gradients add up over the batch
    tokens: int = 128
    mask: float = 0.15  # of the tokens, all of them by [MASK]
    detection: float = 50.0  # weight of the discriminator's loss
    generator_layers: int = 3
    generator_hidden: int = 96  # 0: as wide as the encoder, copied from its first layers
    generator_heads: int = 4
    contrast_every: int = 0  # steps; 0: never. InfoNCE on the discriminator's mean-pooled vectors
    contrast_batch: int = 128
    contrast_weight: float = 1.0
    contrast_weak_share: float = 0.2
    # Not ``augment``: code that keeps its documentation contains the question.
    contrast_augment: Augment = field(default_factory=lambda: Augment(opening=0.2, key_words=0.25))
    tau: float = 0.05
    text_tokens: int = 64
    weak_share: float = 1.0
    dropout: float = 0.1
    seed: int = 1
    sizes: Sizes = field(default_factory=Sizes)
    augment: Augment = field(default_factory=Augment)
    optimizer: Optimizer = field(default_factory=lambda: Optimizer(lr=2e-4))


def load(kind: type[T], path: Path | str | None) -> T:
    """A recipe from TOML; a bare name is looked for in ``recipes/``, None gives the defaults.

    Raises ``ValueError`` where a key is unknown, ``FileNotFoundError`` where there is no file.
    """
    if path is None:
        return kind()
    place = Path(path)
    if not place.suffix:
        place = RECIPES / f"{place}.toml"
    return build(kind, tomllib.loads(place.read_text(encoding="utf-8")))


def build(kind: type[T], values: dict[str, Any]) -> T:
    """A dataclass from nested dictionaries, as ``dataclasses.asdict`` gives them."""
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    if unknown := set(values) - known:
        raise ValueError(f"no such setting of {kind.__name__}: {', '.join(sorted(unknown))}")
    hints = get_type_hints(kind)
    made = {}
    for name, value in values.items():
        if is_dataclass(hints[name]) and isinstance(value, dict):
            value = build(hints[name], value)
        made[name] = tuple(value) if isinstance(value, list) else value
    return kind(**made)
