"""What a metric gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from slipway.tensors import Array


@dataclass(frozen=True)
class Scores:
    """`value` is the metric. `figures` are others that are reported beside it, by their names.
    `confusion[true][predicted]` counts examples.
    """

    value: float
    examples: int
    confusion: tuple[tuple[int, ...], ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)


MetricFunction = Callable[[Mapping[str, Array], Array], Scores]
"""From the named outputs of a model (batch first) and the targets."""
