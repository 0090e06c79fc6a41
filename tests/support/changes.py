"""Random changes of the files in a working tree: code, and all else that a tree can hold."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

_SOURCES = Path(__file__).parent.parent / "data" / "sources"
_CODE = ("cache.py", "store.js", "queue.go", "list.c", "cache.rs", "invoice.rb", "Account.java")
_FOLDERS = ("", "", "lib/", "lib/net/", "src/", "vendor/", "docs/", "tests/unit/", "a folder/")
_STEMS = ("cache", "queue", "store", "Liste für alle", "parse", "net", "caf\udce9")
_SCRIPTS = ("run", "deploy.run", "bin/tool", "hook.d")  # no suffix, or none that says a language
_IGNORES = tuple("lib/ *.js !lib/net/ docs /src/*.py cache.* !*.go vendor/ !vendor/".split())
_ATTRIBUTES = (
    "lib/* linguist-vendored",
    "vendor/** -linguist-vendored",
    "*.rs linguist-generated=true",
    "src linguist-generated",
    "*.md linguist-generated",
    "tests/** linguist-vendored",
)
_MAX_FILES = 30


def _pieces(name: str) -> list[str]:
    """Definitions of a file of real code, more or less."""
    text = (_SOURCES / name).read_text(encoding="utf-8")
    return [piece + "\n\n" for piece in re.split(r"\n\n+(?=\S)", text) if piece.strip()]


_POOL = {Path(name).suffix: _pieces(name) for name in _CODE}
_POOL[".md"] = [f"# {word}\n\nHow to {word} things.\n\n" for word in ("read", "write", "send")]
_POOL[""] = ["#!/bin/sh\n", *_pieces("backup.sh")]


class Changes:
    """Makes one change after another. The same dice give the same ones."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._count = 0

    def begin(self, folder: Path) -> None:
        """The first files, committed."""
        for _ in range(8):
            self._add(folder)
        _git(folder, "add", "--all")
        _git(folder, "commit", "--quiet", "-m", "begin")

    def one(self, folder: Path) -> str:
        """Change one file, or some; what was done."""
        files = self._files(folder)
        if len(files) < 4:
            does: Callable[[Path], str | None] = self._add
        elif len(files) > _MAX_FILES:
            does = self._delete
        else:
            kinds = self._kinds()
            does = self._dice.choices(list(kinds), list(kinds.values()))[0]
        return f"{does.__name__.strip('_')} {does(folder) or ''}".strip()

    def _kinds(self) -> dict[Callable[[Path], str | None], int]:
        return {
            self._add: 12,
            self._edit: 30,
            self._copy: 6,
            self._move: 6,
            self._move_and_edit: 4,
            self._move_folder: 2,
            self._delete: 6,
            self._chmod: 8,
            self._to_symlink: 3,
            self._swap_with_symlink: 2,
            self._to_folder: 2,
            self._empty: 2,
            self._binary: 3,
            self._other_encoding: 3,
            self._generated: 2,
            self._script: 7,
            self._gitlink: 2,
            self._ignore: 4,
            self._attributes: 3,
        }

    def _files(self, folder: Path) -> list[str]:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=folder, check=True, capture_output=True
        ).stdout
        names = listed.decode(errors="surrogateescape").split("\0")
        return [name for name in dict.fromkeys(names) if name and (folder / name).is_file()]

    def _pick(self, folder: Path) -> Path:
        return folder / self._dice.choice(self._files(folder) or [self._add(folder)])

    def _new_path(self, folder: Path, suffix: str) -> Path | None:
        """Where a file can be put: not in place of a folder, not below a file."""
        path = folder / (self._dice.choice(_FOLDERS) + self._dice.choice(_STEMS) + suffix)
        return path if self._make_room(folder, path) else None

    def _make_room(self, folder: Path, path: Path) -> bool:
        for above in path.parents:
            if above == folder:
                break
            if above.is_symlink() or above.is_file():
                return False
        if path.is_dir() and not path.is_symlink():
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        return True

    def _code(self, suffix: str) -> list[str]:
        pieces = _POOL.get(suffix) or _POOL[""]
        chosen = self._dice.sample(pieces, min(len(pieces), self._dice.randint(1, 4)))
        return ["#!/bin/sh\n", *chosen] if suffix == "" else chosen

    def _add(self, folder: Path) -> str:
        suffix = self._dice.choice([suffix for suffix in _POOL if suffix])
        path = self._new_path(folder, suffix)
        if path:
            _write(path, "".join(self._code(suffix)).encode())
        return path.name if path else ""

    def _edit(self, folder: Path) -> str:
        path = self._pick(folder)
        text = path.read_bytes().decode(errors="surrogateescape")
        pieces = [piece for piece in re.split(r"(?<=\n\n)(?=\S)", text) if piece]
        how = self._dice.randrange(5)
        place = self._dice.randrange(len(pieces)) if pieces else 0
        fresh = self._dice.choice(_POOL.get(path.suffix) or _POOL[""])
        if how == 0:
            pieces.insert(place, fresh)
        elif how == 1 and pieces:
            pieces[place] = fresh
        elif how == 2 and pieces:
            del pieces[place]
        elif how == 3:
            self._dice.shuffle(pieces)
        elif pieces:  # a text that was never there
            self._count += 1
            pieces[place] = re.sub(r"\b[a-z]{4,}\b", f"new{self._count}", pieces[place], count=1)
        _write(path, "".join(pieces).encode(errors="surrogateescape"))
        return path.name

    def _copy(self, folder: Path) -> str:
        path = self._pick(folder)
        target = self._new_path(folder, path.suffix)
        if target and target != path:
            _remove(target)
            shutil.copy(path, target, follow_symlinks=False)
        return f"{path.name} to {target}"

    def _move(self, folder: Path) -> str:
        path = self._pick(folder)
        target = self._new_path(folder, path.suffix)
        if target and target != path:
            _remove(target)
            path.rename(target)
        return f"{path.name} to {target}"

    def _move_and_edit(self, folder: Path) -> str:
        return self._move(folder) + self._edit(folder)

    def _move_folder(self, folder: Path) -> None:
        below = [path for path in (folder / "lib", folder / "src") if path.is_dir()]
        target = folder / f"lib{self._dice.randint(2, 3)}"
        if below and not target.exists():
            below[0].rename(target)

    def _delete(self, folder: Path) -> str:
        path = self._pick(folder)
        path.unlink(missing_ok=True)
        return path.name

    def _chmod(self, folder: Path) -> str:
        scripts = [name for name in self._files(folder) if name.endswith(_SCRIPTS)]
        path = folder / self._dice.choice(scripts) if scripts else self._pick(folder)
        if not path.is_symlink():
            path.chmod(path.stat().st_mode ^ 0o111)
        return path.name

    def _to_symlink(self, folder: Path) -> str:
        path, target = self._pick(folder), self._pick(folder)
        path.unlink()
        path.symlink_to(target.name)
        return path.name

    def _swap_with_symlink(self, folder: Path) -> None:
        """A file whose content is a path, and a link to that path, are the same blob."""
        path = folder / "pointer.md"
        if not self._make_room(folder, path):
            return
        if path.is_symlink() or not path.exists():
            _write(path, b"lib/cache.py")
        else:
            path.unlink()
            path.symlink_to("lib/cache.py")

    def _to_folder(self, folder: Path) -> str:
        """A file makes way for a folder of its name, or the other way round."""
        path = self._pick(folder)
        if self._dice.random() < 0.5 and path.parent != folder:
            path = path.parent
            shutil.rmtree(path)
            _write(path, "".join(self._code(".md")).encode())
        else:
            path.unlink()
            _write(path / "inside.py", "".join(self._code(".py")).encode())
        return path.name

    def _empty(self, folder: Path) -> None:
        _write(self._pick(folder), self._dice.choice([b"", b"\n \n"]))

    def _binary(self, folder: Path) -> None:
        path = self._pick(folder)
        data = path.read_bytes() if path.exists() else b""
        _write(path, data.replace(b"\0", b"") if b"\0" in data else b"\0" + data)

    def _other_encoding(self, folder: Path) -> None:
        path = self._pick(folder)
        text = path.read_bytes().decode(errors="replace") + "# Füße\n"
        how = self._dice.choice(["utf-16", "latin-1", "utf-8-sig"])
        _write(path, text.replace("\n", "\r\n").encode(how, errors="replace"))

    def _generated(self, folder: Path) -> None:
        path = self._pick(folder)
        _write(path, b"// Code generated by a tool. DO NOT EDIT.\n" + path.read_bytes())

    def _script(self, folder: Path) -> None:
        path = folder / self._dice.choice(_SCRIPTS)
        if self._make_room(folder, path):
            _write(path, "".join(self._code("")).encode())
            path.chmod(self._dice.choice([0o644, 0o755]))

    def _gitlink(self, folder: Path) -> None:
        """A submodule, as far as the tree goes: a commit of somewhere else, and a folder."""
        path = folder / "vendored"
        if not path.exists():
            path.mkdir()
            commit = f"{self._dice.getrandbits(160):040x}"
            _git(folder, "update-index", "--add", "--cacheinfo", f"160000,{commit},vendored")
        elif path.is_dir():
            _git(folder, "rm", "-rq", "--cached", "vendored")
            shutil.rmtree(path)

    def _ignore(self, folder: Path) -> None:
        self._rules(folder, ".codesearchignore", _IGNORES)

    def _attributes(self, folder: Path) -> None:
        self._rules(folder, ".gitattributes", _ATTRIBUTES)

    def _rules(self, folder: Path, name: str, lines: tuple[str, ...]) -> None:
        path = folder / self._dice.choice(["", "", "lib/", "src/"]) / name
        if path.is_dir():
            return
        if path.exists() and self._dice.random() < 0.4:
            path.unlink()
        elif self._make_room(folder, path):
            chosen = self._dice.sample(lines, self._dice.randint(1, 3))
            _write(path, "\n".join(chosen).encode() + b"\n")


def _write(path: Path, data: bytes) -> None:
    if path.is_symlink():
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _git(folder: Path, *arguments: str) -> None:
    names = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    subprocess.run(["git", *names, *arguments], cwd=folder, check=True, capture_output=True)
