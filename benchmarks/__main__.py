"""The program's command line: parse, run, write the result, print a table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from platformdirs import user_cache_path

from benchmarks import (
    comparing,
    costs,
    functions,
    incremental,
    plot,
    processes,
    quality,
    report,
    results,
    speed,
    vectors,
)
from benchmarks.errors import BenchmarkError
from benchmarks.failures import Failures
from benchmarks.results import Result
from benchmarks.systems import MODULES, Options, make_systems, ours
from codesearch import CodesearchError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exit code 0, or 2 with a message where it could not begin."""
    parsed = _parser().parse_args(arguments)
    try:
        with processes.as_shipped():
            parsed.run(parsed)
    except CodesearchError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        if error.remedy:
            print(f"  → {error.remedy}", file=sys.stderr)
        return 2
    return 0


def _quality(parsed: argparse.Namespace) -> None:
    names = parsed.systems or ([] if parsed.ablate else MODULES)
    if parsed.ablate:  # what lacks a rule is compared with what has them all
        names = dict.fromkeys((*names, "codesearch", *ours.ablations()))
    old = results.read(parsed.compare) if parsed.compare else None
    systems, left_out = make_systems(names, _options(parsed))
    for name, reason in left_out.items():
        print(f"left out: {name}: {reason}", file=sys.stderr)
    board = quality.Board(parsed.repos, parsed.data, parsed.only, parsed.clone)
    failures = _failures(parsed, [system.name for system in systems])
    result = quality.run_quality(board, systems, left_out, failures)
    _finish(result, parsed.out, report.quality_tables)
    if old:
        print(comparing.table(old, result))
    if failures:
        failures.write(parsed.failures)


def _failures(parsed: argparse.Namespace, names: Sequence[str]) -> Failures | None:
    if not parsed.failures:
        return None
    if parsed.failures_of not in names:
        known = f"--failures-of {' | '.join(names)}"
        raise BenchmarkError(f"No system {parsed.failures_of!r} is asked", known)
    return Failures(parsed.failures_of)


def _functions(parsed: argparse.Namespace) -> None:
    sets = functions.Sets(cosqa=parsed.cosqa, humaneval=parsed.humaneval)
    result = functions.run_functions(sets, _options(parsed), ablate=parsed.ablate)
    _finish(result, parsed.out, report.functions_table)


def _vectors(parsed: argparse.Namespace) -> None:
    sets = functions.Sets(cosqa=parsed.cosqa, humaneval=parsed.humaneval)
    result = vectors.run_vectors(sets, parsed.model)
    _finish(result, parsed.out, report.vectors_table)


def _encoder(parsed: argparse.Namespace) -> None:
    from benchmarks import encoder  # noqa: PLC0415  (the other commands do without it)

    result = encoder.run_encoder(parsed.models, parsed.eval, parsed.heldout)
    _finish(result, parsed.out, report.encoder_table)


def _speed(parsed: argparse.Namespace) -> None:
    result = speed.run_speed(parsed.repos, parsed.data, parsed.only, clone=parsed.clone)
    _finish(result, parsed.out, costs.speed_table)


def _incremental(parsed: argparse.Namespace) -> None:
    cache = parsed.cache.expanduser().absolute()
    plan = incremental.Plan(parsed.repos, cache, parsed.commits, parsed.reuse, parsed.clone)
    result = incremental.run_incremental(plan, parsed.only)
    _finish(result, parsed.out, costs.incremental_table)


def _tui(parsed: argparse.Namespace) -> None:
    from benchmarks import tui  # noqa: PLC0415  (the other commands do without it)

    result = tui.run_tui(parsed.repo, parsed.index_dir, questions=parsed.questions)
    _finish(result, parsed.out, costs.tui_table)


def _compare(parsed: argparse.Namespace) -> None:
    print(comparing.table(results.read(parsed.old), results.read(parsed.new)))


def _report(parsed: argparse.Namespace) -> None:
    print(report.whole(parsed.results))
    if parsed.plot:
        plot.draw(results.board(parsed.results), parsed.plot)


def _finish(result: Result, out: Path | None, tables: Callable[[Result], str]) -> None:
    """Write first: what took an hour is kept, whatever becomes of its tables."""
    path = out or results.default_path(result)
    results.write(result, path)
    print(f"written to {path}", file=sys.stderr)
    print(tables(result))


