"""Text → token ids, by the rules that travel with the weights."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Tokenizer

# No word piece vocabulary needs more characters a token on average; what lies beyond this many
# per allowed token is not even looked at, so that a text of megabytes costs what a page costs.
_CHARACTERS_PER_TOKEN = 64


class WordPieces:
    """Token ids of a text, cut to ``max_tokens``. May be used from several threads."""

    def __init__(self, rules: bytes, max_tokens: int) -> None:
        self._tokenizer = Tokenizer.from_buffer(rules)
        # A file may carry its own habits; here a text is cut below and never padded.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._max_tokens = max_tokens
        self._end = self.ids("")[-1]

    @property
    def vocabulary(self) -> int:
        """How many different ids there are."""
        return self._tokenizer.get_vocab_size()

    def ids(self, text: str) -> list[int]:
        """Ids with both special tokens, at most ``max_tokens`` of them."""
        return self._cut(self._tokenizer.encode(self._head(text)).ids)

    def many(self, texts: Sequence[str]) -> list[list[int]]:
        """:meth:`ids` of each text, on all cores; unlike there, without the interpreter lock."""
        encoded = self._tokenizer.encode_batch_fast([self._head(text) for text in texts])
        return [self._cut(one.ids) for one in encoded]

    def count(self, text: str) -> int:
        """How many ids the whole text has, special tokens included."""
        return len(self._tokenizer.encode(_clean(text)).ids)

    def _head(self, text: str) -> str:
        return _clean(text[: self._max_tokens * _CHARACTERS_PER_TOKEN])

    def _cut(self, ids: list[int]) -> list[int]:
        return ids if len(ids) <= self._max_tokens else [*ids[: self._max_tokens - 1], self._end]


def _clean(text: str) -> str:
    """Git paths may hold bytes that are no UTF-8; Python carries them as lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")
