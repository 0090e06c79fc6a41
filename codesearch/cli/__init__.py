"""The command line: parse, call ``Index``, render; nothing else.

A module a group of commands, imported when one of its commands is asked for.
Exit codes: 0 found (or done), 1 nothing found, 2 error, 130 interrupted, 141 closed pipe.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from codesearch import __version__
from codesearch.cli.common import CLOSED_PIPE, ERROR, FOUND, INTERRUPTED
from codesearch.errors import CodesearchError

_COMMANDS = {  # in the order of the help; the name of the function where it differs
    "index": ("indexing", "index"),
    "search": ("searching", "search"),
    "tui": ("interface", "tui"),
    "sync": ("syncing", "sync"),
    "hooks": ("hooking", "hooks"),
    "status": ("managing", "status"),
    "stats": ("upkeep", "stats"),
    "verify": ("upkeep", "verify"),
    "gc": ("upkeep", "gc"),
    "list": ("managing", "list_"),
    "remove": ("managing", "remove"),
}


class Commands(click.Group):
    """The commands, each imported when it is asked for."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Parse; ``--help`` and ``--version`` print here."""
        with _while_somebody_reads():
            return super().make_context(*arguments, **options)

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        with _while_somebody_reads():
            return super().invoke(context)

    def list_commands(self, _: click.Context) -> list[str]:
        """The names of all commands."""
        return list(_COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        """The command of that name; None if there is none."""
        if name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[name]
        command: click.Command = getattr(import_module(f"codesearch.cli.{module}"), attribute)
        return command


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="codesearch")
@click.pass_context
def app(context: click.Context) -> None:
    """Semantic code search for git repositories: ask in plain words, get functions.

    Without a command, on a terminal: search as you type.
    """
    if context.invoked_subcommand is not None:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print(context.get_help())
        return
    from codesearch.cli.interface import open_interface  # noqa: PLC0415

    open_interface()


def main() -> None:
    """Entry point: run the app, turn errors into one line with a remedy and exit code 2."""
    if isinstance(sys.stdout, TextIOWrapper):  # a name may have what cannot be encoded
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        _must_be_somewhere()
        sys.exit(app(standalone_mode=False) or FOUND)
    except CodesearchError as error:
        _complain(error)
    except click.ClickException as error:  # unknown option, missing argument
        error.show()
        sys.exit(ERROR)
    except (click.Abort, KeyboardInterrupt):  # Ctrl-C, which click turns into Abort
        sys.exit(INTERRUPTED)


def _must_be_somewhere() -> None:
    try:
        Path.cwd()
    except FileNotFoundError:  # git refuses to run, wherever the repository is
        raise CodesearchError("The folder you are in was deleted", "cd to another one") from None


@contextmanager
def _while_somebody_reads() -> Iterator[None]:
    """Where nobody does any more, as in `codesearch search … | head`: end quietly, as git does.

    Not with 0: what was to be done (`sync --log-format json`) may not be. Left to click, which
    wraps this, it would be a plain 1: nothing found.
    """
    try:
        try:
            yield
        finally:
            print(end="", flush=True)  # at exit it would be too late
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in (1, 2):
            os.dup2(nowhere, descriptor)
        raise click.exceptions.Exit(CLOSED_PIPE) from None


def _complain(error: CodesearchError) -> None:
    print(f"codesearch: {error}", file=sys.stderr)
    if error.remedy:
        print(f"  → {error.remedy}", file=sys.stderr)
    sys.exit(ERROR)
