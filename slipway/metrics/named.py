"""The metrics by the names that recipes use."""

import inspect
from collections.abc import Mapping
from pathlib import Path

from slipway.errors import RecipeError
from slipway.metrics.classification import accuracy
from slipway.metrics.detection import recall
from slipway.metrics.language import perplexity
from slipway.metrics.ranking import hit_rate
from slipway.metrics.sameness import same_text
from slipway.metrics.scores import MetricFunction
from slipway.metrics.segmentation import dice

METRICS: Mapping[str, MetricFunction] = {
    "accuracy": accuracy,
    "hit_rate": hit_rate,
    "perplexity": perplexity,
    "dice": dice,
    "recall": recall,
    "same_text": same_text,
}
LOWER_IS_BETTER = frozenset({"perplexity"})


def metric_named(name: str) -> MetricFunction:
    """Look a metric up; `RecipeError` for one that does not exist."""
    if name not in METRICS:
        raise RecipeError(f"There is no metric '{name}'", why=f"Slipway has {', '.join(METRICS)}")
    return METRICS[name]


def metric_source(name: str) -> Path:
    """The file that decides what a metric gives."""
    return Path(inspect.getfile(metric_named(name)))
