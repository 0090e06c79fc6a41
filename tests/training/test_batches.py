from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codesearch.training import forms as made
from codesearch.training import packed, recipe
from codesearch.training.batches import (
    Ahead,
    AnyBatches,
    Bystanders,
    LanguageBatches,
    padded,
)
from codesearch.training.forms import Forms
from codesearch.training.negatives import Candidates, judged, mine
from codesearch.training.packed import SEGMENTS, Pairs
from codesearch.training.recipe import Augment, Contrastive, Pretrain
from codesearch.training.topics import topics


def test_batches_are_of_one_language_as_far_as_there_are_enough(pairs: Pairs) -> None:
    plan = LanguageBatches(pairs, 8, weak_share=0.1, seed=1)
    assert plan.per_epoch == (50 + 5) // 8
    sizes = {len(plan.at(step)) for step in range(20)}
    assert sizes == {8}
    pure = [len(set(pairs.language[plan.at(step)])) == 1 for step in range(plan.per_epoch)]
    assert pure.count(False) <= 1
    once = np.concatenate([plan.at(step) for step in range(plan.per_epoch)])
    assert len(set(once)) == len(once)


def test_pairs_of_one_repository_stand_together(pairs: Pairs) -> None:
    pairs.repository[:] = np.arange(60) % 4
    plan = LanguageBatches(pairs, 8, weak_share=0.1, together=4, seed=1)
    same = np.array([pairs.repository[plan.at(step)] for step in range(plan.per_epoch)])
    neighbours = (same[:, 1:] == same[:, :-1]).mean()
    assert neighbours > 0.6  # 0.25 where they are mixed
    once = np.concatenate([plan.at(step) for step in range(plan.per_epoch)])
    assert len(set(once)) == len(once)
    again = LanguageBatches(pairs, 8, weak_share=0.1, together=4, seed=1)
    assert again.at(3).tolist() == plan.at(3).tolist()


def test_commits_have_their_share(pairs: Pairs) -> None:
    kept = np.arange(1, 60)
    told = np.flatnonzero(pairs.told[:50])[1:]
    plan = LanguageBatches(pairs, 4, weak_share=0.1, told_share=0.5, kept=kept, seed=1)
    assert plan.per_epoch == (2 * len(told) + 1) // 4
    seen: set[int] = set()
    for epoch in range(40):
        steps = range(epoch * plan.per_epoch, (epoch + 1) * plan.per_epoch)
        once = np.concatenate([plan.at(step) for step in steps])
        assert len(set(once)) == len(once)
        assert pairs.told[once].sum() >= len(once) // 2 - 2
        seen |= set(once.tolist())
    assert len(seen & set(range(50))) == 49  # all of the others in time
    few = LanguageBatches(pairs, 4, weak_share=0.0, told_share=0.01, seed=1)
    assert few.per_epoch == 50 // 4  # no more than there are
    pairs.told[:] = False
    none = LanguageBatches(pairs, 4, weak_share=0.0, told_share=0.5, seed=1)
    assert none.per_epoch == 50 // 4


def test_topics_gather_questions_that_are_alike(pairs: Pairs) -> None:
    words = np.zeros((64, 2), np.float32)  # of two subjects: low numbers and high ones
    words[:37, 0], words[37:, 1] = 1, 1
    found = topics(pairs, words, 5, 1)
    assert found.tolist() == topics(pairs, words, 5, 1).tolist()
    for group in np.unique(found):
        own = np.flatnonzero(found == group)
        assert len(np.unique(pairs.language[own])) == 1
    about = np.array([(pairs.segment(record, 0) >= 37).mean() for record in range(60)])
    within = np.mean([about[found == group].std() for group in np.unique(found)])
    assert within < 0.7 * about.std()
    plan = LanguageBatches(pairs, 8, weak_share=0.1, together=4, groups=found, seed=1)
    same = np.array([found[plan.at(step)] for step in range(plan.per_epoch)])
    assert (same[:, 1:] == same[:, :-1]).mean() > 0.3  # 0.1 where they are mixed


def test_a_step_needs_no_history(pairs: Pairs) -> None:
    forward = LanguageBatches(pairs, 8, weak_share=0.1, seed=1)
    seen = [forward.at(step).tolist() for step in range(15)]
    again = LanguageBatches(pairs, 8, weak_share=0.1, seed=1)
    assert [again.at(step).tolist() for step in reversed(range(15))] == seen[::-1]
    assert seen != [
        LanguageBatches(pairs, 8, weak_share=0.1, seed=2).at(s).tolist() for s in range(15)
    ]
    forms = Forms(pairs, Augment(), 1, 16, 32)
    one, two = (forms.batch(4, np.array([1, 2, 3]), short=2) for _ in range(2))
    assert [ids.tolist() for ids in one.documents] == [ids.tolist() for ids in two.documents]
    assert len(one.short) == 2
    assert all(len(ids) <= 16 for ids in one.short)


def test_all_records_come_in_pretraining(pairs: Pairs) -> None:
    plan = AnyBatches(pairs, 10, weak_share=1.0, seed=1)
    once = np.concatenate([plan.at(step) for step in range(plan.per_epoch)])
    assert sorted(once) == list(range(60))


