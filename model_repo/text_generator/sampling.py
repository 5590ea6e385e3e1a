"""Text drawn from a network without a cache: slow, and enough for a few samples in a report."""

from collections.abc import Callable, Mapping

import numpy as np

from slipway.tensors import Array

from .recipe import RECIPE

LENGTH = 96
"""Tokens drawn at most."""
TEMPERATURE = 0.7
SEED = 0

Answer = Callable[[Mapping[str, Array]], Mapping[str, Array]]


def continuations(answer: Answer, given: Array, end: int) -> list[list[int]]:
    """Up to `LENGTH` tokens after each row of `given` (rows, tokens), as far as its first `end`."""
    rng = np.random.default_rng(SEED)
    ids = given
    for _ in range(LENGTH):
        logits = answer({RECIPE.inputs[0].name: ids})[RECIPE.outputs[0].name][:, -1]
        # The largest of the logits with Gumbel noise is a draw from their softmax.
        drawn = (logits / TEMPERATURE + rng.gumbel(size=logits.shape)).argmax(axis=1)
        ids = np.concatenate([ids, drawn[:, None].astype(ids.dtype)], axis=1)
        if (ids[:, given.shape[1] :] == end).any(axis=1).all():
            break
    return [_until(row[given.shape[1] :].tolist(), end) for row in ids]


def _until(tokens: list[int], end: int) -> list[int]:
    return tokens[: tokens.index(end)] if end in tokens else tokens
