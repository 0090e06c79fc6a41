"""What stands beside the code that it is about, told by its path: tests, examples, documentation.

Pure functions. Where a build system keeps what it ships apart (``src/main/`` of Maven, Gradle and
sbt, ``src/commonMain/`` of Kotlin), nothing in there is beside it, whatever it is called.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SHIPPED = re.compile(r"(?:^|/)src/(?:main|[a-z0-9]+Main)/.*")
_TEST_FOLDER = re.compile(
    r"(?i:(?:.*[._-])?(?:(?:unit|integration)?tests?|bench(?:es|marks?)?)"
    r"|testing|specs?|__(?:tests|mocks)__|mocks?|fixtures?|e2e"
    r"|test[._-]?(?:data|lib|suites?|utils?|helpers?|support))$"
    r"|.*(?<=[a-z0-9])Tests?$"  # commonTest, AlamofireTests
)
_TEST_FILE = re.compile(
    r"(?:tests?|bench)[._]|conftest\."
    r"|.*[._-](?:(?:unit|integration)?tests?|specs?|mocks?|bench(?:mark)?s?)\.[^.]+$"
    r"|.*(?<=[a-z0-9])(?:Benchmark|Mock|Spec|Test|TestCase)s?\.\w+$"
)
_EXAMPLE_FOLDER = re.compile(r"(?i:_?(?:examples?|samples?|demos?|playgrounds?)$)")
_DOCUMENTATION_FOLDER = re.compile(r"(?i:docs?(?:_src)?$)")


@lru_cache(maxsize=20_000)
def is_test(path: str) -> bool:
    """Whether this tests, mocks or measures something else, or is data for that."""
    *folders, name = _SHIPPED.sub("/", path).split("/")
    return any(map(_TEST_FOLDER.match, folders)) or bool(_TEST_FILE.match(name))


@lru_cache(maxsize=20_000)
def is_example(path: str) -> bool:
    """Whether this shows how something else is used."""
    return any(map(_EXAMPLE_FOLDER.match, _SHIPPED.sub("/", path).split("/")[:-1]))


@lru_cache(maxsize=20_000)
def is_documentation(path: str) -> bool:
    """Whether this stands among the documentation of something else."""
    return any(map(_DOCUMENTATION_FOLDER.match, _SHIPPED.sub("/", path).split("/")[:-1]))