def test_weak_pairs_never_show_their_name(pairs: Pairs) -> None:
    forms = Forms(pairs, Augment(mask_name=0.0), 1, 16, 32)
    weak = int(np.flatnonzero(pairs.weak)[0])
    own = int(pairs.segment(weak, 1)[-1])
    for step in range(10):
        assert own not in forms.batch(step, np.array([weak])).documents[0]


def test_a_batch_says_which_code_keeps_its_documentation(pairs: Pairs) -> None:
    forms = Forms(pairs, Augment(keep_doc=0.5, mask_name=0.0, drop_declaration=0.0), 1, 16, 512)
    every = np.arange(len(pairs))
    batch = forms.batch(3, every)
    assert 0 < len(batch.documented) < (~pairs.weak).sum()
    for place, record in enumerate(every):
        doc = pairs.segment(record, SEGMENTS.index("doc")).tolist()
        ids = batch.documents[place].tolist()
        shown = doc and any(ids[n : n + len(doc)] == doc for n in range(len(ids)))
        assert bool(shown) == (place in batch.documented)


def test_documentation_is_left_out_only_where_it_is_the_question(
    pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = np.arange(len(pairs))
    pairs.told[:] = every % 5 == 1
    has_any = [pairs.has_documentation(record) for record in every]
    bare = Forms(pairs, Augment(keep_doc=0.0), 1, 16, 512)
    shown = np.flatnonzero(pairs.told & has_any)
    assert bare.batch(0, every).documented == shown.tolist() != []
    monkeypatch.setattr(made, "_TELLING", 1)
    named = Forms(pairs, Augment(keep_doc=0.0, name=1.0), 1, 16, 512)
    assert named.batch(0, every).documented == np.flatnonzero(has_any).tolist()


def test_questions_of_key_words(pairs: Pairs) -> None:
    spoken = Forms(pairs, Augment(opening=0.0, key_words=0.0), 1, 16, 32)
    forms = Forms(pairs, Augment(opening=0.5, key_words=1.0), 1, 16, 32)
    every = np.arange(len(pairs))
    openings = set()
    for record, said, told in zip(
        every, spoken.batch(0, every).texts, forms.batch(0, every).texts, strict=True
    ):
        begins = [one for one in pairs.meta.questions[pairs.language[record]] if told[1] == one[0]]
        opening = list(begins[0]) if begins else []
        openings.add(len(opening))
        words = [word for word in said[1:-1].tolist() if word not in pairs.meta.stop_words]
        words = words if len(words) > 2 else said[1:-1].tolist()
        assert told.tolist() == [said[0], *opening, *words, said[-1]]
    assert openings == {0, 1, 2, 3}


def test_questions_that_are_a_name_find_it_in_the_code(
    pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms = Forms(pairs, Augment(name=1.0, mask_name=1.0), 1, 16, 512)
    spoken = Forms(pairs, Augment(name=0.0, mask_name=1.0), 1, 16, 512)
    every = np.arange(len(pairs))
    # Names of two words tell too little.
    for one, other in zip(forms.batch(0, every).texts, spoken.batch(0, every).texts, strict=True):
        assert one.tolist() == other.tolist()
    monkeypatch.setattr(made, "_TELLING", 1)
    names, lengths = pairs.lengths[:, SEGMENTS.index("name")], set()
    for step in range(4):
        batch = forms.batch(step, every)
        for record in every:
            name = pairs.segment(record, SEGMENTS.index("name")).tolist()
            question, document = (
                batch.texts[record].tolist()[1:-1],
                batch.documents[record].tolist(),
            )
            assert question == name[-len(question) :]
            lengths.add(names[record] - len(question))
            assert document[1 : 1 + len(name)] == name
    assert lengths == {0, 1}  # qualified and bare


def test_what_answers_as_well_is_no_negative(pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "_TELLING", 1)
    every = np.arange(len(pairs))
    names = [pairs.own_name(record).tolist() for record in every]
    namesakes = np.array([[one == other for other in names] for one in names])
    np.fill_diagonal(namesakes, False)
    assert namesakes[50:].any()
    assert namesakes[:50].any()
    plain = Forms(pairs, Augment(opening=0.0), 1, 16, 512)
    said = plain.batch(0, every).same
    # Weak pairs ask for a name.
    assert not said[:50].any()
    assert (said[50:] == namesakes[50:]).all()
    named = Forms(pairs, Augment(name=1.0), 1, 16, 512)
    assert (named.batch(0, every).same == namesakes).all()
    assert named.batch(0, every[:40], every[40:]).same.shape == (40, 60)
    # One function, asked for in two ways; two functions, asked for in one way.
    pairs.answer[1] = pairs.answer[0]
    pairs.segment(0, 0)[:] = pairs.segment(5, 0)
    places = np.argwhere(plain.batch(0, every[:50]).same).tolist()
    assert places == [[0, 1], [0, 5], [1, 0], [5, 0]]


def test_padding() -> None:
    filled, real = padded([np.array([1, 5, 2], np.uint16), np.array([1, 2], np.uint16)], pad=0)
    assert filled.shape == (2, 8)
    assert real.sum(axis=1).tolist() == [3, 2]
    assert filled[1].tolist() == [1, 2, 0, 0, 0, 0, 0, 0]


def test_making_ahead_keeps_the_order_and_hands_errors_on() -> None:
    def make(step: int) -> int:
        if step == 7:
            raise ValueError("seven")
        return step

    ahead, got = Ahead(make, 2), []
    with pytest.raises(ValueError, match="seven"):
        for made in ahead:
            got.append(made)
    ahead.close()
    assert got == [2, 3, 4, 5, 6]


def vectors(count: int, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    made = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_filter_and_hard_negatives(pairs: Pairs) -> None:
    documents = vectors(60)
    texts = documents.copy()
    texts[0] = -documents[0]  # its code comes last
    records = judged(pairs)
    assert records.tolist() == list(range(50))
    candidates = mine(pairs, records, texts[:50], documents[:50], top=2, count=5)
    assert 0 not in candidates.kept
    assert len(candidates.kept) == 59
    for record in range(1, 50):
        found = candidates.negatives[record]
        found = found[found >= 0]
        assert record not in found
        assert (pairs.language[found] == pairs.language[record]).all()
        assert not pairs.weak[found].any()
        scores = documents[found] @ texts[record]
        assert (np.diff(scores) <= 1e-6).all()
        assert (scores < 0.95).all()


def test_the_filter_may_judge_commits_alone(pairs: Pairs) -> None:
    records = judged(pairs, told_only=True)
    assert (records % 7 == 0).all()
    documents = vectors(len(records))
    candidates = mine(pairs, records, -documents, documents, top=1, count=5)  # all come last
    assert candidates.kept.tolist() == [one for one in range(60) if one % 7]


def with_bystanders(pairs: Pairs) -> Pairs:
    """The same of two repositories; the first twelve have no text."""
    parts = [
        pairs.segment(record, number) if number or record >= 12 else pairs.ids[:0]
        for record in range(60)
        for number in range(len(SEGMENTS))
    ]
    fields = {name: getattr(pairs, name).copy() for name in packed._FIELDS}
    fields["lengths"][:12, 0] = 0
    fields["repository"] = (np.arange(60) % 2).astype(np.uint16)
    meta = replace(pairs.meta, repositories=("me/one", "me/two"), licences=("MIT", "MIT"))
    return Pairs(meta, np.concatenate(parts), fields)


def test_what_no_question_asks_for_is_a_negative_alone(pairs: Pairs) -> None:
    pairs = with_bystanders(pairs)
    plan = LanguageBatches(pairs, 8, weak_share=0.0, seed=1)
    asked = np.concatenate([plan.at(step) for step in range(plan.per_epoch)])
    assert asked.min() >= 12
    assert judged(pairs).min() == 12
    beside = Bystanders(pairs, 0.5, seed=1)
    seen: set[int] = set()
    for step in range(20):
        records = plan.at(step)
        found = beside.at(step, records)
        assert 0 < len(found) <= 4
        assert set(pairs.repository[found]) <= set(pairs.repository[records])
        batch = Forms(pairs, Augment(), 1, 16, 32).batch(step, records, found)
        assert len(batch.documents) == len(records) + len(found)
        assert not batch.same[:, len(records) :].any()
        seen.update(found.tolist())
    assert seen == set(range(12))
    assert not len(Bystanders(pairs, 0.0, seed=1).at(0, asked[:8]))


def test_codes_as_near_as_the_answer_are_no_negatives(pairs: Pairs) -> None:
    documents = vectors(60)
    same = np.flatnonzero(pairs.language == pairs.language[1])
    documents[same[:3]] = documents[1]
    documents = documents[:50]
    candidates = mine(pairs, judged(pairs), documents, documents, top=5, count=5)
    assert not set(same[:3]) & set(candidates.negatives[1].tolist())


def test_negatives_are_drawn_by_score(pairs: Pairs, tmp_path) -> None:  # type: ignore[no-untyped-def]
    candidates = mine(pairs, judged(pairs), vectors(50), vectors(50), count=5)
    candidates.save(tmp_path / "c.npz")
    again = Candidates.load(tmp_path / "c.npz")
    assert again.digest == candidates.digest
    cold = again.sample(np.array([1, 2]), 1, 1e-6, np.random.default_rng(1))
    assert cold.tolist() == again.negatives[[1, 2], 0].tolist()
    assert len(again.sample(np.array([1, 2]), 3, 1.0, np.random.default_rng(1))) == 6


@pytest.mark.parametrize("path", sorted(recipe.RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_recipes_can_be_read(path) -> None:  # type: ignore[no-untyped-def]
    kind = Pretrain if path.stem.startswith("pretrain") else Contrastive
    assert isinstance(recipe.load(kind, path.stem), kind)


def test_an_unknown_setting_is_named(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "r.toml").write_text("[augment]\nkeep_docs = 1.0\n")
    with pytest.raises(ValueError, match="keep_docs"):
        recipe.load(Contrastive, tmp_path / "r.toml")
