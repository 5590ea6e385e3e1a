"""Text to token ids, as the `tokenizer` backend does it in front of the served network."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import tokenizers

from slipway.dataset import Sources
from slipway.errors import RecipeError
from slipway.folder import ModelFolder
from slipway.recipe import Tokenizer
from slipway.tensors import Array

Preparation = Callable[[Mapping[str, Array]], Mapping[str, Array]]
"""From what clients of a model send to what its network takes."""


TOKENIZER_FILE = "tokenizer.json"


class TextEncoder:
    """Replaces the text of named inputs by ids and mask, padded to the longest of all."""

    def __init__(self, file: Path, settings: Tokenizer) -> None:
        self._settings = settings
        self._tokenizer = tokenizers.Tokenizer.from_file(str(file))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(settings.lengths[-1])
        # What looks like a special token in a text is text.
        self._tokenizer.encode_special_tokens = True

    def __call__(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Text (batch, ...) to INT64 (batch, ..., tokens) without dimensions that are always 1."""
        settings = self._settings
        texts = inputs[settings.text.name]
        # Each once: the items of many histories are few.
        different = list(dict.fromkeys(texts.ravel().tolist()))
        ids_of = {
            text: encoding.ids if text else []
            for text, encoding in zip(
                different, self._tokenizer.encode_batch(different), strict=True
            )
        }
        encoded = [ids_of[text] for text in texts.ravel()]
        ids = np.zeros((len(encoded), max(1, *map(len, encoded))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(encoded):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        shape = (
            len(texts),
            *(
                actual
                for declared, actual in zip(settings.text.shape, texts.shape[1:], strict=True)
                if isinstance(declared, str)
            ),
            -1,
        )
        others = {name: array for name, array in inputs.items() if name != settings.text.name}
        return {
            settings.ids: ids.reshape(shape),
            settings.mask: mask.reshape(shape),
            **others,
        }


def preparation(folder: ModelFolder, sources: Sources) -> Preparation:
    """From what clients of a model send to what its network takes."""
    settings = folder.recipe.tokenizer
    if settings is None:
        return dict
    return TextEncoder(tokenizer_file(folder, sources), settings)


def tokenizer_file(folder: ModelFolder, sources: Sources) -> Path:
    """The tokenizer.json that network.py names. Raises `RecipeError` where it cannot be read."""
    file: Path = folder.function("network", "tokenizer")(sources)
    try:
        tokenizers.Tokenizer.from_file(str(file))
    except Exception as error:
        raise RecipeError(f"{file} is no tokenizer", why=str(error)) from error
    return file
