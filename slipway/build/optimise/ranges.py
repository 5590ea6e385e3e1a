"""The range of every FP32 tensor inside a graph, measured on examples."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slipway.build.optimise.intermediates import FLOAT, Batches, Intermediates
from slipway.tensors import Array

NEVER = 3.4e38
"""Numbers from here on are FP32's last: masks are made of them, and stand for infinity."""


@dataclass(frozen=True)
class Range:
    """The lowest and highest of the finite numbers, and the `least` magnitude that is not 0.

    All are 0 where there is no such number. What is infinite, not a number or from `NEVER` on does
    not count.
    """

    low: float
    high: float
    least: float = 0.0

    @property
    def largest(self) -> float:
        """The largest magnitude."""
        return max(abs(self.low), abs(self.high))

    def joined(self, other: "Range") -> "Range":
        leasts = [each for each in (self.least, other.least) if each]
        return Range(min(self.low, other.low), max(self.high, other.high), min(leasts, default=0.0))


def range_of(array: Array) -> Range | None:
    """None where no number counts."""
    numbers = array[np.abs(array) < NEVER]
    if not numbers.size:
        return None
    magnitudes = np.abs(numbers[numbers != 0])
    least = float(magnitudes.min()) if magnitudes.size else 0.0
    return Range(float(numbers.min()), float(numbers.max()), least)


def measure_ranges(model: Path, batches: Batches) -> Mapping[str, Range]:
    """By the name of each tensor: FP32 inputs, and what nodes make, outputs included."""
    inside = Intermediates(model)
    ranges: dict[str, Range] = {}
    for values in inside.values(inside.of_type(FLOAT), batches):
        _join(ranges, values)
    for batch in batches:
        _join(ranges, {name: a for name, a in batch.items() if a.dtype == np.float32})
    return ranges


def _join(ranges: dict[str, Range], values: Mapping[str, Array]) -> None:
    for name, array in values.items():
        found = range_of(array)
        if found is not None:
            ranges[name] = ranges[name].joined(found) if name in ranges else found
