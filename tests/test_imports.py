"""Who may import whom, and what a light import must not load."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import codesearch

ROOT = Path(__file__).parent.parent
HEAVY = {"numpy", "onnxruntime", "qdrant_edge", "rich", "textual", "tokenizers", "torch"} | {
    "transformers",
    "tree_sitter",
    "click",
}
# Inside codesearch, a room may import itself and the rooms of earlier lines.
LAYERS = [
    {"errors", "types"},
    {"settings", "encoder"},
    {"lexical"},
    {"question", "abbreviations"},
    {"rules"},
    {"ranking", "store", "fingerprint", "render"},
    {"filters", "home", "queries", "refs", "writer"},
    {"overlay"},
    {"searcher", "sync"},
    {"upkeep", "verify"},
    {"index"},
    {"many"},
    {"progress", "events"},
    {"jobs"},
    {"apart", "jobfile", "hooks"},
    {"cli"},
]


def _imports(path: Path) -> set[str]:
    """Modules that a file imports anywhere, but for those imported only for types."""
    found: set[str] = set()
    todo: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        todo.extend(ast.iter_child_nodes(node))
    return found


def _files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def test_indexers_import_no_sibling() -> None:
    for path in _files("indexers"):
        assert not {name.split(".")[0] for name in _imports(path)} & {"codesearch", "tui"}, path


def test_rooms_of_codesearch_import_only_earlier_ones() -> None:
    allowed: dict[str, set[str]] = {}
    seen: set[str] = set()
    for layer in LAYERS:
        for room in layer:
            allowed[room] = seen | {room} | (layer & {"errors", "types"})
        seen = seen | layer
    for path in _files("codesearch"):
        room = path.relative_to(ROOT / "codesearch").parts[0].removesuffix(".py")
        if room in ("__init__", "__main__", "training"):
            continue
        rooms = {
            name.split(".")[1] for name in _imports(path) if name.startswith("codesearch.")
        } - {"__version__"}
        assert rooms <= allowed[room], f"{path} imports {rooms - allowed[room]}"


def test_nobody_imports_training() -> None:
    for path in _files("codesearch"):
        if "training" not in path.parts:
            assert not any(name.startswith("codesearch.training") for name in _imports(path)), path


def test_the_client_of_servers_is_imported_only_for_a_server() -> None:
    """It takes a second: nobody but ``opening`` imports what imports it, and that when asked."""
    imports = {path: _imports(path) for path in _files("codesearch") + _files("tui")}
    of_servers = {
        f"codesearch.store.{path.stem}"
        for path, names in imports.items()
        if any(name.split(".")[0] in ("qdrant_client", "httpx") for name in names)
    }
    assert "codesearch.store.connection" in of_servers
    of_servers |= {"codesearch.store.server", "codesearch.store.server_writer"}
    for path, names in imports.items():
        if f"codesearch.store.{path.stem}" not in of_servers and path.stem != "opening":
            assert not {name for name in names if name in of_servers}, path


def test_the_interface_uses_public_names_and_nobody_imports_it() -> None:
    public = {f"codesearch.{name}" for name in codesearch.__all__} | {"codesearch"}
    for path in _files("tui"):
        for name in _imports(path):
            package = name.split(".")[0]
            assert package not in {"indexers", "benchmarks", "qdrant_edge", "onnxruntime"}, path
            assert package != "codesearch" or name in public, f"{path} imports {name}"
    for package in ("codesearch", "indexers"):
        for path in _files(package):
            names = {name.split(".")[0] for name in _imports(path)}
            assert not names & {"tui", "textual"}, path


@pytest.mark.parametrize(
    "statement",
    ["import codesearch", "import codesearch; codesearch.Filter", "import codesearch.encoder"],
)
def test_a_light_import_loads_nothing_heavy(statement: str) -> None:
    script = f"{statement}; import sys; print(*{{n.split('.')[0] for n in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not set(done.stdout.split()) & HEAVY


def test_an_index_in_a_folder_loads_no_client_of_servers(indexed: Path) -> None:
    script = (
        "import sys; from codesearch import Index\n"
        "with Index.open() as index: assert index.search('cookie')\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=indexed,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not set(done.stdout.split()) & {"qdrant_client", "httpx", "pydantic", "grpc"}


def test_the_interface_starts_without_engine_and_encoder() -> None:
    script = "import tui.app; import sys; print(*{n.split('.')[0] for n in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert not loaded & (HEAVY - {"rich", "textual"}) - {"click"}
    assert "pygments" not in loaded
