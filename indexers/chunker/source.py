"""A file's text as the chunker sees it: normalised, in lines and in bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NO_SPACE = re.compile(rb"\S")


class Source:
    """Text with ``\\n`` line ends and no byte order mark, and its UTF-8 bytes.

    Lines are counted from 0 here, as tree-sitter counts rows, and end only at ``\\n``: a form
    feed or U+2028 inside a line would put ``splitlines`` and the grammar at odds.
    """

    __slots__ = ("data", "lines")

    def __init__(self, text: str) -> None:
        text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        try:
            self.data = text.encode()
        except UnicodeEncodeError:  # lone surrogates
            self.data = text.encode("utf-8", "replace")
            text = self.data.decode()
        self.lines = text.split("\n")

    def slice(self, start_byte: int, end_byte: int) -> str:
        """Return the text between two byte offsets."""
        return self.data[start_byte:end_byte].decode("utf-8", "replace")

    def skip_space(self, byte: int) -> int:
        """Return the offset of the first byte from ``byte`` on that is not white space."""
        found = _NO_SPACE.search(self.data, byte)
        return found.start() if found else len(self.data)

    def join(self, first: int, last: int) -> str:
        """Return the text of a range of lines."""
        return "\n".join(self.lines[first : last + 1])

    def is_blank(self, line: int) -> bool:
        """Whether a line holds nothing but white space."""
        return not self.lines[line].strip()

    def indent(self, line: int) -> int:
        """Return the number of white-space characters before the first other one."""
        text = self.lines[line]
        return len(text) - len(text.lstrip())

    def trim(self, first: int, last: int) -> tuple[int, int]:
        """Return the range without blank lines at its ends; ``first > last`` if all are blank."""
        while first <= last and self.is_blank(first):
            first += 1
        while last >= first and self.is_blank(last):
            last -= 1
        return first, last

    def regions(
        self, taken: Iterator[tuple[int, int]], first: int, last: int
    ) -> Iterator[tuple[int, int]]:
        """Yield the trimmed ranges of ``first … last`` that no (ordered) taken range covers."""
        for start, end in (*taken, (last + 1, last + 1)):
            gap = self.trim(first, min(start - 1, last))
            if gap[0] <= gap[1]:
                yield gap
            first = max(first, end + 1)
