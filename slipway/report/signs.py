"""Names that stand above places of an axis, in as many rows as it takes to keep them apart."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

_LETTER = 6.4
"""Pixels of a usual letter at 12 pixels: the page's font is not known when a figure is drawn."""

_GAP = 5.0
_OVERHANG = 24.0
"""Pixels by which a name may reach beyond the axis."""

_ALL_WAYS = 7
"""Up to so many names every way to turn them is tried: 128 at most."""


@dataclass(frozen=True)
class Sign:
    """A text of a place (pixels), `row` rows above the axis, that begins there or, `before`, ends
    there. A thin line leads down from it.
    """

    text: str
    place: float
    before: bool
    row: int = 0

    @property
    def reach(self) -> tuple[float, float]:
        """From where to where it takes room."""
        length = _LETTER * len(self.text) + _GAP
        if self.before:
            return self.place - length, self.place
        return self.place, self.place + length

    def stands_on(self, other: "Sign") -> bool:
        """Whether it covers the other's text, or the line that leads down from it."""
        (left, right), (start, end) = self.reach, other.reach
        if self.row == other.row:
            return left < end + _GAP and start < right + _GAP
        return other.row > self.row and left - _GAP < other.place < right + _GAP


def signs_of(names: Sequence[tuple[str, float]], width: float) -> tuple[Sign, ...]:
    """A sign for each name and place of an axis so many pixels wide, in the order given.

    No text stands on another; none stands on a line where there is a way round.
    """
    sides = (False, True)
    ways: Iterable[tuple[bool, ...]] = (
        itertools.product(sides, repeat=len(names))
        if len(names) <= _ALL_WAYS
        else ((side,) * len(names) for side in sides)
    )
    return min((_stacked(names, way) for way in ways), key=lambda signs: _cost(signs, width))


def _stacked(names: Sequence[tuple[str, float]], way: Sequence[bool]) -> tuple[Sign, ...]:
    signs = [Sign(text, place, before) for (text, place), before in zip(names, way, strict=True)]
    # Each is placed before those whose lines, coming down from higher rows, could cross its text.
    order = sorted(
        range(len(signs)),
        key=lambda n: (signs[n].before, signs[n].place if signs[n].before else -signs[n].place),
    )
    placed: list[Sign] = []
    for number in order:
        sign = signs[number]
        while any(sign.stands_on(other) for other in placed):
            sign = replace(sign, row=sign.row + 1)
        signs[number] = sign
        placed.append(sign)
    return tuple(signs)


def _cost(signs: Sequence[Sign], width: float) -> tuple[int, int, int]:
    crossed = sum(one.stands_on(other) for one, other in itertools.permutations(signs, 2))
    outside = sum(s.reach[0] < -_OVERHANG or s.reach[1] > width + _OVERHANG for s in signs)
    return crossed, outside, max((sign.row + 1 for sign in signs), default=0)
