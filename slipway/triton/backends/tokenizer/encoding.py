"""Texts to token ids of one width, so that requests of like length join into batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class BadText(ValueError):
    """A text cannot be tokenised; the message is what its sender is told."""


@dataclass(frozen=True)
class Encoder:
    """`tokenizer` is a `tokenizers.Tokenizer`; `lengths` are the widths that answers may have.

    `squeezed` are the axes of the text that are always 1 and that the ids lack.
    """

    tokenizer: Any
    lengths: tuple[int, ...]
    squeezed: tuple[int, ...]

    @classmethod
    def of(cls, tokenizer: Any, config: Mapping[str, Any]) -> "Encoder":
        """For a ModelConfig in JSON form. Takes over the tokenizer's own cutting and padding."""
        lengths = tuple(map(int, config["parameters"]["lengths"]["string_value"].split(",")))
        tokenizer.no_padding()
        tokenizer.enable_truncation(lengths[-1])
        # What looks like a special token in a text is text.
        tokenizer.encode_special_tokens = True
        batch = 1 if int(config.get("max_batch_size", 0)) else 0
        dims = [int(d) for d in config["input"][0]["dims"]]
        fixed = tuple(axis for axis, size in enumerate(dims, batch) if size != -1)
        return cls(tokenizer, lengths, fixed)

    def __call__(self, requests: Sequence[Array]) -> list[tuple[Array, Array]]:
        """Ids and mask (INT64) of each request's texts, an array of UTF-8 bytes of any shape.

        All texts of all requests are tokenised together; a request is as wide as the smallest of
        `lengths` that holds its longest text. An empty text is all padding: its mask is zero.
        """
        texts = [[_text(each) for each in request.ravel()] for request in requests]
        encoded = iter(self.tokenizer.encode_batch([each for some in texts for each in some]))
        return [
            self._answer(
                request,
                [
                    encoding.ids if each else []
                    for each, encoding in zip(some, encoded, strict=False)
                ],
            )
            for request, some in zip(requests, texts, strict=True)
        ]

    def _answer(self, request: Array, rows: Sequence[Sequence[int]]) -> tuple[Array, Array]:
        longest = max(map(len, rows), default=0)
        width = next(length for length in self.lengths if length >= longest)
        ids = np.zeros((len(rows), width), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(rows):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        shape = [size for axis, size in enumerate(request.shape) if axis not in self.squeezed]
        return ids.reshape(*shape, width), mask.reshape(*shape, width)


def _text(value: Any) -> str:
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError:
        raise BadText("the text is not UTF-8") from None
