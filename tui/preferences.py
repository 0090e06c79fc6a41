"""What a user chose: theme, layout, density, grouping. One small file, written when it changes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

LAYOUTS = ("auto", "side", "stacked")
DENSITIES = ("comfortable", "compact")


@dataclass(slots=True)
class Preferences:
    """Everything that is kept from one run to the next."""

    theme: str = ""  # "": our dark one
    layout: str = "auto"  # of LAYOUTS; auto: side by side where there is room
    density: str = "comfortable"  # of DENSITIES; compact: a line a hit
    grouped: bool = False  # hits by file

    @classmethod
    def load(cls, path: Path | None = None) -> Preferences:
        """Read them; what is missing or makes no sense is as in a first run."""
        try:
            values = json.loads((path or default_path()).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return cls()
        return cls(**_sensible(values)) if isinstance(values, dict) else cls()

    def save(self, path: Path | None = None) -> None:
        """Write them; a folder that cannot be written only means that they are not kept."""
        path = path or default_path()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        except OSError:
            return


def default_path() -> Path:
    """``tui.json`` in the platform's configuration folder."""
    return user_config_path("codesearch") / "tui.json"


def _sensible(values: dict[str, Any]) -> dict[str, Any]:
    types = {field.name: str(field.type) for field in fields(Preferences)}
    kept = {
        name: value
        for name, value in values.items()
        if name in types and type(value).__name__ == types[name]
    }
    for name, allowed in (("layout", LAYOUTS), ("density", DENSITIES)):
        if kept.get(name, allowed[0]) not in allowed:
            del kept[name]
    return kept
