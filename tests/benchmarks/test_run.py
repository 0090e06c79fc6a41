"""Whole runs on a small git repository, with the real encoder and the real systems."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import codesearch
import indexers
from benchmarks import processes, speed
from benchmarks.__main__ import main
from benchmarks.board import Pinned
from benchmarks.corpus import Corpus
from benchmarks.functions import Sets, run_functions
from benchmarks.scoring import Place
from benchmarks.systems import Options, stamp
from benchmarks.systems.ours import PARTS, ablations
from benchmarks.systems.ripgrep import count_lines, keywords
from codesearch import Settings, ranking
from codesearch.encoder.weights import Weights
from codesearch.store.embedded import EmbeddedStore

FILES = {
    "src/app/cookies.py": (
        "def sign_cookie(value, secret):\n"
        '    """Sign a cookie, so that a change of it is noticed."""\n'
        "    return value + mac(value, secret)\n"
    ),
    "src/app/retry.py": (
        "def retry_with_backoff(call, attempts):\n"
        '    """Call again after a failure, waiting longer each time."""\n'
        "    for attempt in range(attempts):\n"
        "        call(attempt)\n"
        "\n"
        "\n"
        "def give_up():\n"
        '    """Say that it cannot be done."""\n'
        "    raise RuntimeError\n"
    ),
    "docs/cookies.py": "def sign_cookie():\n    '''Outside of the root.'''\n",
    "README.md": "# Cookies\n\nSign a cookie: see sign_cookie.\n",
}
QUESTIONS = [
    {
        "query": "sign_cookie",
        "relevant": ["src/app/cookies.py"],
        "secondary": [],
        "category": "symbol",
    },
    {
        "query": "how does it say that it cannot be done?",
        "relevant": [{"path": "app/retry.py", "start_line": 8, "end_line": 9}],
        "secondary": ["src/app/never.py"],
        "category": "architecture",
    },
]
ONE_OF_TWO = 1 / (1 + 0.6309297535714575)  # the other target does not exist


def git(*arguments: str, cwd: Path) -> str:
    names = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    done = subprocess.run(
        ["git", *names, *arguments], cwd=cwd, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def mirrors(tmp_path: Path) -> Path:
    folder = tmp_path / "mirrors" / "app"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git("init", "--quiet", cwd=folder)
    git("add", ".", cwd=folder)
    git("commit", "--quiet", "-m", "begin", cwd=folder)
    return folder.parent


@pytest.fixture
def pinned(mirrors: Path) -> Pinned:
    revision = git("rev-parse", "HEAD", cwd=mirrors / "app")
    return Pinned("app", "python", "https://example.org/o/app.git", revision, "src")


@pytest.fixture
def data(tmp_path: Path, pinned: Pinned) -> Path:
    folder = tmp_path / "data"
    (folder / "annotations").mkdir(parents=True)
    row = {"name": "app", "language": "python", "url": pinned.url}
    lost = {"name": "lost", "language": "go", "url": "https://example.org/o/lost", "revision": "1"}
    row |= {"revision": pinned.revision, "benchmark_root": "src"}
    (folder / "repos.json").write_text(json.dumps([row, lost]))
    (folder / "annotations" / "app.json").write_text(json.dumps(QUESTIONS))
    return folder


def test_the_corpus_is_the_root_and_nothing_else(mirrors: Path, pinned: Pinned) -> None:
    with Corpus(pinned, mirrors / "app") as corpus:
        assert corpus.texts == {n: t for n, t in FILES.items() if n.startswith("src/")}
        assert {chunk.symbol for chunk in corpus.chunks} >= {"sign_cookie", "give_up"}
        written = {p.relative_to(corpus.folder).as_posix() for p in corpus.folder.rglob("*.py")}
        folder = corpus.folder
    assert written == corpus.texts.keys()
    assert not folder.exists()


@pytest.fixture
def run(mirrors: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def quality(*arguments: str) -> tuple[dict[str, Any], str]:
        out = tmp_path / "result.json"
        where = ["--repos", str(mirrors), "--data", str(data), "--cache", str(tmp_path / "cache")]
        assert main(["quality", *where, "--out", str(out), *arguments]) == 0
        return json.loads(out.read_text()), "".join(capsys.readouterr())

    return quality


def test_every_system_is_asked_every_question(run: Any) -> None:
    pytest.importorskip("bm25s")
    result, said = run()
    ranks = result["repositories"]["app"]["ranks"]
    assert ranks["codesearch"] == ranks["dense"] == ranks["lexical"] == [[1], [1, 0]]
    assert ranks["bm25-files"] == [[1], [1, 0]]
    assert ranks["bm25-chunks"][0] == [1]
    grep = next(name for name in ranks if name.startswith("ripgrep"))
    assert ranks[grep][0] == [1]
    ours = result["systems"]["codesearch"]
    assert ours["ndcg10"] == pytest.approx((1 + ONE_OF_TWO) / 2, abs=1e-4)
    assert ours["by_category"] == pytest.approx({"architecture": ONE_OF_TWO, "symbol": 1}, abs=1e-4)
    assert result["repositories"]["app"]["targets_not_in_corpus"] == [1]
    assert list(result["repositories_left_out"]) == ["lost"]
    assert "semble" in result["systems_left_out"]
    assert "no mirror o+lost" in said


@pytest.mark.parametrize("systems", [[], ["--systems", "lexical + rules,dense + rules"]])
def test_every_rule_can_be_left_out(run: Any, systems: list[str]) -> None:
    result, said = run("--ablate", *systems)
    assert "| ranking without | NDCG@10 |" in said
    ranks = result["repositories"]["app"]["ranks"]
    assert ranks.keys() >= {"codesearch", *ablations()}
    assert len(ablations()) > 5
    assert all(found[0] == [1] for found in ranks.values())


def test_an_index_built_by_other_code_is_built_anew(run: Any, tmp_path: Path) -> None:
    run("--systems", "codesearch")
    stamp = next((tmp_path / "cache").rglob("built-by"))
    named = stamp.read_text()
    before = (stamp.parent / "current").read_text()
    stamp.write_text("something else")
    run("--systems", "codesearch")
    assert stamp.read_text() == named
    assert (stamp.parent / "current").read_text() != before


def test_the_stamp_covers_code_and_libraries(tmp_path: Path) -> None:
    encoding = {path.name for path in stamp._files(codesearch, stamp._ENCODING)}
    assert encoding >= {"onnx.py", "tokenizer.py", "weights.py"}
    building = {path.name for path in stamp._files(codesearch, stamp._BUILDING)}
    assert building >= {"text.py", "lexical.py", "manifest.py"}
    assert {path.suffix for path in stamp._files(indexers, [""])} == {".py", ".scm"}
    assert len({stamp._digest([], (name,)) for name in ("none", *stamp._ENCODERS)}) == 4
    assert len({stamp._digest([], (name,)) for name in ("none", *stamp._BUILDERS)}) == 5
    assert stamp.folder(tmp_path, "1" * 64).name.startswith("1" * 12 + "-")


def test_another_revision_has_an_index_of_its_own(
    run: Any, mirrors: Path, data: Path, tmp_path: Path
) -> None:
    run("--systems", "codesearch,dense,lexical")
    git("mv", "src/app/cookies.py", "src/app/biscuits.py", cwd=mirrors / "app")
    git("commit", "--quiet", "-m", "move", cwd=mirrors / "app")
    rows = json.loads((data / "repos.json").read_text())
    rows[0]["revision"] = git("rev-parse", "HEAD", cwd=mirrors / "app")
    (data / "repos.json").write_text(json.dumps(rows))
    result, _ = run("--systems", "codesearch,dense,lexical")
    assert all(found[0] == [0] for found in result["repositories"]["app"]["ranks"].values())
    indexes = [stamp.parent for stamp in (tmp_path / "cache").rglob("built-by")]
    states = [EmbeddedStore(directory).state() for directory in indexes]
    assert sorted(len(state.commits) for state in states if state) == [1, 1]


def test_what_is_not_committed_is_not_measured(run: Any, mirrors: Path) -> None:
    (mirrors / "app/src/sign_cookie.py").write_text("def sign_cookie():\n    return mac()\n")
    result, _ = run("--systems", "codesearch")
    assert result["repositories"]["app"]["ranks"]["codesearch"][0] == [1]


def test_others_texts_do_not_go_into_the_result(run: Any) -> None:
    result, _ = run("--systems", "codesearch")
    text = json.dumps(result)
    assert not any(question["query"] + '"' in text for question in QUESTIONS)
    assert "never.py" not in text


def test_failures_show_what_stood_above(run: Any, tmp_path: Path) -> None:
    run("--systems", "lexical,codesearch", "--failures", str(tmp_path / "failures.json"))
    rows = json.loads((tmp_path / "failures.json").read_text())
    assert [row["number"] for row in rows] == [1]
    assert [target["rank"] for target in rows[0]["targets"]] == [1, 0]
    assert rows[0]["top"][0].startswith("src/app/retry.py:7-9 function give_up [")


def test_a_result_is_kept_where_the_failures_cannot_be_written(
    mirrors: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "result.json"
    where = ["--repos", str(mirrors), "--data", str(data), "--cache", str(tmp_path / "cache")]
    unwritable = ["--failures", str(tmp_path)]
    more = ["--systems", "codesearch", "--out", str(out), *unwritable]
    assert main(["quality", *where, *more]) == 2
    assert "Cannot write the failures" in capsys.readouterr().err
    assert json.loads(out.read_text())["systems"]["codesearch"]["ndcg10"] > 0


def test_a_second_run_encodes_nothing_and_is_compared(run: Any, tmp_path: Path) -> None:
    run("--systems", "codesearch")
    vectors = next((tmp_path / "cache").rglob("vectors-*.sqlite"))
    before = vectors.read_bytes()
    _, said = run("--systems", "codesearch", "--compare", str(tmp_path / "result.json"))
    assert vectors.read_bytes() == before
    assert "better 0, worse 0" in said


def test_what_the_user_has_set_stays_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODESEARCH_MODEL", "nowhere")
    script = "import os; print(os.environ.get('CODESEARCH_MODEL'), os.environ['CODESEARCH_CONFIG'])"
    with processes.as_shipped():
        assert Settings.load().model is None
        assert processes.timed([sys.executable, "-c", script]).output == f"None {os.devnull}\n"
    assert os.environ["CODESEARCH_MODEL"] == "nowhere"
    assert "CODESEARCH_CONFIG" not in os.environ


def test_errors_of_the_product_have_their_remedies(tmp_path: Path, capsys: Any) -> None:
    where = ["--cosqa", str(tmp_path), "--model", str(tmp_path / "nothing")]
    assert main(["vectors", *where]) == 2
    said = capsys.readouterr().err
    assert said.startswith("benchmarks: The encoder in")
    assert "→ Use a folder written by" in said


def test_what_cannot_begin_is_said(data: Path, tmp_path: Path, capsys: Any) -> None:
    where = ["--repos", str(tmp_path), "--data", str(data), "--cache", str(tmp_path)]
    for more, message in (
        (["--systems", "nonsense"], "No system 'nonsense'"),
        (["--systems", "semble"], "→ semble: name a Model2Vec folder: --semble-model DIR"),
        (
            ["--systems", "lexical", "--failures", "f.json"],
            "No system 'codesearch' is asked\n  → --failures-of lexical",
        ),
        (["--only", "nonsense"], "no repository named 'nonsense'"),
        (["--systems", "lexical"], "no repository could be had"),
    ):
        assert main(["quality", *where, *more]) == 2
        assert message in capsys.readouterr().err


def _two_functions(folder: Path) -> list[str]:
    """A set of two functions and a question, and the arguments that name it."""
    codes = {
        1: 'def total(prices):\n    """Add up prices."""\n    return sum(prices)',
        2: 'def shout(text):\n    """Make text upper case."""\n    return text.upper()',
    }
    rows = [
        {"id": n, "code": code, "code_nodoc": code.replace('"', "#"), "language": "python"}
        for n, code in codes.items()
    ]
    queries = [{"id": "q", "query": "upper case text", "relevant": [2], "language": "python"}]
    for name, lines in (("corpus", rows), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return ["--cosqa", str(folder)]


def test_functions_without_a_repository(tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "functions.json"
    where = [*_two_functions(tmp_path), "--cache", str(tmp_path / "cache"), "--out", str(out)]
    assert main(["functions", *where]) == 0
    tasks = json.loads(out.read_text())["tasks"]
    perfect = dict.fromkeys(PARTS, 1.0)
    assert tasks["cosqa"] == {"functions": 2, "questions": 1, "mrr": perfect}
    assert "cosqa-no-docstrings" in capsys.readouterr().out


def test_the_ranking_knows_how_long_the_lists_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = []

    def rank(*arguments: Any, limit: int = ranking.CANDIDATES, **options: Any) -> Any:
        limits.append(limit)
        return original(*arguments, limit=limit, **options)

    original = ranking.rank
    monkeypatch.setattr(ranking, "rank", rank)
    _two_functions(tmp_path)
    run_functions(Sets(cosqa=tmp_path), Options(tmp_path / "cache"), ablate=True)
    assert set(limits) == {1000}


def test_encoders_stand_beside_bm25(tmp_path: Path, capsys: Any) -> None:
    for name in ("cosqa", "humaneval_x"):
        (tmp_path / name).mkdir()
        _two_functions(tmp_path / name)
    out = tmp_path / "encoder.json"
    where = ["encoder", "--out", str(out), "--eval"]
    assert main([*where, str(tmp_path)]) == 0
    result = json.loads(out.read_text())
    weights = Weights.open(None)
    assert result["rankers"][weights.name] == f"weights {weights.digest[:12]}"
    assert result["tasks"]["CoSQA dev, docstring removed"] == {"BM25": 1.0, weights.name: 1.0}
    assert result["questions"]["HumanEval-X, python"] == 1
    assert "| HumanEval-X, mean | 1.000 | 1.000 |" in capsys.readouterr().out
    assert main([*where, str(tmp_path / "gone")]) == 2
    assert "Cannot read the sets" in capsys.readouterr().err


def test_smaller_vectors_are_compared(tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "vectors.json"
    assert main(["vectors", *_two_functions(tmp_path), "--out", str(out)]) == 0
    result = json.loads(out.read_text())
    assert result["tasks"]["cosqa"]["float16 (ours)"] == 1.0
    assert result["bytes"]["int8"] == 388
    assert "| binary | 48 |" in capsys.readouterr().out


@pytest.mark.slow
def test_speed_measures_whole_processes(
    mirrors: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("bm25s")
    monkeypatch.setattr(speed, "_COLD_QUESTIONS", 3)
    out = tmp_path / "speed.json"
    where = ["--repos", str(mirrors), "--data", str(data), "--only", "app", "--out", str(out)]
    assert main(["speed", *where]) == 0
    row = json.loads(out.read_text())["repositories"]["app"]
    assert row["chunks"] > 3
    assert 0 < row["warm_p50_ms"] <= row["warm_p95_ms"] <= row["warm_p99_ms"] < row["cold_p50_ms"]
    assert row["cold_p50_ms"] <= row["cold_p95_ms"] <= row["cold_p99_ms"]
    assert row["files"] == len(FILES)
    assert row["source_mb"] * 1e6 == pytest.approx(sum(map(len, FILES.values())), abs=100)
    assert row["index_peak_mb"] > 20
    assert row["bytes_per_chunk"] > 0


def test_speed_looks_for_baselines_and_questions_first(
    mirrors: Path, data: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("bm25s")
    where = ["speed", "--repos", str(mirrors), "--data", str(data), "--only", "app"]
    (data / "annotations" / "app.json").write_text("[]")
    assert main(where) == 2
    assert "holds no questions" in capsys.readouterr().err
    monkeypatch.setenv("PATH", "")
    assert main(where) == 2
    assert "No ripgrep to stand beside\n  → it is not installed" in capsys.readouterr().err


def test_words_that_say_nothing_about_code_say_nothing_to_bm25_either() -> None:
    bm25 = pytest.importorskip("benchmarks.systems.bm25")
    search = bm25.make_search(["what is it", "parse a header", "else"], [Place(n) for n in "abc"])
    assert [place.path for place in search("what is it that parses?", 3)] == ["b"]
    assert search("what is it?", 3) == []


def test_keywords_are_what_somebody_would_search_for() -> None:
    assert keywords("how does the router match a path?") == ["router", "match", "path"]
    assert keywords("io") == ["io"]
    assert keywords("a?!") == ["a?!"]


def test_lines_are_counted_once_each() -> None:
    texts = {"a": "One two\ntwo two\nthree\n", "b": "four"}
    assert count_lines(texts, ["one", "TWO"]) == {"a": 2}
