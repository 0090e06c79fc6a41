"""What each stage of the command line does; heavy imports only where a stage needs them.

Mining and packing need no torch; training needs no tree-sitter, and evaluating torch models no
ONNX Runtime: a machine that only trains has neither.
"""
# ruff: noqa: PLC0415 – see above

from __future__ import annotations

import argparse
import tomllib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from codesearch.training import recipe as recipes

if TYPE_CHECKING:
    import torch

    from codesearch.training.loop import Limits
    from codesearch.training.mine import Find

T = TypeVar("T")


def run_mine(given: argparse.Namespace) -> None:
    """Git repositories → documentation and names with their functions, in text."""
    from codesearch.training import mine

    _mine(given, mine.find_documented)


def run_commits(given: argparse.Namespace) -> None:
    """Git repositories → what commits say of the functions that they change, in text."""
    from codesearch.training import commits

    _mine(given, commits.find_told)


def run_sheets(given: argparse.Namespace) -> None:
    """Mined code → sheets, for somebody to write questions that it answers."""
    from codesearch.training import sheets

    print(f"{sheets.write(given.mined, given.out, given.count)} sheets in {given.out}")


def run_asked(given: argparse.Namespace) -> None:
    """Sheets, and the questions written beside them → pairs in text."""
    from codesearch.training import sheets

    counts = sheets.read(given.mined, given.sheets, given.out)
    print(", ".join(f"{count} {what}" for what, count in counts.items()))


def run_pack(given: argparse.Namespace) -> None:
    """Pairs in text → shards of token ids, without duplicates and evaluation items."""
    from codesearch.training import data

    job = data.Packing(
        given.mined,
        given.tokenizer,
        given.out,
        max_tokens=given.max_tokens,
        commits=given.commits,
        asked=given.asked,
        weak_share=given.weak_share,
        evaluation=tuple(given.not_these),
        heldout=given.heldout,
    )
    print(data.pack(job))


def run_vocabulary(given: argparse.Namespace) -> None:
    """Pairs in text → a word-piece tokenizer of our own."""
    from codesearch.training import vocabulary

    print(f"{vocabulary.train(given.mined, given.out, given.size)} word pieces in {given.out}")


def run_pretrain(given: argparse.Namespace) -> None:
    """Replaced-token detection or masked words on code, from a model or from scratch."""
    from codesearch.training import packed, pretrain

    recipe = _recipe(recipes.Pretrain, given)
    pretrain.train(
        packed.load(given.data),
        given.start,
        given.out,
        recipe,
        _limits(given),
        device=_device(given),
        bf16=_bf16(given),
        tokenizer=given.tokenizer,
    )


def run_contrastive(given: argparse.Namespace) -> None:
    """Questions near the code that answers them (InfoNCE)."""
    from codesearch.training import contrastive, packed
    from codesearch.training.negatives import Candidates

    recipe = _recipe(recipes.Contrastive, given)
    candidates = Candidates.load(given.candidates) if given.candidates else None
    contrastive.train(
        packed.load(given.data),
        given.start,
        given.out,
        recipe,
        _limits(given),
        device=_device(given),
        bf16=_bf16(given),
        candidates=candidates,
    )


def run_filter(given: argparse.Namespace) -> None:
    """Which pairs a model finds sound, and the codes that it mistakes for answers."""
    import torch

    from codesearch.encoder.weights import TOKENIZER
    from codesearch.training import fit, negatives, nets, packed

    device = _device(given)
    pairs, model = packed.load(given.data), nets.load_model(given.model).to(device)
    fit.require_fit(pairs, given.model / TOKENIZER, model.config.vocab_size)
    records = negatives.judged(pairs, told_only=given.commits)
    texts, documents = negatives.forms(pairs, records, 64, 128)

    def encode(ids: list[Any]) -> Any:
        return nets.encode_all(model, ids, pairs.meta.specials.pad, bf16=_bf16(given))

    def nearest(some: Any, every: Any) -> Any:
        return (
            (torch.from_numpy(some).to(device) @ torch.from_numpy(every).to(device).T).cpu().numpy()
        )

    found = negatives.mine(
        pairs,
        records,
        encode(texts),
        encode(documents),
        top=given.top,
        count=given.count,
        margin=given.margin,
        nearest=nearest,
    )
    found.save(given.out)
    print(f"{len(found.kept)} of {pairs.asked.sum()} pairs kept, {len(records)} were judged")


