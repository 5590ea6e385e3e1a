"""What a form answered to the held-out examples: how well, how near to PyTorch, how steadily."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from slipway.build.evaluate import in_batches
from slipway.build.optimise.catalogue import Kind
from slipway.build.optimise.drop import Judged, judge
from slipway.build.padding import extend
from slipway.build.parity import PADDED_BY, Answers, cropped
from slipway.errors import VariantError
from slipway.recipe import Recipe
from slipway.tensors import Array, farthest, max_difference, measurable

HEADROOM = 2.0
"""Times the largest difference on the held-out data, which other batches and examples may exceed.
"""
STEADIED = 256
"""Examples, the first ones, that are answered once more in other ways."""


@dataclass(frozen=True)
class Judgement:
    """Of a form, on the held-out examples; differences are the largest absolute ones.

    `deviation` is that from the answers of its own network in PyTorch, `spread` that among its own
    answers when the same file is run otherwise, `contrast` that from the answer to the first
    example to the one that is farthest from it.
    """

    judged: Judged
    deviation: float
    spread: float
    contrast: float

    def tolerances(self, kind: Kind, parity: float) -> tuple[float, float]:
        """How far its answers may lie from PyTorch's, and from its own that are recorded.

        Raises `VariantError` for an exact kind that is not within `parity`, and for one whose
        answers say too little: a check of what is served could not fail.
        """
        if kind.exact:
            if not self.deviation <= parity:
                raise VariantError(
                    f"Its answers differ from PyTorch's by {self.deviation:.2e}",
                    why=f"the recipe allows {parity:.0e}",
                )
            return parity, parity
        # An answer half-way between two would be right for both.
        if not HEADROOM * self.spread < self.contrast / 2:
            raise VariantError(
                "Its answers could not be told from wrong ones",
                why=f"they differ by {self.spread:.2g} when they are computed otherwise, and those "
                f"to two examples by {self.contrast:.2g} at most",
            )
        # Where 16 bits are not at hand it is computed in 32, as PyTorch does: both are right.
        own = max(self.spread, self.deviation) if kind.half else self.spread
        return max(parity, HEADROOM * self.deviation), max(parity, HEADROOM * own)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Judgement":
        judged = Judged(value["judged"]["value"], tuple(value["judged"]["without"]))
        return cls(judged, value["deviation"], value["spread"], value["contrast"])


def judgement(
    kind: Kind,
    form: Answers,
    otherwise: Sequence[Answers],
    *,
    held_out: Mapping[str, Array],
    targets: Array,
    reference: Mapping[str, Array],
    recipe: Recipe,
) -> Judgement:
    """Ask a form of this kind; `otherwise` are other ways to run its file. `held_out` is what the
    network takes, `reference` what it answers in PyTorch.

    Raises `VariantError` where answers are not numbers.
    """
    outputs = in_batches(form, held_out, recipe)
    numbers = measurable(outputs)
    deviation = max_difference(measurable(reference), outputs)
    if not isfinite(deviation):
        raise VariantError(
            "Its answers to held-out examples are not all numbers",
            why="PyTorch's are, or they have another shape",
        )
    spread = 0.0
    if not kind.exact:
        some = {name: array[:STEADIED] for name, array in held_out.items()}
        wanted = {name: array[:STEADIED] for name, array in numbers.items()}
        for answers in _again(form, otherwise, some, recipe):
            spread = max(spread, max_difference(wanted, cropped(answers, wanted)))
    judged = judge(outputs, targets, recipe.metric.name)
    first, other = ({n: a[[row]] for n, a in numbers.items()} for row in (0, farthest(numbers)))
    return Judgement(judged, deviation, spread, max_difference(first, other))


def _again(
    form: Answers, otherwise: Sequence[Answers], inputs: Mapping[str, Array], recipe: Recipe
) -> Iterator[Mapping[str, Array]]:
    """The answers to the same rows alone, padded further, and in other ways."""
    yield in_batches(form, inputs, recipe, size=1)
    if any(spec.varying for spec in recipe.inputs):
        yield in_batches(lambda rows: form(extend(rows, recipe.inputs, PADDED_BY)), inputs, recipe)
    for way in otherwise:
        yield in_batches(way, inputs, recipe)
