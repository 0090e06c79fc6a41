"""``git fetch``, on demand: the one place where a git that we start may use a network.

It runs unattended, so it never prompts and ends in time; and the repository may be hostile, so its
own configuration may name remotes, but no program. Where git asks the configuration for a program,
the answer is the user's (global and system configuration, environment) or git's default:

* ``ssh`` by ``GIT_SSH_COMMAND``, which outranks ``core.sshCommand``;
* credential helpers: the list is emptied, then filled with the user's;
* ``core.askPass``, ``core.gitProxy``, ``core.alternateRefsCommand``: overridden; hooks and
  fsmonitor are off for every git (``indexers/git.py``);
* ``remote.*.uploadpack`` cannot be overridden (the first one counts), so that is refused;
* protocols that are programs (``ext::``, ``remote.*.vcs``) are not among those allowed.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from indexers import git
from indexers.errors import RepositoryError

if TYPE_CHECKING:
    from indexers.repository import Repository

_SSH = "ssh -o BatchMode=yes"
_PROTOCOLS = "https:http:ssh:git:file"
_OPTIONS = ("--quiet", "--no-auto-maintenance", "--no-recurse-submodules", "--no-write-fetch-head")


def fetch(repository: Repository, *, timeout: float = 600.0) -> list[str]:
    """Fetch from all remotes of a repository, as their configuration says; the remotes' names.

    Args:
        repository: its remote-tracking branches and tags move, nothing else does.
        timeout: seconds for each remote.

    Raises:
        RepositoryError: a remote cannot be fetched from, or not in time; the others were.
    """
    place = [f"--git-dir={repository.git_dir}"]
    settings = _settings(place)
    remotes, environment = _remotes(settings), _environment(settings)
    failed = []
    for remote in remotes:
        words = _fetch([*place, "fetch", *_OPTIONS, "--", remote], environment, timeout)
        if words:
            failed.append(f"cannot fetch from {remote}: {words}")
    if failed:
        where = repository.root or repository.git_dir
        raise RepositoryError("; ".join(failed), f"try it by hand: git -C {where} fetch --all")
    return remotes


def _fetch(arguments: list[str], environment: dict[str, str], timeout: float) -> str:
    """Run it; git's words if it failed, else nothing."""
    with git.git_must_exist():
        process = subprocess.Popen(
            ["git", *git.FLAGS, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # no terminal to prompt on; and ssh ends with it
        )
    try:
        _, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        return f"no answer within {timeout:.0f} s"
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stderr is not None:
            process.stderr.close()
    if not process.returncode:
        return ""
    reason, _, _ = stderr.partition(b"fatal: Could not read from remote repository")
    return git.last_words(reason.strip() or stderr)


class _Setting(NamedTuple):
    scope: str
    key: str
    value: str

    @property
    def is_trusted(self) -> bool:
        """Whether it is the user's, not the repository's."""
        return self.scope in ("system", "global", "command")


def _settings(place: list[str]) -> list[_Setting]:
    """All that may name a remote or a program."""
    wanted = r"^(remote\..*\.(url|uploadpack)|credential(\..*)?\.helper|core\.sshcommand)$"
    done = git.run([*place, "config", "-z", "--show-scope", "--get-regexp", wanted])
    fields = done.stdout.decode(errors="surrogateescape").split("\0")[:-1]
    pairs = zip(fields[::2], fields[1::2], strict=True)
    return [_Setting(scope, *pair.partition("\n")[::2]) for scope, pair in pairs]


def _remotes(settings: list[_Setting]) -> list[str]:
    remotes = set()
    for setting in settings:
        section, _, rest = setting.key.partition(".")
        name, _, variable = rest.rpartition(".")
        if section == "remote" and variable == "url":
            remotes.add(name)
        elif section == "remote" and not setting.is_trusted:
            raise RepositoryError(
                f"cannot fetch: {setting.key} in the repository's configuration names a program",
                f"fetch by hand; or, if it is not needed: git config --unset {setting.key}",
            )
    return sorted(remotes)


def _environment(settings: list[_Setting]) -> dict[str, str]:
    helpers = [setting for setting in settings if setting.key.endswith(".helper")]
    keys = dict.fromkeys(["credential.helper", *(setting.key for setting in helpers)])
    overrides = [
        *((key, "") for key in keys),  # an empty one forgets those before it
        *((setting.key, setting.value) for setting in helpers if setting.is_trusted),
        ("core.askPass", ""),
        ("core.alternateRefsCommand", ":"),
    ]
    return git.environment(overrides) | {
        "GIT_ALLOW_PROTOCOL": _PROTOCOLS,
        "GIT_ASKPASS": "",
        "GIT_PROXY_COMMAND": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_SSH_COMMAND": _ssh(settings),
    }


def _ssh(settings: list[_Setting]) -> str:
    """The command for ssh, by git's own order of preference."""
    configured = [s.value for s in settings if s.key == "core.sshcommand" and s.is_trusted]
    command = os.environ.get("GIT_SSH_COMMAND") or (configured[-1] if configured else "")
    program = os.environ.get("GIT_SSH")
    return command or (shlex.quote(program) if program else _SSH)
