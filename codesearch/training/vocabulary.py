"""A word-piece vocabulary of our own, from the texts that the encoder will see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from codesearch.encoder.text import document_text, query_text
from codesearch.training import mine

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def train(mined: Path, out: Path, size: int = 30_000) -> int:
    """Write ``tokenizer.json`` with at most ``size`` pieces (below 65,536); how many there are.

    BERT's rules: lower case, no accents, punctuation apart; white space always parts words, on
    which the packed form relies.
    """
    if size >= 1 << 16:
        raise ValueError("packed ids have 16 bits: ask for fewer than 65,536 pieces")
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=SPECIALS, min_frequency=3, show_progress=False
    )
    tokenizer.train_from_iterator(_texts(mined), trainer)
    cls, sep = (tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", cls), ("[SEP]", sep)]
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(out))
    pieces: int = tokenizer.get_vocab_size()
    return pieces


def _texts(mined: Path) -> Iterator[str]:
    for path in sorted(mined.glob("*.jsonl.gz")):
        for pair in mine.read(path):
            yield query_text(pair.text).encode("utf-8", "replace").decode()
            yield document_text(pair.chunk).encode("utf-8", "replace").decode()
