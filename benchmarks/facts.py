"""Under which circumstances something was measured."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_HOUSE = Path(__file__).parent.parent
_PACKAGES = (
    "numpy",
    "onnxruntime",
    "tokenizers",
    "tree-sitter",
    "qdrant-edge-py",
    "bm25s",
    "semble",
)


def circumstances(*faces: str) -> dict[str, Any]:
    """Date, commit of this checkout and machine, as they stand at the head of every result.

    ``faces`` are packages that take part beside the library.
    """
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": commit(*faces),
        "machine": {
            "cores": cores(),
            "processor": _processor(),
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "versions": {name: found for name in _PACKAGES if (found := _version(name))},
        },
    }


def commit(*faces: str) -> str:
    """Twelve digits of this checkout's commit, ``+`` behind it where code differs from it."""
    head = _git("rev-parse", "--short=12", "HEAD")
    if not head:
        return "unknown"
    code = ("codesearch", "indexers", "benchmarks/*.py", "benchmarks/systems", *faces)
    return head + ("+" if _git("status", "--porcelain", "--", *code) else "")


def cores() -> int:
    """How many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(_HOUSE), *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""
