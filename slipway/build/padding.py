"""Dimensions that vary: cut to what is used, or padded further. Neither may change an answer."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from slipway.recipe import Recipe
from slipway.tensors import Array, TensorSpec

Arrays = Mapping[str, Array]


def trim(inputs: Arrays, recipe: Recipe) -> dict[str, Array]:
    """Cut every varying dimension of the network's inputs to what some row uses, at least 1.

    One that outputs have as well is left as it is: answers to parts of a batch must fit together.
    """
    kept = {name for spec in recipe.outputs for name in spec.varying}
    used = {name: 1 for spec in recipe.inputs for name in spec.varying}
    axes = [each for each in _varying(recipe.inputs) if each[2] not in kept]
    for spec, axis, name in axes:
        array = inputs[spec.name]
        others = tuple(a for a in range(array.ndim) if a != axis)
        filled = np.flatnonzero((array != spec.fill).any(axis=others))
        used[name] = max(used[name], int(filled[-1]) + 1 if len(filled) else 1)
    trimmed = dict(inputs)
    for spec, axis, name in axes:
        array = trimmed[spec.name]
        # A copy, since PyTorch takes no array that does not lie in memory row after row.
        trimmed[spec.name] = np.ascontiguousarray(array.take(range(used[name]), axis=axis))
    return trimmed


def extend(inputs: Arrays, specs: Sequence[TensorSpec], by: int) -> dict[str, Array]:
    """Pad every varying dimension by so many entries more."""
    extended = dict(inputs)
    for spec, axis, _ in _varying(specs):
        array = extended[spec.name]
        width = [(0, by if a == axis else 0) for a in range(array.ndim)]
        fill = np.asarray(spec.fill, array.dtype)
        extended[spec.name] = np.pad(array, width, constant_values=fill)
    return extended


def _varying(specs: Sequence[TensorSpec]) -> Iterator[tuple[TensorSpec, int, str]]:
    """Each tensor's axes that vary, the batch counted as axis 0, with their names."""
    for spec in specs:
        for axis, size in enumerate(spec.shape, 1):
            if isinstance(size, str):
                yield spec, axis, size
