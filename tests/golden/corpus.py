"""What the golden questions are asked of: the standard library, and this project."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import repos

ROOT = Path(__file__).parents[2]
STDLIB = Path(sysconfig.get_paths()["stdlib"])

# Single files that are much the same in Python 3.11 to 3.13 (so no pathlib and no zipfile, which
# became packages, and no tokenize, which moved to C); many enough to hide a function in.
_MODULES = (
    "argparse base64 bisect calendar configparser contextlib copy csv dataclasses difflib "
    "fnmatch fractions functools getpass gettext glob gzip heapq hmac ipaddress json/__init__ "
    "json/decoder json/encoder json/scanner logging/handlers mimetypes netrc plistlib pprint "
    "queue random sched secrets selectors shelve shlex shutil smtplib socketserver statistics "
    "string subprocess tarfile tempfile textwrap threading timeit traceback urllib/parse "
    "urllib/robotparser uuid weakref "
)

_MAX_BYTES = 1 << 20  # the weights are tracked too, and would only keep git busy


def stdlib(target: Path, source: Path = STDLIB) -> Path:
    """A repository of the chosen modules, as far as the interpreter has them."""
    return _commit(source, [f"{module}.py" for module in _MODULES.split()], target)


def project(target: Path) -> Path:
    """A repository of this project's packages as they are checked out, committed or not."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "indexers", "codesearch"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return _commit(ROOT, listed.stdout.decode().split("\0")[:-1], target)


def measured_commit() -> str:
    """HEAD; ``-dirty`` behind it where the packages differ from it."""
    changes = repos.git(ROOT, "status", "--porcelain", "-uno", "--", "indexers", "codesearch")
    return repos.git(ROOT, "rev-parse", "HEAD") + ("-dirty" if changes else "")


def _commit(source: Path, names: list[str], target: Path) -> Path:
    repos.init(target)
    for name in names:
        path = source / name
        if path.is_file() and path.stat().st_size <= _MAX_BYTES:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / name)
    repos.commit(target)
    return target
