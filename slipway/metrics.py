"""The figures models are judged by, computed with numpy so that they hold through any endpoint.

A metric takes the named outputs of a model (batch first) and the targets, and gives `Scores`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from slipway.errors import RecipeError
from slipway.tensors import Array


@dataclass(frozen=True)
class Scores:
    """`value` is the metric, higher is better. `confusion[true][predicted]` counts examples."""

    value: float
    examples: int
    confusion: tuple[tuple[int, ...], ...] = ()


MetricFunction = Callable[[Mapping[str, Array], Array], Scores]


def accuracy(outputs: Mapping[str, Array], targets: Array) -> Scores:
    """Share of right answers. The first output holds a score per class, shape (batch, classes)."""
    scores = next(iter(outputs.values()))
    classes = scores.shape[1]
    predicted = scores.argmax(axis=1)
    confusion = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(confusion, (targets, predicted), 1)
    return Scores(
        value=float((predicted == targets).mean()),
        examples=len(targets),
        confusion=tuple(tuple(int(n) for n in row) for row in confusion),
    )


METRICS: Mapping[str, MetricFunction] = {"accuracy": accuracy}


def metric_named(name: str) -> MetricFunction:
    """Look a metric up; `RecipeError` for one that does not exist."""
    if name not in METRICS:
        raise RecipeError(f"There is no metric '{name}'", why=f"Slipway has {', '.join(METRICS)}")
    return METRICS[name]
