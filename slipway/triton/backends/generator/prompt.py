"""A prompt's tokens, in which nobody can write a special token."""

from collections.abc import Sequence
from typing import Any


class Forbidden(ValueError):
    """A text cannot be given to the model; the message is what its sender is told."""


class Prompts:
    """A tokenizer of the library `tokenizers`, made safe for what strangers write.

    By default a text like `<|end|>` would become the special token itself, and end or reshape the
    conversation that a program builds around it. With `encode_special_tokens` it becomes the tokens
    of its characters. A vocabulary that has it as an ordinary word as well would bring it back by
    that way: such a text is refused. The tokens that the tokenizer itself puts around a text stay.
    """

    def __init__(self, tokenizer: Any) -> None:
        tokenizer.encode_special_tokens = True
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        added = tokenizer.get_added_tokens_decoder()
        self._special = {number: each.content for number, each in added.items() if each.special}

    def encode(self, text: str) -> list[int]:
        """Raises `Forbidden` where a special token would come out of the text."""
        encoded = self._tokenizer.encode(text)
        for token, of_template in zip(encoded.ids, encoded.special_tokens_mask, strict=True):
            if token in self._special and not of_template:
                raise Forbidden(f"text_input holds the special token {self._special[token]}")
        return list(encoded.ids)

    def decode(self, tokens: Sequence[int]) -> str:
        """Text without special tokens."""
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True))
