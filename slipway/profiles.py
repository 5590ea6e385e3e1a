"""The shapes that a served network meets, as TensorRT's optimisation profiles."""

from collections.abc import Mapping
from itertools import product

from slipway.engines import Profile, Shapes
from slipway.errors import RecipeError
from slipway.recipe import Recipe
from slipway.tensors import TensorSpec

Range = tuple[int, int, int]
"""The least, the likeliest and the largest size of a dimension."""


def profiles_of(recipe: Recipe, ranges: Mapping[str, Range] | None = None) -> tuple[Profile, ...]:
    """One profile for a request alone and one for all batches, of each length that texts have.

    Each costs building time, and memory on the server. `ranges` gives the sizes of the dimensions
    that vary, by name; those of tokens come from the recipe. Raises `RecipeError` where one is
    missing: TensorRT takes no shape without a bound.
    """
    sizes = dict(ranges or {})
    most = recipe.serving.max_batch_size
    batches = [(1, 1, 1)] if most == 1 else [(1, 1, 1), (1, most, most)]
    return tuple(
        _profile(recipe.inputs, batch, {**sizes, **tokens})
        for tokens, batch in product(_lengths(recipe), batches)
    )


def _lengths(recipe: Recipe) -> list[dict[str, Range]]:
    """What the dimension of tokens can be: the tokenizer pads to one of its lengths."""
    tokenizer = recipe.tokenizer
    if tokenizer is None:
        return [{}]
    ids = next(spec for spec in recipe.inputs if spec.name == tokenizer.ids)
    return [{str(ids.shape[-1]): (length, length, length)} for length in tokenizer.lengths]


def _profile(inputs: tuple[TensorSpec, ...], batch: Range, sizes: Mapping[str, Range]) -> Profile:
    return Profile(*(_shapes(inputs, batch, sizes, k) for k in range(3)))


def _shapes(
    inputs: tuple[TensorSpec, ...], batch: Range, sizes: Mapping[str, Range], k: int
) -> Shapes:
    for spec in inputs:
        for name in spec.varying:
            if name not in sizes:
                raise RecipeError(
                    f"There is no profile for '{spec.name}'",
                    why=f"its dimension '{name}' varies without a bound",
                    mend="Give the range of its sizes.",
                )
    return {
        spec.name: (
            batch[k],
            *(sizes[size][k] if isinstance(size, str) else size for size in spec.shape),
        )
        for spec in inputs
    }
