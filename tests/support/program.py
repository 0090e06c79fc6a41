"""The real program, as a user starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "codesearch"]


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it in ``cwd`` without a terminal, and return what it said."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=os.environ | {"COLUMNS": "100"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
