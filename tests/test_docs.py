"""README and program say the same."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import click

from codesearch import Settings
from codesearch.cli import app
from codesearch.events import Event, Kind
from codesearch.jobfile import read_jobs
from program import run

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
NIGHTLY = (ROOT / "docs/nightly.md").read_text(encoding="utf-8")
_CONTEXT = click.Context(app)
COMMANDS = {name: app.get_command(_CONTEXT, name) for name in app.list_commands(_CONTEXT)}


def test_every_command_is_in_the_readme() -> None:
    told = set(re.findall(r"^\| `codesearch (\w+)", README, re.MULTILINE))
    assert told == set(COMMANDS)


def test_every_option_is_in_the_readme_and_the_other_way_round() -> None:
    options = {
        name
        for command in COMMANDS.values()
        for parameter in command.params
        for name in parameter.opts
        if name.startswith("-")
    }
    told = set(re.findall(r"`(--?[a-z][a-z-]*)", README)) | set(re.findall(r"/`(-\w)`", README))
    assert options - {"-h", "--help"} <= told
    assert told - {"-c"} <= options


def test_every_setting_is_in_the_readme() -> None:
    told = re.findall(r"^\| `(\w+)` \| `(CODESEARCH_\w+)`", README, re.MULTILINE)
    assert told == [(field.name, f"CODESEARCH_{field.name.upper()}") for field in fields(Settings)]


def test_every_field_of_the_json_is_in_the_readme(indexed: Path) -> None:
    document = json.loads(run("search", "cookie", "--json", "-n", "1", cwd=indexed).stdout)
    (block,) = re.findall(r"```text\n(version  .*?)```", README, re.DOTALL)
    (hit,) = document["hits"]
    for name in (*document, *hit, *hit["explanation"]):
        assert re.search(rf"\b{name}\b", block), name


def test_every_field_of_stats_is_in_the_readme(indexed: Path) -> None:
    document = json.loads(run("stats", "--json", cwd=indexed).stdout)
    (block,) = re.findall(r"```text\n(version, name.*?)```", README, re.DOTALL)
    for name in (*document, *document["refs"][0]):
        assert re.search(rf"\b{name}\b", block), name


def test_the_python_of_the_readme_runs(indexed: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(code.replace("~/src/flask", str(indexed)), {})


def test_every_field_and_event_of_the_log_is_documented() -> None:
    (block,) = re.findall(r"```text\n(time .*?)```", NIGHTLY, re.DOTALL)
    for name in (*(field.name for field in fields(Event)), *Kind, "level"):
        assert re.search(rf"\b{name}\b", block), name


def test_the_file_of_repositories_in_the_docs_is_one(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", NIGHTLY, re.DOTALL)
    (tmp_path / "repos.toml").write_text(text)
    assert [job.refs for job in read_jobs(tmp_path / "repos.toml")] == [
        ("main", "v*"),
        ("main", "release/*"),
    ]
