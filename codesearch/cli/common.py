"""What the commands share, and costs nothing: exit codes, options."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

FOUND, NOTHING_FOUND, ERROR, INTERRUPTED = 0, 1, 2, 130
CLOSED_PIPE = 141  # what a shell says of a program that SIGPIPE ended

_path = functools.partial(click.option, type=click.Path(path_type=Path))
repository_argument = click.argument("path", type=click.Path(path_type=Path), default=".")
index_dir_option = _path(
    "--index-dir", help="Folder of this index. [default: one under CODESEARCH_HOME]"
)
model_option = _path("--model", help="Encoder folder. [default: the one in the package]")


def _to_environment(_: click.Context, option: click.Parameter, value: str | None) -> None:
    # As an environment variable it reaches whatever the command starts, as well.
    if value is not None:
        os.environ[f"CODESEARCH_{(option.name or '').upper()}"] = value


_setting = functools.partial(click.option, expose_value=False, callback=_to_environment)
url_option = _setting("--url", help="A Qdrant server that keeps the index (docs/server.md).")
device_option = _setting("--device", help="cpu, cuda, or auto: the GPU if there is one.")
flag = functools.partial(click.option, is_flag=True)
repeatable = functools.partial(click.option, multiple=True)


def counts(numbers: Mapping[Any, int]) -> str:
    """``python 3, go 1,024``."""
    return ", ".join(f"{name} {number:,}" for name, number in numbers.items())
