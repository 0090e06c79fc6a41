"""``python -m codesearch.training STAGE …``: the one entry point of training.

Stages, in their order: mine, commits, sheets, asked, pack, vocabulary, pretrain, contrastive,
filter, blend, heldout, evaluate, export, and dequantize, which undoes the last; carry and join
move files to another machine and back. ``STAGE --help`` says more, and ``README.md`` beside this
file has the whole sequence.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from codesearch.errors import CodesearchError
from codesearch.training import stages

_Add = Callable[[argparse.ArgumentParser], None]


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m codesearch.training")
    chosen = parser.add_subparsers(dest="stage", required=True, metavar="STAGE")
    for name, (add, run) in STAGES.items():
        stage = chosen.add_parser(name, help=(run.__doc__ or "").split("\n")[0])
        add(stage)
        stage.set_defaults(run=run)
    given = parser.parse_args(arguments)
    try:
        given.run(given)
    except (CodesearchError, ValueError, FileNotFoundError) as error:
        print(f"error: {error} {getattr(error, 'remedy', '') or ''}".rstrip(), file=sys.stderr)
        return 2
    return 0


def _mine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--list", type=Path, required=True, help="owner/name, language, licence")
    parser.add_argument("--heldout", type=Path, help="a list of what must stay out")
    parser.add_argument("--clones", type=Path, required=True, help="folder of git repositories")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=0, help="0: one for each core")


def _sheets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mined", type=Path, required=True, help="what the stage `mine` wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder of the sheets")
    parser.add_argument("--count", type=int, default=4500, help="chunks of code")


def _asked(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mined", type=Path, required=True, help="what the stage `mine` wrote")
    parser.add_argument("--sheets", type=Path, required=True, help="with NNN.questions.txt beside")
    parser.add_argument("--out", type=Path, required=True)


def _pack(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mined", type=Path, required=True)
    parser.add_argument("--commits", type=Path, help="what the stage `commits` wrote")
    parser.add_argument("--asked", type=Path, help="what the stage `asked` wrote")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--heldout", type=Path, help="a list of what must stay out")
    parser.add_argument(
        "--not-these", type=Path, nargs="*", action="extend", default=[], help="JSON lines"
    )
    parser.add_argument("--max-tokens", type=int, default=192)
    parser.add_argument("--weak-share", type=float, default=0.5)


def _vocabulary(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mined", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="tokenizer.json")
    parser.add_argument("--size", type=int, default=30_000)


def _run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder of packed shards")
    parser.add_argument("--out", type=Path, required=True, help="resumed if it holds a checkpoint")
    parser.add_argument("--recipe", help="a name in recipes/, or a TOML file")
    parser.add_argument("--max-seconds", type=float)
    parser.add_argument("--max-steps", type=int)
    parser.add_argument("--save-every", type=float, default=120.0, help="seconds")
    parser.add_argument("--log-every", type=int, default=20, help="steps")
    parser.add_argument(
        "--set", nargs="*", action="extend", default=[], metavar="KEY=VALUE", help="over the recipe"
    )
    _device(parser)
    _precision(parser)


def _precision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--float32",
        action="store_true",
        help="no bfloat16 matrix products (nor where they are slow)",
    )


def _device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="", help="cpu or cuda; default: cuda if there")
    parser.add_argument("--threads", type=int, default=0, help="of torch on a CPU")


def _pretrain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--start", type=Path, help="model folder; none: from scratch")
    parser.add_argument("--tokenizer", type=Path, help="to copy along, from scratch")
    _run(parser)


def _contrastive(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--start", type=Path, required=True, help="model folder")
    parser.add_argument("--candidates", type=Path, help="what the stage `filter` wrote")
    _run(parser)


def _filter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="candidates.npz")
    parser.add_argument("--commits", action="store_true", help="judge what commits told alone")
    parser.add_argument("--top", type=int, default=3, help="the code must rank so high")
    parser.add_argument("--count", type=int, default=30, help="hard negatives for each pair")
    parser.add_argument("--margin", type=float, default=0.95, help="of the answer's score")
    _device(parser)
    _precision(parser)


def _heldout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--list", type=Path, required=True, help="owner/name a line")
    parser.add_argument("--clones", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="JSON lines")
    parser.add_argument("--each", type=int, default=250, help="functions of a language at most")


def _evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--models", type=Path, nargs="*", action="extend", default=[], help="torch or weights"
    )
    parser.add_argument("--eval", type=Path, help="humaneval_x/ and cosqa/")
    parser.add_argument("--heldout", type=Path, help="what the stage `heldout` wrote")
    parser.add_argument("--no-bm25", action="store_true")
    parser.add_argument("--max-tokens", type=int, default=128, help="of torch models")
    parser.add_argument("--out", type=Path, help="the same numbers as JSON")
    _device(parser)


def _export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", type=Path, required=True, dest="folder", help="of a stage")
    parser.add_argument("--out", type=Path, required=True, help="the weights folder to write")
    parser.add_argument("--name", required=True, help="what the weights are called")
    parser.add_argument("--origin", default="", help="whose weights the first run began with")
    parser.add_argument("--license", required=True, help="of the weights (SPDX)")
    parser.add_argument("--data", type=Path, help="shards: their questions tell what is a hub")
    parser.add_argument("--eval", type=Path, help="humaneval_x/ and cosqa/, for the gate")
    parser.add_argument("--max-tokens", type=int, default=128)


def _dequantize(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weights", type=Path, help="a weights folder; none: the packaged one")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")


def _blend(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--start", type=Path, required=True, help="model folder")
    parser.add_argument("--tuned", type=Path, required=True, help="model folder, of the same kind")
    parser.add_argument("--share", type=float, default=0.7, help="of the tuned one")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")


def _carry(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, help="a model folder or a file")
    parser.add_argument("out", type=Path, help="folder of the pieces")
    parser.add_argument("--mebibytes", type=int, default=15, help="of a piece at most")


def _join(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pieces", type=Path, help="the folder that `carry` wrote")
    parser.add_argument("out", type=Path)


STAGES: dict[str, tuple[_Add, Callable[[argparse.Namespace], None]]] = {
    "mine": (_mine, stages.run_mine),
    "commits": (_mine, stages.run_commits),
    "sheets": (_sheets, stages.run_sheets),
    "asked": (_asked, stages.run_asked),
    "pack": (_pack, stages.run_pack),
    "vocabulary": (_vocabulary, stages.run_vocabulary),
    "pretrain": (_pretrain, stages.run_pretrain),
    "contrastive": (_contrastive, stages.run_contrastive),
    "filter": (_filter, stages.run_filter),
    "blend": (_blend, stages.run_blend),
    "heldout": (_heldout, stages.run_heldout),
    "evaluate": (_evaluate, stages.run_evaluate),
    "export": (_export, stages.run_export),
    "dequantize": (_dequantize, stages.run_dequantize),
    "carry": (_carry, stages.run_carry),
    "join": (_join, stages.run_join),
}

if __name__ == "__main__":
    sys.exit(main())
