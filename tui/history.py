"""The questions asked before, newest first: one JSON string a line, so that any text fits."""

from __future__ import annotations

import json
from pathlib import Path

_KEPT = 500


class History:
    """Questions on disk. A file that cannot be read or written is a history that forgets."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._queries: list[str] | None = None

    def newest(self, limit: int = _KEPT) -> list[str]:
        """The last questions, each once, newest first."""
        if self._queries is None:
            self._queries = self._read()
        return self._queries[:limit]

    def add(self, query: str) -> None:
        """Remember a question; one asked before moves to the front."""
        query = query.strip()
        if not query or self.newest(1) == [query]:
            return
        others = self._read()  # another one, open beside this, writes there too
        self._queries = list(dict.fromkeys([query, *others, *self.newest()]))[:_KEPT]
        lines = [json.dumps(old, ensure_ascii=False) for old in reversed(self._queries)]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary = self.path.with_suffix(".new")
            temporary.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="replace")
            temporary.replace(self.path)
        except OSError:
            return

    def _read(self) -> list[str]:
        try:
            # JSON leaves other ends of lines (U+2028) as they are.
            lines = self.path.read_text(encoding="utf-8").split("\n")
        except (OSError, ValueError):
            return []
        found = []
        for line in reversed(lines):
            try:
                query = json.loads(line)
            except ValueError:
                continue
            if isinstance(query, str):
                found.append(query)
        return list(dict.fromkeys(found))[:_KEPT]
