"""``python -m tui``: the terminal interface. ``codesearch tui`` hands over to this."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from codesearch import CodesearchError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it. Exit code 0, or 2 where it could not begin."""
    options = parser()
    parsed = options.parse_args(arguments)
    path: Path | None = Path(parsed.path)
    words = parsed.query
    if parsed.all_repos:
        if parsed.at or parsed.index_dir:
            options.error("--at and --index-dir are for one repository")
        path, words = None, [parsed.path, *words]  # no path, then: words of the question
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("codesearch: this is not a terminal", file=sys.stderr)
        print("  → In scripts use: codesearch search QUERY", file=sys.stderr)
        return 2
    from tui.app import make_app  # noqa: PLC0415  (--help need not wait for it)

    try:
        app = make_app(
            path,
            at=parsed.at,
            index_dir=parsed.index_dir,
            url=parsed.url,
            question=" ".join(words).strip(),
        )
    except CodesearchError as error:
        print(f"codesearch: {error}", file=sys.stderr)
        if error.remedy:
            print(f"  → {error.remedy}", file=sys.stderr)
        return 2
    app.run()
    return app.return_code or 0


def parser() -> argparse.ArgumentParser:
    """The options; also for ``codesearch tui``."""
    made = argparse.ArgumentParser(prog="codesearch tui", description="Search as you type.")
    made.add_argument("path", nargs="?", default="", help="any folder of a git repository")
    made.add_argument("query", nargs="*", help="what to begin with")
    made.add_argument("--at", metavar="REF", help="search this branch, tag or commit, not HEAD")
    made.add_argument(
        "--all-repos", action="store_true", help="all repositories that are indexed, together"
    )
    made.add_argument("--index-dir", type=Path, help="folder of this one index")
    made.add_argument("--url", help="of a Qdrant server that keeps the index")
    return made


if __name__ == "__main__":
    sys.exit(main())
