"""How much worse a variant's metric is, and how surely: from the held-out examples themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from slipway.metrics.named import LOWER_IS_BETTER, metric_named
from slipway.tensors import Array
from slipway.variants import Interval

Answers = Mapping[str, Array]

PARTS = 20
STUDENT = 2.093
"""The quantile of Student's distribution that 95 % lie within, with one degree of freedom less
than there are parts."""


@dataclass(frozen=True)
class Judged:
    """A metric on all examples, and without each of `PARTS` parts of them: a jackknife's values."""

    value: float
    without: tuple[float, ...]


def judge(answers: Answers, targets: Array, metric: str) -> Judged:
    """The metric named `metric` of all answers, and of those that are left without each part.

    Parts are neighbours, since some metrics look from one example to the next. Where there are
    fewer examples than parts, each example is a part.
    """
    score = metric_named(metric)

    def value(rows: Array) -> float:
        return score({name: array[rows] for name, array in answers.items()}, targets[rows]).value

    every = np.arange(len(targets))
    parts = np.array_split(every, min(PARTS, len(targets)))
    return Judged(value(every), tuple(value(np.setdiff1d(every, part)) for part in parts))


def worse(metric: str, baseline: float, value: float) -> float:
    """How much worse a value of a metric is than the baseline's: the difference, or the relative
    one where lower is better.
    """
    return value / baseline - 1 if metric in LOWER_IS_BETTER else baseline - value


def drop_between(metric: str, baseline: Judged, variant: Judged) -> Interval:
    """How much worse the variant is, and the bounds of that.

    The interval is the delete-a-group jackknife's (Efron, "The Jackknife, the Bootstrap and Other
    Resampling Plans", 1982). Both were asked the same questions, so what is hard for both cancels
    out.
    """
    drop = worse(metric, baseline.value, variant.value)
    pairs = zip(baseline.without, variant.without, strict=True)
    left = [worse(metric, b, v) for b, v in pairs]
    count = len(left)
    spread = sum((each - sum(left) / count) ** 2 for each in left)
    margin = STUDENT * sqrt((count - 1) / count * spread)
    return Interval(drop - margin, drop, drop + margin)
