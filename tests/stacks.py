"""Recorded stacks that several tests look at: three environments in three shapes."""

from functools import cache
from pathlib import Path

from slipway.stack.load import load

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ("dev", "staging", "prod")
SHAPES = ("cluster", "single", "container")


@cache
def evaluated(environment, shape=""):
    """The graph of an environment: as it is committed, or in another shape."""
    return load(ROOT, environment, shape=shape)
