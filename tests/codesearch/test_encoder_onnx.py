from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from codesearch.encoder import Encoder, load_encoder, query_text
from codesearch.encoder.tokenizer import WordPieces
from codesearch.encoder.weights import DEFAULT_FOLDER, TOKENIZER

TEXTS = [
    "",
    "x",
    "parse the header of an http request",
    "def add(a, b): return a + b",
    "größe ändern, 日本語, привет, \U0001f600, \x00",
    "a path that is no text: \udcff",
    "for item in items: total = total + item.price * item.count " * 40,
    "sort a list in place",
    "open the file and read every line",
] * 3


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(threads=2)


def test_a_question_has_length_one_and_a_document_less(encoder: Encoder) -> None:
    vectors = encoder.encode_documents(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimension)
    assert vectors.dtype == np.float32
    lengths = np.linalg.norm(vectors, axis=1)
    assert lengths.min() > 0.6
    assert lengths.max() < 1
    assert np.linalg.norm(encoder.encode_query(TEXTS[2])) == pytest.approx(1, abs=1e-5)


def test_what_is_near_to_many_questions_is_shorter(encoder: Encoder) -> None:
    hub, specific = encoder.encode_documents(
        ["get the value", "xn wq zzt def xn(wq, zzt): return 0x3f ^ 0x7e"]
    )
    assert np.linalg.norm(hub) < np.linalg.norm(specific)


def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode_documents([]).shape == (0, encoder.dimension)


def test_a_text_has_one_vector_whatever_is_beside_it(encoder: Encoder) -> None:
    together = encoder.encode_documents(TEXTS)
    for number, text in enumerate(TEXTS):
        alone = together[number] / np.linalg.norm(together[number])
        np.testing.assert_array_equal(alone, encoder.encode_query(text))
        np.testing.assert_array_equal(together[number], encoder.encode_documents([text])[0])


def test_order_does_not_matter(encoder: Encoder) -> None:
    order = np.random.default_rng(1).permutation(len(TEXTS))
    shuffled = encoder.encode_documents([TEXTS[number] for number in order])
    np.testing.assert_array_equal(shuffled, encoder.encode_documents(TEXTS)[order])


def test_the_number_of_threads_does_not_matter(encoder: Encoder) -> None:
    alone = load_encoder(threads=1)
    np.testing.assert_array_equal(alone.encode_documents(TEXTS), encoder.encode_documents(TEXTS))


def test_two_threads_may_share_an_encoder(encoder: Encoder) -> None:
    expected = encoder.encode_documents(TEXTS)
    with ThreadPoolExecutor(2) as pool:
        for vectors in pool.map(encoder.encode_documents, [TEXTS] * 4):
            np.testing.assert_array_equal(vectors, expected)


def test_progress_adds_up(encoder: Encoder) -> None:
    told: list[int] = []
    encoder.encode_documents(["some text"] * 70, on_batch=told.append)
    assert sum(told) == 70
    assert len(told) > 1


def test_a_very_long_text_is_cut_and_costs_no_more(encoder: Encoder) -> None:
    long = "return the sum of two numbers " * 100_000
    short = "return the sum of two numbers " * encoder.max_tokens
    np.testing.assert_array_equal(encoder.encode_query(long), encoder.encode_query(short))


def test_tokens_are_counted_beyond_the_cut(encoder: Encoder) -> None:
    assert encoder.count_tokens("") == 2
    assert encoder.count_tokens("read the header") == 5
    assert encoder.count_tokens("header " * 1000) == 1002


def test_tokens_of_many_texts_are_those_of_each() -> None:
    pieces = WordPieces((DEFAULT_FOLDER / TOKENIZER).read_bytes(), max_tokens=16)
    assert pieces.many(TEXTS) == [pieces.ids(text) for text in TEXTS]
    assert max(map(len, pieces.many(TEXTS))) == 16


FUNCTIONS = {
    "where are cookies signed?": "def sign_cookie(value, key):\n    return hmac(key, value)",
    "read a csv file into rows": "def load(path):\n    return list(csv.reader(open(path)))",
    "retry a failed request": "def with_retries(send, times):\n    for _ in range(times):\n"
    "        try: return send()\n        except ConnectionError: time.sleep(1)",
    "greatest common divisor": "int gcd(int a, int b) { return b == 0 ? a : gcd(b, a % b); }",
    "resize an image": "func thumbnail(src image.Image, w, h int) image.Image { /* scale */ }",
}


def test_a_question_is_nearest_to_its_function(encoder: Encoder) -> None:
    documents = encoder.encode_documents([query_text(code) for code in FUNCTIONS.values()])
    for number, question in enumerate(FUNCTIONS):
        assert int(np.argmax(documents @ encoder.encode_query(query_text(question)))) == number


def test_the_packaged_weights_are_small() -> None:
    assert sum(file.stat().st_size for file in DEFAULT_FOLDER.iterdir()) <= 32 << 20


def test_importing_the_encoder_loads_no_runtime() -> None:
    heavy = "{'onnxruntime', 'numpy', 'tokenizers', 'torch', 'transformers'}"
    code = f"import sys, codesearch.encoder; print({heavy} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_serving_loads_no_training_library() -> None:
    code = (
        "import sys; from codesearch.encoder import load_encoder; load_encoder().encode_query('x');"
        "print({'torch', 'transformers', 'onnx'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    assert not done.stderr
