"""Sets as boxes of integer intervals: subtracted exactly, and in one form for one set."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

Interval = tuple[int, int]
"""First and last, both included."""
Box = tuple[Interval, ...]
Nested = tuple[tuple[Interval, Any], ...]
"""Intervals of one axis, each with those of the next one within it."""


def minus(boxes: Iterable[Box], others: Iterable[Box]) -> tuple[Box, ...]:
    """What is in `boxes` and in none of the others. All have the same number of axes."""
    left = tuple(boxes)
    for other in others:
        left = tuple(part for box in left for part in _without(box, other))
    return left


def common(boxes: Iterable[Box], others: Iterable[Box]) -> tuple[Box, ...]:
    """What is in both."""
    first = tuple(boxes)
    return minus(first, minus(first, others))


def _without(box: Box, other: Box) -> list[Box]:
    shared = tuple((max(a, c), min(b, d)) for (a, b), (c, d) in zip(box, other, strict=True))
    if any(low > high for low, high in shared):
        return [box]
    parts = []
    for axis, ((low, high), (first, last)) in enumerate(zip(box, shared, strict=True)):
        around = [(low, first - 1)] * (low < first) + [(last + 1, high)] * (last < high)
        parts += [(*shared[:axis], side, *box[axis + 1 :]) for side in around]
    return parts


def nested(boxes: Iterable[Box], axis: int = 0) -> Nested:
    """The one form of a set: intervals of the first axis that differ in the axes below."""
    all_ = tuple(boxes)
    points = sorted({at for box in all_ for at in (box[axis][0], box[axis][1] + 1)})
    parts: list[tuple[Interval, Any]] = []
    for low, after in pairwise(points):
        within = [box for box in all_ if box[axis][0] <= low and after - 1 <= box[axis][1]]
        if not within:
            continue
        below = nested(within, axis + 1) if axis + 1 < len(within[0]) else ()
        if parts and parts[-1][1] == below and parts[-1][0][1] + 1 == low:
            parts[-1] = ((parts[-1][0][0], after - 1), below)
        else:
            parts.append(((low, after - 1), below))
    return tuple(parts)
