"""The ladder of parity: every form of a model answers as PyTorch does, at every batch size.

Where a dimension varies, also at every length: cut to what is used, and padded further.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np

from slipway.artefact import ParityResult
from slipway.build.padding import extend, trim
from slipway.errors import ParityError
from slipway.recipe import Recipe
from slipway.tensors import Array, max_difference, measurable

Answers = Callable[[Mapping[str, Array]], Mapping[str, Array]]
PADDED_BY = 9
"""Entries; no setting names a length that is reached with it."""


@dataclass(frozen=True)
class Rung:
    """A form of a model, and how far its answers may lie from PyTorch's, and from its `own` when it
    is asked in other batches.

    Of one that is not `exact` only what has a distance is compared: the metric judges the rest.
    """

    name: str
    answers: Answers
    tolerance: float
    own: float
    exact: bool = True

    def compared(self, answer: Mapping[str, Array]) -> Mapping[str, Array]:
        return answer if self.exact else measurable(answer)


def batch_sizes(recipe: Recipe) -> tuple[int, ...]:
    """One, the most, every bucket, and sizes between them that no setting names."""
    most = recipe.serving.max_batch_size
    unseen = {3, most // 2 + 1, most - 1}
    return tuple(sorted({*recipe.serving.batch_buckets, *(s for s in unseen if 1 <= s <= most)}))


def compare(
    inputs: Mapping[str, Array],
    reference: Mapping[str, Array],
    ladder: Sequence[Rung],
    recipe: Recipe,
) -> Iterator[ParityResult]:
    """Compare each form with PyTorch's answers on the same examples, and with itself row by row.

    `inputs` are what the network takes. Raises `ParityError` at the first difference over a rung's
    tolerance.
    """
    most = recipe.serving.max_batch_size
    for rung in ladder:
        name, form, wanted = rung.name, rung.answers, rung.compared(reference)
        for size in batch_sizes(recipe):
            rows = _rows(len(next(iter(inputs.values()))), size)
            batch = trim({n: a[rows] for n, a in inputs.items()}, recipe)
            together = rung.compared(form(batch))
            expected = {n: a[rows] for n, a in wanted.items()}
            yield _result("PyTorch", name, size, max_difference(expected, together), rung.tolerance)
        singles = [{n: a[k : k + 1] for n, a in batch.items()} for k in range(most)]
        alone = rung.compared(_joined([form(trim(single, recipe)) for single in singles]))
        gap = max_difference(alone, together)
        yield _result(f"{name}, one by one", name, most, gap, rung.own)
        if any(spec.varying for spec in recipe.inputs):
            padded = form(extend(batch, recipe.inputs, PADDED_BY))
            gap = max_difference(together, cropped(padded, together))
            yield _result(f"{name}, padded by {PADDED_BY}", name, most, gap, rung.own)


def _joined(answers: list[Mapping[str, Array]]) -> dict[str, Array]:
    return {n: np.concatenate([answer[n] for answer in answers]) for n in answers[0]}


def cropped(answer: Mapping[str, Array], like: Mapping[str, Array]) -> dict[str, Array]:
    """Those in `like`, without what outputs have more as they vary with the inputs."""
    return {
        name: array[tuple(slice(size) for size in like[name].shape)]
        for name, array in answer.items()
        if name in like
    }


def _rows(examples: int, size: int) -> Array:
    """The first rows, beginning again where there are fewer examples than the batch is large."""
    return np.fromiter(islice(cycle(range(examples)), size), dtype=np.int64, count=size)


def _result(
    reference: str, form: str, size: int, difference: float, tolerance: float
) -> ParityResult:
    if not difference <= tolerance:
        raise ParityError(
            f"At batch {size} the {form} model differs from {reference} by {difference:.2e}",
            why=f"{tolerance:.1e} is allowed",
            mend="Find the operation that differs, or state a tolerance that the use can bear.",
        )
    return ParityResult(reference, form, size, difference, tolerance)
