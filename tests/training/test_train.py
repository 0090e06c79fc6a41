from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codesearch.errors import CodesearchError
from codesearch.training.packed import Ids, Pairs
from codesearch.training.recipe import Augment, Contrastive, Optimizer, Pretrain, Sizes

torch = pytest.importorskip("torch", reason="training needs the train extra (torch)")
pytest.importorskip("transformers", reason="training needs the train extra")

from codesearch.training import (  # noqa: E402
    blend,
    contrastive,
    electra,
    gradcache,
    loop,
    nets,
    pretrain,
)

CPU = torch.device("cpu")
TUNE = Contrastive(
    batch=8, chunk=3, text_tokens=12, document_tokens=24, optimizer=Optimizer(lr=1e-2), dropout=0.1
)
PRETRAIN = Pretrain(
    batch=8,
    chunk=8,
    tokens=24,
    text_tokens=12,
    generator_layers=1,
    generator_hidden=8,
    generator_heads=2,
    contrast_every=2,
    contrast_batch=6,
    sizes=Sizes(layers=2, hidden=16, heads=2, ffn=32, positions=40),
    optimizer=Optimizer(lr=1e-2),
)


def limits(steps: int) -> loop.Limits:
    return loop.Limits(max_steps=steps, save_steps=2, log_every=1)


def log(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / loop.LOG).read_text().splitlines()]


def weights(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = nets.load_model(folder).state_dict()
    return state


def test_gradients_of_chunks_are_those_of_the_batch(pairs: Pairs, start: Path) -> None:
    ids = [pairs.document(record, 24) for record in range(10)]
    ids += [pairs.text(record, 12) for record in range(10)]
    gradients = []
    for chunk, cached in ((100, True), (3, True), (3, False)):
        model = nets.load_model(start).train()

        def encode(some: Sequence[Ids], model: Any = model) -> Any:
            return nets.embed(model, *nets.to_device(some, 0, CPU))

        def loss(vectors: Any) -> tuple[Any, dict[str, Any]]:
            same = torch.zeros(10, 10, dtype=torch.bool)
            value, accuracy = contrastive.info_nce(vectors[10:], vectors[:10], same, 0.1)
            return value, {"accuracy": accuracy}

        gradcache.backward(encode, ids, loss, chunk, cached=cached)
        gradients.append({name: one.grad for name, one in model.named_parameters()})
    whole, *others = gradients
    assert any(one is not None and one.abs().max() > 1e-3 for one in whole.values())
    for name, one in whole.items():
        if one is not None:
            for other in others:
                torch.testing.assert_close(other[name], one, atol=1e-6, rtol=1e-4)


def test_dropout_falls_alike_in_both_passes(pairs: Pairs, start: Path) -> None:
    model = nets.load_model(start, dropout=0.5).train()
    made: list[Any] = []

    def encode(some: Sequence[Ids]) -> Any:
        vectors = nets.embed(model, *nets.to_device(some, 0, CPU))
        made.append(vectors.detach())
        return vectors

    ids = [pairs.text(record, 12) for record in range(6)]
    gradcache.backward(encode, ids, lambda vectors: (vectors.sum(), {}), 2)
    for first, second in zip(made[:3], made[3:], strict=True):
        assert torch.equal(first, second)
    assert not torch.equal(made[0], made[1])


def test_another_copy_of_the_answer_is_no_negative() -> None:
    vectors = torch.nn.functional.normalize(torch.randn(3, 4), dim=-1)
    documents = torch.cat([vectors, vectors[:1]])
    same = torch.zeros(3, 4, dtype=torch.bool)
    same[0, 3] = True
    with_copy, _ = contrastive.info_nce(vectors, documents, same, 0.05)
    without, accuracy = contrastive.info_nce(vectors, vectors, same[:, :3], 0.05)
    # One more negative, for two of three questions.
    assert with_copy >= without
    assert accuracy == 1


def tune(pairs: Pairs, start: Path, out: Path, recipe: Contrastive, steps: int) -> None:
    contrastive.train(pairs, start, out, recipe, limits(steps), device=CPU)


def test_tuning_learns(pairs: Pairs, start: Path, tmp_path: Path) -> None:
    recipe = replace(TUNE, anchor=0.01, batch=16, chunk=64, dropout=0.0)
    tune(pairs, start, tmp_path / "out", recipe, 40)
    rows = log(tmp_path / "out")
    assert np.mean([row["loss"] for row in rows[-5:]]) < 0.6 * rows[0]["loss"]
    assert {"accuracy", "drift", "lr", "norm"} <= set(rows[-1])
    assert rows[-1]["lr"] < 0.1 * max(row["lr"] for row in rows)
    assert (tmp_path / "out" / "model" / "tokenizer.json").exists()


@pytest.mark.parametrize(
    ("setting", "drift"),
    [("anchor", "drift"), ("anchor_documented", "drift_documented")],
    ids=["questions", "documented code"],
)
def test_the_anchor_holds(
    pairs: Pairs, start: Path, tmp_path: Path, setting: str, drift: str
) -> None:
    documented = replace(TUNE, augment=replace(TUNE.augment, keep_doc=1.0))
    drifts = []
    for name, weight in (("loose", 0.001), ("held", 20.0)):
        tune(pairs, start, tmp_path / name, replace(documented, **{setting: weight}), 12)
        drifts.append([row[drift] for row in log(tmp_path / name) if drift in row][-1])
    assert drifts[1] < 0.5 * drifts[0]


def test_the_first_dimensions_can_be_trained_too(pairs: Pairs, start: Path, tmp_path: Path) -> None:
    tune(pairs, start, tmp_path / "out", replace(TUNE, truncations=(4, 8)), 3)
    assert len(log(tmp_path / "out")) == 3


class Killed(BaseException):
    pass


def run_killed(monkeypatch: pytest.MonkeyPatch, train: Any, kill_at: int) -> None:
    """Start a run and end it in the middle of a step, as a signal would."""
    step = loop.Run._step

    def fatal(self: loop.Run, batch: Any, one: Any) -> Any:
        if self.state.step == kill_at:
            raise Killed
        return step(self, batch, one)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Run, "_step", fatal)
        with pytest.raises(Killed):
            train()


