"""How each editor is told to open a file at a line."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PLUS_LINE = (
    "vi vim nvim gvim mvim view emacs emacsclient nano pico micro joe jed ne mg kak kate gedit"
)
_COLON = "hx helix subl sublime_text zed"
_GOTO = "code code-insiders codium vscodium cursor windsurf"
_DASH_LINE = "idea pycharm goland clion rubymine phpstorm webstorm rider rustrover studio"
# These open a window of their own: the terminal stays ours.
_WINDOWED = set(f"{_GOTO} {_DASH_LINE} subl sublime_text zed gvim mvim kate gedit".split())
_FALLBACKS = ("nvim", "vim", "vi", "nano", "emacs")


@dataclass(frozen=True, slots=True)
class Editor:
    """An editor as ``$VISUAL`` or ``$EDITOR`` name it."""

    words: tuple[str, ...]  # program and arguments of the user's own

    @classmethod
    def find(cls, environment: Mapping[str, str] | None = None) -> Editor | None:
        """The user's editor, else one that is installed; None if there is none."""
        environment = os.environ if environment is None else environment
        for name in ("VISUAL", "EDITOR"):
            words = _split(environment.get(name, ""))
            if words:
                return cls(tuple(words))
        for program in _FALLBACKS:
            if shutil.which(program, path=environment.get("PATH")):
                return cls((program,))
        return None

    @property
    def name(self) -> str:
        """The program's name without folder and ``.exe`` or ``.sh``: how it is recognised."""
        name = Path(self.words[0]).name.lower()
        return name.removesuffix(".exe").removesuffix(".sh").removesuffix(".cmd")

    @property
    def has_window(self) -> bool:
        """Whether it opens a window of its own and leaves us the terminal."""
        if self.name == "emacsclient":
            return not {"-t", "-nw", "--tty"} & set(self.words)
        return self.name in _WINDOWED

    def command(self, path: Path, line: int) -> list[str]:
        """What to run; an editor that we do not know gets the file alone."""
        return [*self.words, *_place(self.name, path, line)]


def _place(name: str, path: Path, line: int) -> Sequence[str]:
    if name in _GOTO.split():
        return ["--goto", f"{path}:{line}"]
    if name in _DASH_LINE.split():
        return ["--line", str(line), str(path)]
    if name in _COLON.split():
        return [f"{path}:{line}"]
    if name in _PLUS_LINE.split():
        return [f"+{line}", str(path)]
    return [str(path)]


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # an open quote: the shell would not run it either
        return text.split()
