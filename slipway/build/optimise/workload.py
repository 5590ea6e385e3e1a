"""What is timed: batches of held-out examples, in the shapes in which they are served."""

from collections.abc import Mapping

import numpy as np

from slipway.build.padding import trim
from slipway.recipe import Recipe
from slipway.tensors import Array


def batch_sizes(recipe: Recipe) -> tuple[int, ...]:
    """One, the middle one of those that are warmed up, and the largest."""
    buckets = recipe.serving.batch_buckets
    return tuple(sorted({1, buckets[len(buckets) // 2], recipe.serving.max_batch_size}))


def workload(inputs: Mapping[str, Array], recipe: Recipe) -> dict[int, dict[str, Array]]:
    """For each batch size the inputs of a network, spread evenly over the examples."""
    count = len(next(iter(inputs.values())))
    batches = {}
    for size in batch_sizes(recipe):
        rows = np.linspace(0, count - 1, size).astype(int)
        batches[size] = as_served({name: array[rows] for name, array in inputs.items()}, recipe)
    return batches


def as_served(inputs: Mapping[str, Array], recipe: Recipe) -> dict[str, Array]:
    """Cut to what is used; tokens then padded to the next length that the tokenizer gives."""
    batch = trim(inputs, recipe)
    if recipe.tokenizer is None:
        return batch
    for name in (recipe.tokenizer.ids, recipe.tokenizer.mask):
        tokens = batch[name].shape[-1]
        length = next(each for each in recipe.tokenizer.lengths if each >= tokens)
        width = [(0, 0)] * (batch[name].ndim - 1) + [(0, length - tokens)]
        batch[name] = np.pad(batch[name], width)
    return batch
