"""Putting our line into git's hooks, beside what the user has there; and taking it out again.

A hook that is a shell script gets the line after its first one (the last may never be reached).
Anything else (another language, a symbolic link, a file that git does not run) is moved into
``codesearch-kept`` under its own name, and a script of ours calls it. Both ways back are exact.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from codesearch.errors import CodesearchError
from indexers import git
from indexers.repository import Repository

HOOKS = ("post-commit", "post-merge", "post-checkout", "post-rewrite")
_KEPT = "codesearch-kept"  # folder, beside the hooks, of those that ours call
_USERS = "codesearch-users"  # file, beside hooks that several repositories share: who needs them
_STATE = "codesearch"  # folder in the git directory: the starter, and who waits
_REMEMBERED = re.compile(r"CODESEARCH_(?!API_KEY$).+|XDG_(DATA|CONFIG)_HOME")  # no secrets
_SHELL = re.compile(rb"#![ \t]*(/usr/bin/env[ \t]+)?(/\S+/)?(ba|da|k|z)?sh([ \t][^\r\n]*)?\n")
_BLOCK = re.compile(rb"# >>> codesearch hooks.*?# <<< codesearch hooks\n", re.DOTALL)
_PATHS = re.compile(r"CODESEARCH_(HOME|MODEL|CONFIG|SERVER_CA)|XDG_.+")  # of those remembered
_PYTHON = "python="  # how the starter's line begins that says what it runs
_INDEX_DIR = "index_dir="  # and the one with the folder of the index; of the usual one nothing
_OWN_FILE = b"#!/bin/sh\n"
_LINES = """\
# >>> codesearch hooks: starts a sync in the background (codesearch hooks uninstall: away with it)
sh "$(git rev-parse --git-common-dir)/codesearch/hook" {name} "$@" </dev/null >/dev/null 2>&1 || :
# <<< codesearch hooks
"""
_CALL_KEPT = """\
# The hook that was here before:
if [ -x "${{0%/*}}/{kept}/{name}" ]; then exec "${{0%/*}}/{kept}/{name}" "$@"; fi
"""


@dataclass(frozen=True, slots=True)
class Installation:
    """What is installed for a repository."""

    folder: Path  # where git looks for its hooks
    hooks: tuple[str, ...]  # those with our line; nothing happens unless ``is_active``
    kept: tuple[str, ...]  # those of them that do something of the user's too
    is_active: bool  # whether the starter is there: hooks may be shared by several repositories
    is_shared: bool  # whether the folder lies outside the repository
    python: Path | None  # what the starter runs; where it is gone, codesearch on the PATH
    index_dir: Path | None  # that is brought up to date; None: where ``Index.open`` finds it


def install(repository: Repository, index_dir: Path | None = None) -> Installation:
    """Let git's hooks start a sync in the background. Doing it again brings it up to date.

    Args:
        repository: the hooks are for all of its worktrees.
        index_dir: folder of the index; by default where ``Index.open`` finds it.

    Raises:
        CodesearchError: no worktree to commit in, hooks are switched off, or not writable.
    """
    folder = _folder(repository)
    _must_be_useful(repository, folder)
    with _writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in HOOKS:
            _take_out(folder / name)
            _put_in(folder / name)
        state = repository.common_dir / _STATE
        state.mkdir(exist_ok=True)
        _write(state / "hook", _starter(index_dir), 0o700)
        _note_user(repository, folder, uses=True)
    return status(repository)


def uninstall(repository: Repository) -> Installation:
    """Take out what ``install`` put in; hooks are as they were before.

    In a folder that several repositories share the lines stay while another one needs them.
    """
    shutil.rmtree(repository.common_dir / _STATE, ignore_errors=True)
    # Also where git looked before, if core.hooksPath was set or unset since.
    folders = dict.fromkeys([repository.common_dir / "hooks", _folder(repository)])
    for folder in filter(Path.is_dir, folders):
        with _writable(folder):
            if not _note_user(repository, folder, uses=False):
                for name in HOOKS:
                    _take_out(folder / name)
    return status(repository)


def status(repository: Repository) -> Installation:
    """What is installed, by what lies there."""
    folder = _folder(repository)
    ours = tuple(name for name in HOOKS if _has_lines(folder / name))
    return Installation(
        folder,
        ours,
        tuple(name for name in ours if _rest(folder / name) != _OWN_FILE),
        is_active(repository.common_dir),
        _is_shared(repository, folder),
        _told(repository, _PYTHON),
        _told(repository, _INDEX_DIR),
    )


def is_active(common_dir: Path) -> bool:
    """Whether hooks start anything in the repository with this git directory."""
    return (common_dir / _STATE / "hook").exists()


def _folder(repository: Repository) -> Path:
    """Where git looks for the hooks of this worktree: ``core.hooksPath``, or the usual place."""
    query = ["config", "-z", "--show-scope", "--type=path", "--get-all", "core.hooksPath"]
    done = git.run([f"--git-dir={repository.git_dir}", *query])
    fields = done.stdout.decode(errors="surrogateescape").split("\0")[:-1]
    pairs = zip(fields[::2], fields[1::2], strict=True)
    told = [path for scope, path in pairs if scope != "command"]  # that one is ours: see git.py
    if not told:
        return repository.common_dir / "hooks"
    return (repository.root or repository.git_dir) / told[-1]


def _must_be_useful(repository: Repository, folder: Path) -> None:
    if os.path.lexists(folder) and not folder.is_dir():
        raise CodesearchError(
            f"git's hooks are switched off here (core.hooksPath is {folder})",
            "git config --unset core.hooksPath, or sync by other means: see docs/nightly.md",
        )
    done = git.run([f"--git-dir={repository.git_dir}", "rev-parse", "--is-bare-repository"])
    is_bare = repository.root is None and done.stdout.strip() == b"true"
    if is_bare and not any((repository.common_dir / "worktrees").glob("*")):
        raise CodesearchError(
            f"Nobody commits in a bare repository: {repository.common_dir} has no use for hooks",
            "sync it by a timer: see docs/nightly.md",
        )


def _put_in(hook: Path) -> None:
    lines = _LINES.format(name=hook.name).encode()
    if not os.path.lexists(hook):
        _write(hook, _OWN_FILE + lines, 0o755)
        return
    content = b"" if hook.is_symlink() else hook.read_bytes()
    first = _SHELL.match(content)
    if first and content != _OWN_FILE and os.access(hook, os.X_OK):
        end = first.end()
        _write(hook, content[:end] + lines + content[end:], hook.stat().st_mode)
        return
    _move(hook, hook.parent / _KEPT / hook.name)
    _write(hook, _OWN_FILE + lines + _call_of_kept(hook), 0o755)


def _take_out(hook: Path) -> None:
    if not _has_lines(hook):
        return
    rest = _rest(hook)
    kept = hook.parent / _KEPT / hook.name
    if rest == _OWN_FILE:
        hook.unlink()
    elif rest == _OWN_FILE + _call_of_kept(hook) and os.path.lexists(kept):
        hook.unlink()
        _move(kept, hook)
        with suppress(OSError):  # others are in it
            kept.parent.rmdir()
    else:
        _write(hook, rest, hook.stat().st_mode)


def _has_lines(hook: Path) -> bool:
    return hook.is_file() and not hook.is_symlink() and _BLOCK.search(hook.read_bytes()) is not None


def _rest(hook: Path) -> bytes:
    return _BLOCK.sub(b"", hook.read_bytes(), count=1)


def _call_of_kept(hook: Path) -> bytes:
    return _CALL_KEPT.format(kept=_KEPT, name=hook.name).encode()


def _move(source: Path, target: Path) -> None:
    """Move a file into a folder beside it or out of one; a relative link still leads there."""
    if os.path.lexists(target):
        raise CodesearchError(f"{target} is in the way of {source}", "look at both, delete one")
    target.parent.mkdir(exist_ok=True)
    if source.is_symlink() and not (link := source.readlink()).is_absolute():
        text = str(link)
        target.symlink_to(f"../{text}" if target.parent.name == _KEPT else text[len("../") :])
        source.unlink()
    else:
        source.rename(target)


def _write(path: Path, content: bytes, mode: int) -> None:
    # git may be about to run it: there is always a whole file.
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.chmod(stat.S_IMODE(mode))
    temporary.replace(path)


def _starter(index_dir: Path | None) -> bytes:
    """The script that all hooks call, with what it must know of this installation."""
    known = ["#!/bin/sh", "# Written by `codesearch hooks install`."]
    for name, value in sorted(os.environ.items()):
        if value and _REMEMBERED.fullmatch(name) and name.isidentifier():
            value = _from_anywhere(value) if _PATHS.fullmatch(name) else value
            known.append(f'[ -n "${name}" ] || {name}={shlex.quote(value)}; export {name}')
    known.append(f"user={os.getuid()}")
    known.append(f"{_PYTHON}{shlex.quote(sys.executable)}")
    known.append(f"{_INDEX_DIR}{shlex.quote(_from_anywhere(index_dir) if index_dir else '')}")
    script = resources.files("codesearch.hooks").joinpath("starter.sh").read_text(encoding="utf-8")
    return ("\n".join(known) + "\n" + script).encode()


def _from_anywhere(path: str | Path) -> str:
    """A path as it is seen from here: git calls hooks in folders of its own choice."""
    return str(Path(path).expanduser().absolute())


def _told(repository: Repository, begin: str) -> Path | None:
    """The path that the starter's line says which begins so; None if it says none."""
    try:
        lines = (repository.common_dir / _STATE / "hook").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    told = (line.removeprefix(begin) for line in lines if line.startswith(begin))
    return next((Path(*parts) for text in told if any(parts := shlex.split(text))), None)


def _is_shared(repository: Repository, folder: Path) -> bool:
    inside = filter(None, (repository.common_dir, repository.root))
    return not any(folder.resolve().is_relative_to(place.resolve()) for place in inside)


def _note_user(repository: Repository, folder: Path, *, uses: bool) -> bool:
    """Note who needs the hooks of a shared folder; whether another repository does."""
    if not _is_shared(repository, folder):
        return False
    file = folder / _USERS
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    own = str(repository.common_dir)
    others = [line for line in lines if line != own and is_active(Path(line))]
    users = [*others, own] if uses else others
    if users:
        _write(file, "".join(f"{user}\n" for user in users).encode(), 0o644)
    else:
        file.unlink(missing_ok=True)
    return bool(others)


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        told = f"Cannot change the hooks in {folder}: {error.strerror or error}"
        raise CodesearchError(told, "look at its owner and permissions") from error
