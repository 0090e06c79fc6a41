"""``codesearch tui``: hand over to the terminal interface, as git hands over to ``git-foo``."""

from __future__ import annotations

import runpy
import sys

import click


@click.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PATH] [QUERY]...")
def tui(arguments: tuple[str, ...]) -> None:
    """Search as you type, in the terminal: what plain `codesearch` starts. See `tui --help`."""
    open_interface(arguments)


def open_interface(arguments: tuple[str, ...] = ()) -> None:
    """Run the interface in this process: a second interpreter would cost a tenth of a second."""
    sys.argv = ["codesearch tui", *arguments]
    runpy.run_module("tui", run_name="__main__")
