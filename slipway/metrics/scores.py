"""What a metric gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slipway.tensors import Array


@dataclass(frozen=True)
class Scores:
    """`value` is the metric. `figures` are others that are reported beside it, by their names.
    `confusion[true][predicted]` counts examples; `classes` names its rows, where the labels of the
    model's first output do not.
    """

    value: float
    examples: int
    confusion: tuple[tuple[int, ...], ...] = ()
    classes: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Scores":
        """From what JSON made of `asdict(scores)`."""
        confusion = tuple(tuple(row) for row in value["confusion"])
        return cls(**{**value, "confusion": confusion, "classes": tuple(value["classes"])})


MetricFunction = Callable[[Mapping[str, Array], Array], Scores]
"""From the named outputs of a model (batch first) and the targets."""