def run_blend(given: argparse.Namespace) -> None:
    """A model between a tuned one and the one that it started from."""
    from codesearch.training import blend

    blend.blend(given.start, given.tuned, given.share, given.out)


def run_heldout(given: argparse.Namespace) -> None:
    """Functions of repositories nobody trains on, with their documentation as questions."""
    from codesearch.training import heldout

    print(heldout.write(given.list, given.clones, given.out, each=given.each))


def run_evaluate(given: argparse.Namespace) -> None:
    """BM25 and models side by side: mean reciprocal rank on every set that is given."""
    from codesearch.training import compare, tasks

    device = _device(given) if given.models else None
    rankers = compare.open_models(given.models, device, given.max_tokens)
    if not given.no_bm25:
        rankers = {"BM25": compare.Bm25(), **rankers}
    table = compare.compare(rankers, tasks.load_tasks(given.eval, given.heldout))
    print(compare.as_markdown(table))
    if given.out:
        compare.save(table, given.out)


def run_export(given: argparse.Namespace) -> None:
    """A trained model → the weights folder that is shipped, if int8 keeps its quality."""
    from codesearch.training import shipping

    measured = shipping.ship(
        given.folder,
        given.out,
        given.name,
        origin=given.origin,
        license=given.license,
        data=given.data,
        evaluation=given.eval,
        max_tokens=given.max_tokens,
    )
    print(measured)


def run_dequantize(given: argparse.Namespace) -> None:
    """The weights folder that is shipped → a model folder to train on from."""
    from codesearch.training import dequantize

    dequantize.dequantize(given.weights, given.out)


def run_carry(given: argparse.Namespace) -> None:
    """A model folder → small pieces, word vectors and layers in bfloat16."""
    from codesearch.training import carry

    for piece in carry.split(given.source, given.out, given.mebibytes << 20):
        print(f"{piece} {piece.stat().st_size / 2**20:.1f} MiB")


def run_join(given: argparse.Namespace) -> None:
    """Pieces → the model folder."""
    from codesearch.training import carry

    carry.join(given.pieces, given.out)


def _mine(given: argparse.Namespace, find: Find) -> None:
    from codesearch.training import mine

    sources = mine.read_list(given.list, given.heldout)
    outcome = mine.mine(sources, given.clones, given.out, find=find, processes=given.processes)
    print(", ".join(f"{count} {what}" for what, count in outcome.items()))


def _recipe(kind: type[T], given: argparse.Namespace) -> T:
    """The recipe with the settings of ``--set`` (``optimizer.lr=1e-4``) put over it."""
    values = asdict(recipes.load(kind, given.recipe))  # type: ignore[call-overload]
    for setting in given.set:
        name, _, value = setting.partition("=")
        *outer, last = name.split(".")
        place = values
        for step in outer:
            inner = place.get(step)
            place = inner if isinstance(inner, dict) else {}
        if isinstance(place.get(last, {}), dict):
            raise ValueError(f"no such setting: {name}")
        try:
            place[last] = tomllib.loads(f"x = {value}")["x"]
        except tomllib.TOMLDecodeError:
            place[last] = value
    return recipes.build(kind, values)


def _limits(given: argparse.Namespace) -> Limits:
    from codesearch.training.loop import Limits

    if given.max_seconds is None and given.max_steps is None:
        raise ValueError("give --max-seconds or --max-steps: the rate falls toward the end")
    return Limits(
        given.max_seconds, given.max_steps, save_every=given.save_every, log_every=given.log_every
    )


def _bf16(given: argparse.Namespace) -> bool:
    from codesearch.training.nets import gains_by_bf16

    return not given.float32 and gains_by_bf16(_device(given))


def _device(given: argparse.Namespace) -> torch.device:
    import torch

    from codesearch.training.nets import pick_device

    if given.threads:
        torch.set_num_threads(given.threads)
    torch.set_float32_matmul_precision("high")
    return pick_device(given.device)
