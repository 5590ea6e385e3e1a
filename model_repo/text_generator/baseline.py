"""What counting alone can do: a 5-gram model of the same tokens, from the same texts."""

from collections.abc import Iterator, Mapping

import numpy as np

from slipway.dataset import Data, Split
from slipway.tensors import Array

from .kneser_ney import NOTHING, KneserNey
from .recipe import RECIPE, VOCABULARY
from .tokens import IGNORED

ORDER = 5
TITLE = "Kneser-Ney 5-gram"
ROWS = 16
"""Windows answered at a time, which bounds the memory."""


def answer(data: Data) -> Mapping[str, Array]:
    """Log-probabilities in place of the decoder's logits: (windows, tokens, vocabulary), FP32."""
    learnt = data.train.targets != IGNORED
    model = KneserNey(ORDER, VOCABULARY)
    model.fit(contexts(data.train)[learnt], data.train.targets[learnt])
    parts = [_log_probabilities(model, contexts(part)) for part in _parts(data.holdout)]
    return {RECIPE.outputs[0].name: np.concatenate(parts)}


def contexts(split: Split) -> Array:
    """The tokens before each target, oldest first: (windows, tokens, ORDER - 1)."""
    ids = split.inputs[RECIPE.inputs[0].name]
    before = np.pad(ids, ((0, 0), (ORDER - 2, 0)), constant_values=NOTHING)
    return np.lib.stride_tricks.sliding_window_view(before, ORDER - 1, axis=1)


def _log_probabilities(model: KneserNey, before: Array) -> Array:
    windows, tokens, length = before.shape
    probabilities = model.probabilities(before.reshape(-1, length))
    return np.log(probabilities).reshape(windows, tokens, -1)


def _parts(split: Split) -> Iterator[Split]:
    for start in range(0, len(split), ROWS):
        yield split.take(slice(start, start + ROWS))
