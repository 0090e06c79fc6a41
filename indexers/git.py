"""How git is run: a repository may be hostile, and is only ever read.

Plain ``subprocess`` instead of GitPython: importing GitPython costs 60-120 ms (``subprocess``
12 ms), on a query path that asks git for nothing but HEAD and a count, and of all it offers we
would use its runner of commands alone.

What protects the reader of an untrusted repository:

* every command is plumbing that checks nothing out, and ``-c`` values outrank the repository's own
  configuration for the keys that name programs (hooks, fsmonitor, external protocols);
* no transport is allowed at all, so that a missing object is an error, never a network access
  (``indexers/fetch.py`` is the exception, on demand);
* replace refs and grafts are off: an object id means the content it names;
* variables such as ``GIT_DIR``, which a hook would inherit, are dropped.

The user's own global and system configuration stays in force. It is theirs, plumbing hardly looks
at it, and it holds ``safe.directory``: git's remedy for a repository owned by somebody else.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from indexers.errors import RepositoryError

# Of the caller's GIT_* variables only these stay: where git lives, where its configuration and
# the search for a repository end.
_KEPT = re.compile(
    r"GIT_(EXEC_PATH|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM"
    r"|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+))"
)
_SET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",  # git 2.39.4 and later; the next line covers the older ones
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "LC_ALL": "C",  # error messages are recognised by their English words
    "LANGUAGE": "C",
}
FSCK = "look for damage with `git fsck`, then fetch or clone again"  # the remedy of what is damaged
FLAGS = (
    "--no-pager",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "protocol.allow=never"),
    *("-c", "protocol.ext.allow=never"),
    *("-c", "submodule.recurse=false"),
    # Of a name's meanings the first counts (a tag, not a branch) and is told, here as everywhere.
    *("-c", "core.warnAmbiguousRefs=false"),
)


def environment(overrides: Sequence[tuple[str, str]] = ()) -> dict[str, str]:
    """The environment for git; ``overrides`` are configuration keys and values that win.

    Unlike ``-c``, this way of overriding can name any key, one that holds ``=`` too.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or _KEPT.fullmatch(k)}
    env = kept | _SET
    given = env.get("GIT_CONFIG_COUNT", "")
    count = int(given) if given.isdigit() else 0
    for number, (key, value) in enumerate(overrides, start=count):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return env | {"GIT_CONFIG_COUNT": str(count + len(overrides))}


def run(
    arguments: Sequence[str],
    *,
    cwd: Path | None = None,
    overrides: Sequence[tuple[str, str]] = (),
    given: bytes = b"",
) -> subprocess.CompletedProcess[bytes]:
    """Run git to its end and return its exit code and output, whatever they are.

    ``given`` is its standard input. Raises ``RepositoryError`` if there is no git to run.
    """
    with git_must_exist():
        return subprocess.run(
            ["git", *FLAGS, *arguments],
            cwd=cwd,
            env=environment(overrides),
            input=given,
            capture_output=True,
            check=False,
        )


@contextmanager
def lines(arguments: Sequence[str]) -> Iterator[IO[bytes]]:
    """The lines of git's output as they come; it is ended with the block, if not by itself.

    They end where git ends: who must know that this was for want of an object asks with ``run``.
    """
    with git_must_exist():
        process = subprocess.Popen(
            ["git", *FLAGS, *arguments],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def as_text(name: bytes) -> str:
    """A name of git's, to show, to store and to compare: bytes not of UTF-8 as ``\\xNN``."""
    return name.decode(errors="backslashreplace")


def last_words(stderr: bytes) -> str:
    """The line of git's complaint that says most: the last ``fatal:`` or ``error:``."""
    lines = [line.strip() for line in stderr.decode(errors="replace").splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (told or lines or ["git said nothing"])[-1]


class BlobReader:
    """One ``git cat-file --batch``, started on the first read and kept for the next ones.

    Safe for use from several threads; they wait for one another.
    """

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None

    def read(self, blob: str) -> bytes | None:
        """Content of the object ``blob``; None if git has no such object.

        Raises ``RepositoryError`` with git's words if the process dies, as it does on an object
        that is corrupt; the next call starts another.
        """
        with self._lock:
            process = self._running()
            assert process.stdin is not None and process.stdout is not None
            try:
                process.stdin.write(blob.encode("ascii") + b"\n")
                process.stdin.flush()
                header = process.stdout.readline()
                if header.endswith(b" missing\n"):
                    return None
                size = int(header.split()[2])
                data = process.stdout.read(size + 1)
            except (OSError, ValueError, IndexError):
                raise self._died() from None
            except BaseException:  # interrupted: the rest of this answer would be the next one's
                self._stop()
                raise
            if len(data) != size + 1:
                raise self._died()
            return data[:-1]

    def close(self) -> None:
        """End the process, if one runs."""
        with self._lock:
            self._stop()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._stop()
        # A file, not a pipe: nobody empties a pipe while we wait for stdout.
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  closed by _stop
        with git_must_exist():
            self._process = subprocess.Popen(
                ["git", *FLAGS, f"--git-dir={self._git_dir}", "cat-file", "--batch"],
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
            )
        return self._process

    def _died(self) -> RepositoryError:
        assert self._stderr is not None
        if self._process is not None:
            self._process.kill()  # after a half-read answer nothing it says can be trusted
            self._process.wait()
        self._stderr.seek(0)
        words = last_words(self._stderr.read())
        self._stop()
        return RepositoryError(f"git cat-file ended while reading: {words}")

    def _stop(self) -> None:
        if self._process is not None:
            # Closing stdin is no sign to end where a forked worker holds a copy of the pipe.
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):  # an unsent request to a process that is gone
                        pipe.close()
        if self._stderr is not None:
            self._stderr.close()
        self._process = self._stderr = None


@contextmanager
def git_must_exist() -> Iterator[None]:
    """Turn the failure to start git into a ``RepositoryError`` with its remedy."""
    try:
        yield
    except FileNotFoundError as error:
        if error.filename != "git":
            raise
        raise RepositoryError(
            "git is not installed, or not on the PATH", "install git 2.31 or later"
        ) from None
