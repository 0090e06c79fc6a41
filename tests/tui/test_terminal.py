"""The real program in a real (pseudo) terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "tui"]


class Terminal:
    """A program in a terminal of 100 × 30; all it writes is kept."""

    def __init__(self, arguments: list[str], cwd: Path, **environment: str) -> None:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=cwd,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=os.environ | {"TERM": "xterm-256color"} | environment,
            start_new_session=True,
        )
        os.close(slave)
        self._master = master
        self._said = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def said(self) -> str:
        return self._said.decode(errors="replace")

    def send(self, text: str) -> None:
        os.write(self._master, text.encode())

    def wait_for(self, text: str, seconds: float = 30) -> None:
        self.wait_until(lambda: text in self.said, f"{text!r} was not said: {self.said[-600:]}")

    def wait_until(self, condition, otherwise: str) -> None:  # type: ignore[no-untyped-def]
        end = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < end, otherwise
            time.sleep(0.02)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(5)
        os.close(self._master)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            if not data:
                return
            self._said += data


@pytest.fixture
def vim(tmp_path: Path) -> Iterator[Path]:
    """A script named vim that writes to its terminal, and down what it was called with."""
    program = tmp_path / "bin" / "vim"
    program.parent.mkdir()
    record = tmp_path / "called"
    program.write_text(
        f'#!/bin/sh\nprintf "EDITOR HAS THE TERMINAL"\nprintf "%s\\n" "$@" > {record}\n'
    )
    program.chmod(0o755)
    yield program


def test_ask_edit_come_back_and_leave(
    odd_shop: Path, index_dir: Path, vim: Path, tmp_path: Path
) -> None:
    terminal = Terminal(["--index-dir", str(index_dir)], odd_shop, EDITOR=str(vim), VISUAL="")
    try:
        terminal.wait_for("functions, classes and passages")
        terminal.send("sum up prices")
        terminal.wait_for("Cart.total")
        terminal.wait_for("TAX")
        terminal.send("\r")
        terminal.wait_for("EDITOR HAS THE TERMINAL")
        record = tmp_path / "called"
        terminal.wait_until(record.exists, "the editor was not called")
        time.sleep(0.2)
        assert record.read_text().split() == ["+16", str(odd_shop / "shop/cart.py")]
        after = terminal.said.rindex("EDITOR HAS")
        terminal.wait_until(
            lambda: "Cart.total" in terminal.said[after:], "it did not come back to its hits"
        )
        terminal.send("\x19")  # ctrl+y
        terminal.wait_for("\x1b]52;c;c2hvcC9jYXJ0LnB5OjE2\x07")  # shop/cart.py:16
        terminal.send("\x11")  # ctrl+q
        assert terminal.process.wait(20) == 0
        terminal.wait_for("\x1b[?1049l")  # the terminal as it was
    finally:
        terminal.close()


def test_not_a_terminal(odd_shop: Path) -> None:
    done = subprocess.run(COMMAND, cwd=odd_shop, capture_output=True, text=True)
    assert done.returncode == 2
    assert "not a terminal" in done.stderr
    assert "codesearch search" in done.stderr


def test_unusable_settings_are_said(odd_shop: Path) -> None:
    terminal = Terminal([], odd_shop, CODESEARCH_THREADS="many")
    try:
        terminal.wait_for("unusable value 'many'")
        assert terminal.process.wait(20) == 2
    finally:
        terminal.close()
