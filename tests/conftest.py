from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import repos
from codesearch import Index, Settings
from program import run


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for the test, also for programs that it starts."""
    for name in list(os.environ):
        if name.startswith("CODESEARCH_") and not name.startswith("CODESEARCH_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CODESEARCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "home"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A small real repository in four languages, one commit."""
    folder = repos.init(tmp_path / "shop")
    repos.write(folder, repos.SHOP)
    repos.commit(folder, "begin")
    return folder


@pytest.fixture
def index(shop: Path, home: Path) -> Iterator[Index]:
    """The shop's index, not built yet."""
    with Index.open(shop, settings=Settings.load()) as opened:
        yield opened


@pytest.fixture
def indexed(shop: Path, home: Path) -> Path:
    """The shop, indexed by the real program."""
    done = run("index", cwd=shop)
    assert done.returncode == 0, done.stderr
    return shop
