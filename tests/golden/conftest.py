from __future__ import annotations

from pathlib import Path

import pytest

from codesearch import Index, Settings
from tests.golden import corpus
from tests.golden.questions import Answer, ask, load, with_target

REPOSITORIES = {"stdlib": corpus.stdlib, "project": corpus.project}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-golden",
        action="store_true",
        help="write the figures of the golden questions to tests/golden/recorded.json",
    )


@pytest.fixture(scope="session")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A repository for each part."""
    folder = tmp_path_factory.mktemp("golden")
    return {part: make(folder / part) for part, make in REPOSITORIES.items()}


@pytest.fixture(scope="session")
def answers(
    repositories: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> list[Answer]:
    """The answers to all questions that have one in these repositories."""
    # Nobody's own settings: the encoder is the one that is shipped.
    settings = Settings(home=tmp_path_factory.mktemp("golden-home"))
    found = []
    for part, folder in repositories.items():
        questions = [question for question in load() if question.part == part]
        with Index.open(folder, settings=settings) as index:
            index.sync()
            found += [ask(index, question) for question in with_target(questions, folder)]
    return found
