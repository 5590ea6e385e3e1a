"""Examples on which ranges of numbers are measured, in batches as a server gets them."""

from collections.abc import Mapping

import numpy as np

from slipway.build.padding import trim
from slipway.build.text import Preparation
from slipway.dataset import Data, Split
from slipway.errors import VariantError
from slipway.recipe import Recipe
from slipway.tensors import Array

LEAST = 32
"""Examples: the range of fewer says little of what clients will send."""


def calibration_batches(
    data: Data, prepare: Preparation, recipe: Recipe
) -> tuple[dict[str, Array], ...]:
    """What the network takes, batch first, of examples spread evenly over the split.

    Raises `VariantError` where the examples are too few, or such that no range can be had of them.
    """
    split = data.train if data.calibration is None else data.calibration
    name = "train" if data.calibration is None else "calibration"
    wanted = recipe.optimisation.calibration
    if min(len(split), wanted) < LEAST:
        raise VariantError(
            f"Ranges would be measured on {min(len(split), wanted)} examples",
            why=f"the split '{name}' has {len(split)}, the recipe asks for {wanted}, "
            f"and at least {LEAST} are needed",
            mend=f"Give the split '{name}' at least {LEAST} examples, and "
            f"Optimisation(calibration={LEAST}) or more.",
        )
    inputs = prepare(_spread(split, wanted).inputs)
    _check(inputs, recipe, name)
    size = recipe.serving.max_batch_size
    rows = len(next(iter(inputs.values())))
    return tuple(
        trim({n: a[start : start + size] for n, a in inputs.items()}, recipe)
        for start in range(0, rows, size)
    )


def _spread(split: Split, count: int) -> Split:
    count = min(count, len(split))
    return split.take(np.arange(count) * len(split) // count)


def _check(inputs: Mapping[str, Array], recipe: Recipe, split: str) -> None:
    """Numbers must be finite, and they and tokens must differ; a mask may be the same all over."""
    mend = f"See what the recipe's data.py puts into the split '{split}'."
    tokens = recipe.tokenizer.ids if recipe.tokenizer else None
    for name, array in inputs.items():
        floating = np.issubdtype(array.dtype, np.floating)
        if floating and not np.isfinite(array).all():
            raise VariantError(
                f"The calibration input '{name}' holds NaN or infinite numbers",
                why="no range can be measured on them",
                mend=mend,
            )
        if (floating or name == tokens) and array.min() == array.max():
            raise VariantError(
                f"The calibration input '{name}' is {array.flat[0]} everywhere",
                why="a range measured on it would cut off whatever clients send",
                mend=mend,
            )