def _options(parsed: argparse.Namespace) -> Options:
    return Options(
        cache=parsed.cache.expanduser().absolute(),
        model=parsed.model,
        minilm=parsed.minilm,
        semble_model=parsed.semble_model,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_quality(commands.add_parser("quality", help="NDCG@10 on pinned repositories"))
    _add_functions(commands.add_parser("functions", help="MRR on sets of single functions"))
    _add_encoder(commands.add_parser("encoder", help="MRR of encoders alone, and of BM25"))
    _add_vectors(commands.add_parser("vectors", help="MRR of smaller vectors"))
    _add_speed(commands.add_parser("speed", help="times, memory and sizes"))
    _add_incremental(commands.add_parser("incremental", help="what a commit costs, over many"))

    _add_tui(commands.add_parser("tui", help="keys and answers of the terminal interface"))
    comparison = commands.add_parser("compare", help="two results, paired by question")
    comparison.add_argument("old", type=Path)
    comparison.add_argument("new", type=Path)
    comparison.set_defaults(run=_compare)
    tables = commands.add_parser("report", help="tables of the results that hold, as Markdown")
    tables.add_argument("--results", type=Path, default=results.FOLDER, help="folder of results")
    tables.add_argument("--plot", type=Path, help="draw the systems' NDCG@10 to this .svg or .png")
    tables.set_defaults(run=_report)
    return parser


def _add_quality(parser: argparse.ArgumentParser) -> None:
    _add_repositories(parser)
    _add_options(parser)
    parser.add_argument("--data", type=Path, required=True, help="repos.json and annotations/")
    parser.add_argument("--systems", type=_names, default=[], help=f"of {', '.join(MODULES)}")
    parser.add_argument("--ablate", action="store_true", help="our ranking less a rule, each")
    parser.add_argument("--compare", type=Path, help="an older result, to print the differences")
    parser.add_argument("--failures", type=Path, help="write what stood above the targets here")
    parser.add_argument("--failures-of", default="codesearch", help="… in this system's answers")
    parser.set_defaults(run=_quality)


def _add_functions(parser: argparse.ArgumentParser) -> None:
    _add_options(parser)
    _add_sets(parser)
    parser.add_argument("--ablate", action="store_true", help="our ranking less a rule, each")
    parser.set_defaults(run=_functions)


def _add_encoder(parser: argparse.ArgumentParser) -> None:
    more = "weights folders to stand beside ours"
    parser.add_argument("--models", type=Path, nargs="*", action="extend", default=[], help=more)
    parser.add_argument("--eval", type=Path, help="folder of cosqa/ and humaneval_x/")
    parser.add_argument("--heldout", type=Path, help="docstring → function, as training wrote it")
    parser.add_argument("--out", type=Path, help="the result; by default in benchmarks/results")
    parser.set_defaults(run=_encoder)


def _add_vectors(parser: argparse.ArgumentParser) -> None:
    _add_sets(parser)
    parser.add_argument("--model", type=Path, help="our encoder; by default the packaged one")
    parser.add_argument("--out", type=Path, help="the result; by default in benchmarks/results")
    parser.set_defaults(run=_vectors)


def _add_sets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cosqa", type=Path, help="folder of CoSQA: corpus.jsonl, queries.jsonl")
    parser.add_argument("--humaneval", type=Path, help="folder of HumanEval-X, the same files")


def _add_speed(parser: argparse.ArgumentParser) -> None:
    _add_repositories(parser)
    parser.add_argument("--data", type=Path, required=True, help="annotations/: real questions")
    parser.add_argument("--out", type=Path, help="the result; by default in benchmarks/results")
    parser.set_defaults(run=_speed)


def _add_incremental(parser: argparse.ArgumentParser) -> None:
    _add_repositories(parser)
    cache = user_cache_path("codesearch-benchmarks")
    parser.add_argument("--cache", type=Path, default=cache, help="where vectors stay")
    parser.add_argument("--commits", type=int, default=200, help="how many (default 200)")
    parser.add_argument(
        "--reuse", action="store_true", help="vectors of an earlier run, timed then"
    )
    parser.add_argument("--out", type=Path, help="the result; by default in benchmarks/results")
    parser.set_defaults(run=_incremental)


def _add_tui(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repo", type=Path, required=True, help="a git repository, a large one")
    index = user_cache_path("codesearch-benchmarks") / "tui"
    parser.add_argument("--index-dir", type=Path, default=index, help="its index; built if new")
    parser.add_argument("--questions", type=int, default=1000, help="asked to watch the memory")
    parser.add_argument("--out", type=Path, help="the result; by default in benchmarks/results")
    parser.set_defaults(run=_tui)


def _add_repositories(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repos", type=Path, required=True, help="folder of git mirrors")
    parser.add_argument("--only", type=_names, default=[], help="names of repositories, a,b,…")
    parser.add_argument("--clone", action="store_true", help="clone what the folder lacks")


def _add_options(parser: argparse.ArgumentParser) -> None:
    cache = user_cache_path("codesearch-benchmarks")
    parser.add_argument("--cache", type=Path, default=cache, help="where built indexes stay")
    parser.add_argument("--model", type=Path, help="our encoder; by default the packaged one")
    parser.add_argument("--minilm", type=Path, help="all-MiniLM-L6-v2 as an encoder folder")
    parser.add_argument("--semble-model", default="", help="Model2Vec folder for semble")
    parser.add_argument("--out", type=Path, help="the result; by default in benchmarks/results")


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


if __name__ == "__main__":
    sys.exit(main())
