from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from codesearch.encoder.text import TEMPLATE_VERSION
from codesearch.encoder.weights import DEFAULT_FOLDER, TOKENIZER
from codesearch.training.fit import tokenizer_digest
from codesearch.training.packed import Meta, Pairs, Specials

VOCABULARY = 64
SPECIALS = Specials(pad=0, cls=1, sep=2, mask=3, unknown=4)


@pytest.fixture
def pairs() -> Pairs:
    """60 made-up records in two languages: the text's words come back in the code."""
    random = np.random.default_rng(5)
    segments, symbol = [], []
    for number in range(60):
        words = random.choice(np.arange(10, VOCABULARY), 4, replace=False)
        noise = random.integers(10, VOCABULARY, random.integers(3, 12))
        doc = words[1:] if number % 7 else words[:0]  # a commit may change a function without any
        segments.append([words, words[:2], noise[:1], noise[:2], doc, [*words[2:], *noise]])
        symbol.append(1)
    meta = Meta(
        template_version=TEMPLATE_VERSION,
        tokenizer_digest=tokenizer_digest(Tokenizer.from_file(str(DEFAULT_FOLDER / TOKENIZER))),
        vocabulary=VOCABULARY,
        max_tokens=32,
        specials=SPECIALS,
        languages=("go", "python"),
        repositories=("me/one",),
        licences=("MIT",),
        questions=(((5, 6), (7,)), ((5, 6, 8), (9,))),
        stop_words=(10, 11),
    )
    fields = {
        "lengths": np.array([[len(one) for one in row] for row in segments], np.uint16),
        "symbol": np.array(symbol, np.uint16),
        "declared": np.full(60, 2, np.uint16),
        "language": (np.arange(60) % 3 == 0).astype(np.uint8),
        "repository": np.zeros(60, np.uint16),
        "answer": np.arange(60, dtype=np.uint32),
        "weak": np.arange(60) >= 50,
        "told": np.arange(60) % 7 == 0,
    }
    ids = np.concatenate([np.array(one, np.uint16) for row in segments for one in row])
    return Pairs(meta, ids, fields)


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """A folder with a tiny random encoder."""
    torch = pytest.importorskip("torch", reason="training needs the train extra")
    transformers = pytest.importorskip("transformers", reason="training needs the train extra")
    config = transformers.ElectraConfig(
        vocab_size=VOCABULARY,
        embedding_size=16,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=40,
        initializer_range=0.2,
    )
    torch.set_num_threads(1)  # at this size a second thread only waits
    torch.manual_seed(3)
    transformers.ElectraModel(config).save_pretrained(tmp_path / "start")
    shutil.copyfile(DEFAULT_FOLDER / TOKENIZER, tmp_path / "start" / TOKENIZER)
    return tmp_path / "start"
