"""Are queries freed once only? A condition noted twice crashes whoever frees it."""

from __future__ import annotations

import subprocess
import sys

_CHILD = """
for key in keys:
    for _ in range(3):
        load.__wrapped__(key)  # freed at once, as what a thread loads that lost a race
        kept = [[(number, [number]) for number in range(300)] for _ in range(20)]
"""


def free(start: str) -> subprocess.CompletedProcess[str]:
    """Load and free queries in a process of its own; ``start`` defines ``load`` and ``keys``."""
    command = [sys.executable, "-X", "faulthandler", "-c", start + _CHILD]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