@pytest.mark.parametrize("stage", ["contrastive", "rtd", "mlm", "scratch"])
def test_killed_and_resumed_equals_uninterrupted(
    stage: str, pairs: Pairs, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(name: str) -> Path:
        out = tmp_path / name
        if stage == "contrastive":
            tune(pairs, start, out, replace(TUNE, topics=6, together=4), 7)
            return out / "model"
        objective = "mlm" if stage == "mlm" else "rtd"
        recipe = replace(PRETRAIN, objective=objective)
        begin, rules = (None, start / "tokenizer.json") if stage == "scratch" else (start, None)
        pretrain.train(pairs, begin, out, recipe, limits(7), device=CPU, tokenizer=rules)
        return out / "model"

    whole = weights(train("whole"))
    run_killed(monkeypatch, lambda: train("killed"), kill_at=5)
    assert not (tmp_path / "killed" / "model").exists()
    resumed = weights(train("killed"))
    assert [row["step"] for row in log(tmp_path / "killed")] == [1, 2, 3, 4, 5, 5, 6, 7]
    for name, one in whole.items():
        assert torch.equal(one, resumed[name]), name
    before = weights(start)
    if stage != "scratch":
        assert any(not torch.equal(one, before[name]) for name, one in whole.items())


def test_another_recipe_does_not_go_on(pairs: Pairs, start: Path, tmp_path: Path) -> None:
    tune(pairs, start, tmp_path / "out", TUNE, 2)
    with pytest.raises(CodesearchError, match="recipe"):
        tune(pairs, start, tmp_path / "out", replace(TUNE, tau=0.1), 2)


@pytest.mark.parametrize("log_every", [1, 100], ids=["logged", "before a checkpoint"])
def test_what_is_no_number_is_never_saved(
    pairs: Pairs, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_every: int
) -> None:
    step = loop.Run._step

    def diverge(self: loop.Run, batch: Any, one: Any) -> Any:
        metrics = step(self, batch, one)
        if self.state.step == 3:
            metrics["loss"] *= float("nan")
            with torch.no_grad():
                next(self.module.parameters())[0] *= float("nan")
        return metrics

    monkeypatch.setattr(loop.Run, "_step", diverge)
    times = loop.Limits(max_steps=9, save_steps=2, log_every=log_every)
    with pytest.raises(CodesearchError, match=r"Not a number at step [34]:") as said:
        contrastive.train(pairs, start, tmp_path / "out", TUNE, times, device=CPU)
    assert "lower optimizer.lr" in said.value.remedy
    saved = torch.load(tmp_path / "out" / loop.CHECKPOINT, weights_only=True)
    assert saved["step"] == 2
    assert all(one.isfinite().all() for one in saved["module"].values())


def test_a_finished_run_keeps_its_last_numbers(pairs: Pairs, start: Path, tmp_path: Path) -> None:
    for _ in range(2):
        tune(pairs, start, tmp_path / "out", TUNE, 2)
    (record,) = json.loads((tmp_path / "out" / "model" / "training.json").read_text())
    assert record["last"]["loss"] == log(tmp_path / "out")[-1]["loss"]


@pytest.mark.parametrize("what", ["start", "pairs", "bf16"])
def test_another_start_pairs_or_precision_do_not_go_on(
    pairs: Pairs, start: Path, tmp_path: Path, what: str
) -> None:
    out = tmp_path / "out"
    tune(pairs, start, out, TUNE, 2)
    if what == "start":
        start = out / "model"
    if what == "pairs":
        pairs.ids[0] += 1
    with pytest.raises(CodesearchError, match=rf"another run \({what}\)"):
        contrastive.train(pairs, start, out, TUNE, limits(2), device=CPU, bf16=what == "bf16")


def other_template(pairs: Pairs, start: Path) -> None:
    pairs.meta = replace(pairs.meta, template_version=pairs.meta.template_version - 1)


def other_tokenizer(pairs: Pairs, start: Path) -> None:
    rules = json.loads((start / "tokenizer.json").read_text())
    rules["normalizer"]["lowercase"] = False
    (start / "tokenizer.json").write_text(json.dumps(rules))


def no_tokenizer(pairs: Pairs, start: Path) -> None:
    (start / "tokenizer.json").unlink()


def larger_vocabulary(pairs: Pairs, start: Path) -> None:
    pairs.meta = replace(pairs.meta, vocabulary=30522)


@pytest.mark.parametrize("stage", ["pretrain", "contrastive"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (other_template, "text template"),
        (other_tokenizer, "not packed with"),
        (no_tokenizer, "There is no"),
        (larger_vocabulary, "knows 64 tokens"),
    ],
)
def test_shards_of_another_model_are_refused_at_once(
    pairs: Pairs, start: Path, tmp_path: Path, stage: str, change: Any, said: str
) -> None:
    change(pairs, start)
    with pytest.raises(CodesearchError, match=said):
        if stage == "pretrain":
            pretrain.train(pairs, start, tmp_path / "out", PRETRAIN, limits(1), device=CPU)
        else:
            tune(pairs, start, tmp_path / "out", TUNE, 1)


def test_from_scratch_wants_a_tokenizer_at_once(pairs: Pairs, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--tokenizer"):
        pretrain.train(pairs, None, tmp_path / "out", PRETRAIN, limits(1), device=CPU)


def test_a_device_that_nobody_tried_is_refused() -> None:
    assert nets.pick_device("cuda:1").index == 1
    with pytest.raises(ValueError, match="cpu or cuda"):
        nets.pick_device("mps")


def test_detection_learns_and_says_so(pairs: Pairs, start: Path, tmp_path: Path) -> None:
    pretrain.train(pairs, start, tmp_path / "out", PRETRAIN, limits(25), device=CPU)
    rows = log(tmp_path / "out")
    assert {"mlm", "rtd", "replaced", "precision", "recall", "contrast"} <= set(rows[0])
    assert 0.05 < rows[0]["replaced"] < 0.2
    assert np.mean([row["rtd"] for row in rows[-8:]]) < rows[0]["rtd"]


def masked(pairs: Pairs) -> tuple[Any, Any, Any]:
    (chunk,) = pretrain.Batches(pairs, PRETRAIN)(0).chunks
    return tuple(torch.from_numpy(one) for one in (chunk.ids, chunk.real, chunk.chosen))  # type: ignore[return-value]


def test_no_gradient_of_detection_reaches_the_generator(pairs: Pairs, start: Path) -> None:
    module = electra.Electra(nets.load_model(start), PRETRAIN, warm=True).eval()
    ids, real, chosen = masked(pairs)
    hidden = torch.autograd.grad(
        module(ids, real, chosen, 3)[0],
        list(module.generator.parameters()),
        allow_unused=True,
    )
    only_mlm = electra.Electra(nets.load_model(start), replace(PRETRAIN, detection=0.0), warm=True)
    only_mlm.eval().load_state_dict(module.state_dict())
    expected = torch.autograd.grad(
        only_mlm(ids, real, chosen, 3)[0],
        list(only_mlm.generator.parameters()),
        allow_unused=True,
    )
    assert any(one is not None for one in hidden)
    for one, two in zip(hidden, expected, strict=True):
        if one is not None:
            torch.testing.assert_close(one, two)


def test_masks_leave_special_tokens_alone(pairs: Pairs) -> None:
    ids, real, chosen = masked(pairs)
    assert not chosen[~real].any()
    assert not chosen[(ids == 1) | (ids == 2)].any()
    assert 0.05 < chosen.sum() / real.sum() < 0.3


def test_the_merged_encoder_is_the_trained_one(pairs: Pairs, start: Path) -> None:
    module = electra.Electra(nets.load_model(start), PRETRAIN, warm=True).eval()
    with torch.no_grad():
        module.difference.normal_()
        ids, real = nets.to_device([pairs.text(record, 12) for record in range(4)], 0, CPU)
        torch.testing.assert_close(
            nets.embed(module.merged().eval(), ids, real), module.embed(ids, real)
        )


def test_a_generator_may_be_the_first_layers(start: Path) -> None:
    encoder = nets.load_model(start)
    recipe = replace(PRETRAIN, generator_hidden=0, generator_layers=1)
    generator = electra.make_generator(encoder, recipe, warm=True)
    assert len(generator.encoder.layer) == 1
    theirs, ours = encoder.encoder.layer[0].state_dict(), generator.encoder.layer[0].state_dict()
    assert all(torch.equal(theirs[name], ours[name]) for name in theirs)


def test_sampling_follows_the_distribution() -> None:
    torch.manual_seed(1)
    logits = torch.tensor([0.0, 1.0, 2.0]).repeat(20_000, 1)
    found = torch.bincount(electra.sample(logits), minlength=3) / 20_000
    torch.testing.assert_close(found, torch.softmax(logits[0], 0), atol=0.02, rtol=0)


def test_the_rate_rises_then_falls_to_nothing() -> None:
    assert loop.rate(0.0, 0.1) < 0.05
    assert loop.rate(0.1, 0.1) == 1.0
    assert loop.rate(0.55, 0.1) == pytest.approx(0.5)
    assert loop.rate(1.0, 0.1) == 0.0


def test_time_ends_a_run(pairs: Pairs, start: Path, tmp_path: Path) -> None:
    recipe = replace(TUNE, augment=Augment(opening=1.0))
    time_limit = loop.Limits(max_seconds=2.0, log_every=1)
    run = contrastive.train(pairs, start, tmp_path / "out", recipe, time_limit, device=CPU)
    assert run.state.elapsed >= 2.0
    rows = log(tmp_path / "out")
    assert len(rows) == run.state.step
    for before, row in pairwise(rows):
        if before["elapsed"] < 0.5:  # logged to a tenth of a second, too coarse for the warm-up
            continue
        expected = recipe.optimizer.lr * loop.rate(before["elapsed"] / 2.0, 0.1)
        assert row["lr"] == pytest.approx(expected, abs=0.1 * recipe.optimizer.lr)


def test_a_machine_that_only_trains_needs_little() -> None:
    """A GPU machine has torch, transformers and numpy; nothing that indexing or export need."""
    absent = ("tree_sitter", "pathspec", "qdrant_edge", "Stemmer", "click", "typer", "platformdirs")
    absent += ("onnx", "onnxruntime")
    script = (
        f"import sys; sys.modules.update(dict.fromkeys({absent!r}))\n"
        "from codesearch.training import __main__, blend, carry, compare, contrastive, negatives\n"
        "from codesearch.training import packed, pretrain, tasks\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_blend_lies_between(pairs: Pairs, start: Path, tmp_path: Path) -> None:
    contrastive.train(pairs, start, tmp_path / "run", TUNE, limits(2), device=CPU)
    tuned = tmp_path / "run" / "model"
    blend.blend(start, tuned, 0.25, tmp_path / "blend")
    old, new, mean = weights(start), weights(tuned), weights(tmp_path / "blend")
    for name, one in mean.items():
        if one.is_floating_point():
            torch.testing.assert_close(one, 0.75 * old[name] + 0.25 * new[name])
    records = json.loads((tmp_path / "blend" / "training.json").read_text())
    assert [record["stage"] for record in records] == ["contrastive", "blend"]
    contrastive.train(pairs, start, tmp_path / "run2", replace(TUNE, seed=2), limits(2), device=CPU)
    blend.blend(tmp_path / "run2" / "model", tuned, 0.5, tmp_path / "mean")
    *_, record = json.loads((tmp_path / "mean" / "training.json").read_text())
    assert (record["runs_before"], record["beside"][0]["recipe"]["seed"]) == (0, 2)
    (start / "tokenizer.json").write_text("{}")
    with pytest.raises(CodesearchError, match="different tokenizers"):
        blend.blend(start, tuned, 0.25, tmp_path / "other")


def test_a_head_begins_with_how_frequent_words_are(pairs: Pairs) -> None:
    found = pretrain.log_frequencies(pairs).exp()
    assert found.shape == (pairs.meta.vocabulary,)
    assert float(found.sum()) == pytest.approx(1)
    assert int(found.argmax()) == int(np.bincount(pairs.ids).argmax())


def test_contrastive_steps_of_pretraining_have_forms_of_their_own(pairs: Pairs) -> None:
    kept, bare = Augment(keep_doc=1, mask_name=0), Augment(keep_doc=0, mask_name=0)
    recipe = replace(PRETRAIN, contrast_weight=1.0, augment=kept, contrast_augment=bare)
    step = pretrain.Batches(pairs, recipe)(0)
    assert step.contrast is not None
    assert not step.contrast.documented
