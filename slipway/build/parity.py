"""The ladder of parity: every form of a model answers as PyTorch does, at every batch size."""

from collections.abc import Callable, Iterator, Mapping
from itertools import cycle, islice

import numpy as np

from slipway.artefact import ParityResult
from slipway.errors import ParityError
from slipway.recipe import Recipe
from slipway.tensors import Array, max_difference

Answers = Callable[[Mapping[str, Array]], Mapping[str, Array]]


def batch_sizes(recipe: Recipe) -> tuple[int, ...]:
    """One, the most, every bucket, and sizes between them that no setting names."""
    most = recipe.serving.max_batch_size
    unseen = {3, most // 2 + 1, most - 1}
    return tuple(sorted({*recipe.serving.batch_buckets, *(s for s in unseen if 1 <= s <= most)}))


def compare(
    inputs: Mapping[str, Array],
    reference: Mapping[str, Array],
    forms: Mapping[str, Answers],
    recipe: Recipe,
) -> Iterator[ParityResult]:
    """Compare each form with PyTorch's answers on the same examples, and with itself row by row."""
    for name, form in forms.items():
        for size in batch_sizes(recipe):
            rows = _rows(len(next(iter(inputs.values()))), size)
            batch = {n: a[rows] for n, a in inputs.items()}
            together = form(batch)
            expected = {n: a[rows] for n, a in reference.items()}
            yield _result("PyTorch", name, size, max_difference(expected, together), recipe)
            if size == recipe.serving.max_batch_size:
                singles = [form({n: a[k : k + 1] for n, a in batch.items()}) for k in range(size)]
                alone = {n: np.concatenate([s[n] for s in singles]) for n in together}
                yield _result(
                    f"{name}, one by one", name, size, max_difference(alone, together), recipe
                )


def _rows(examples: int, size: int) -> Array:
    """The first rows, beginning again where there are fewer examples than the batch is large."""
    return np.fromiter(islice(cycle(range(examples)), size), dtype=np.int64, count=size)


def _result(
    reference: str, form: str, size: int, difference: float, recipe: Recipe
) -> ParityResult:
    if not difference <= recipe.parity:
        raise ParityError(
            f"At batch {size} the {form} model differs from {reference} by {difference:.2e}",
            why=f"the recipe allows {recipe.parity:.0e}",
            mend="Find the operation that differs, or state a tolerance that the use can bear.",
        )
    return ParityResult(reference, form, size, difference, recipe.parity)
