"""Draw docs/search.svg: the real program, run on a terminal, as it looks.

    python docs/picture.py REPOSITORY "question" ["question" …]

Needs an indexed repository. Nothing in the picture is made up.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 104


def on_a_terminal(command: list[str], folder: str) -> str:
    """What a command prints where it believes to be on a terminal."""
    main, terminal = pty.openpty()
    environment = os.environ | {"COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    process = subprocess.Popen(
        command, cwd=folder, stdin=terminal, stdout=terminal, stderr=terminal, env=environment
    )
    os.close(terminal)
    output = b""
    while True:
        try:
            data = os.read(main, 65536)
        except OSError:  # the terminal is gone: the program ended
            break
        if not data:
            break
        output += data
    process.wait()
    os.close(main)
    return output.decode().replace("\r\n", "\n")


def main() -> None:
    """Run the searches and save the picture."""
    folder, *questions = sys.argv[1:]
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, color_system="truecolor")
        for question in questions:
            command = ["codesearch", "search", question, "-n", "3"]
            console.print(Text.from_ansi(f'\x1b[1m$ codesearch search "{question}" -n 3\x1b[0m'))
            console.print(Text.from_ansi(on_a_terminal(command, folder)))
    picture = Path(__file__).parent / "search.svg"
    console.save_svg(str(picture), title="codesearch")


main()
