"""Text → token ids, by the rules that travel with the weights."""

from __future__ import annotations

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
        ids = self._encode(text[: self._max_tokens * _CHARACTERS_PER_TOKEN])
        if len(ids) > self._max_tokens:
            return [*ids[: self._max_tokens - 1], self._end]
        return ids

    def count(self, text: str) -> int:
        """How many ids the whole text has, special tokens included."""
        return len(self._encode(text))

    def _encode(self, text: str) -> list[int]:
        # Git paths may hold bytes that are no UTF-8; Python carries them as lone surrogates.
        clean = text.encode("utf-8", "replace").decode("utf-8")
        ids: list[int] = self._tokenizer.encode(clean).ids
        return ids
