"""How many servers there are for which share of the time, by a schedule."""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from slipway.stack.cost.cron import Cron

_DAY = 24 * 60
_SUNDAY = date(2026, 1, 4)
_NEW_YEAR = date(2026, 1, 1)
_YEAR = 365


@dataclass(frozen=True, order=True)
class Sizes:
    """At least and at most so many servers."""

    least: int
    most: int


@dataclass(frozen=True)
class Phase:
    """`share` of the time, 0 to 1, that a group has `sizes`."""

    share: Fraction
    sizes: Sizes


@dataclass(frozen=True)
class Turn:
    """From each time of `cron` on the sizes are others; None leaves one as it is."""

    cron: Cron
    least: int | None
    most: int | None

    def apply(self, sizes: Sizes) -> Sizes:
        least = sizes.least if self.least is None else self.least
        most = sizes.most if self.most is None else self.most
        return Sizes(least, max(least, most))


@dataclass(frozen=True)
class Phases:
    """Every share of a cycle, which is a week, or a year where the weeks differ: 365 days."""

    phases: tuple[Phase, ...]
    days: int = 7

    @property
    def scheduled(self) -> bool:
        return len(self.phases) > 1

    @property
    def awake(self) -> Sizes:
        """The most that there are at any time, at least and at most."""
        return Sizes(
            max(phase.sizes.least for phase in self.phases),
            max(phase.sizes.most for phase in self.phases),
        )

    @property
    def up(self) -> tuple[Fraction, Fraction]:
        """Shares of the time with at least one server for sure, and with room for one."""
        return (
            sum((p.share for p in self.phases if p.sizes.least), Fraction(0)),
            sum((p.share for p in self.phases if p.sizes.most), Fraction(0)),
        )

    @property
    def hours_up(self) -> Fraction:
        """Hours of a cycle with room for a server."""
        return self.up[1] * 24 * self.days

    def at_most(self, limit: int) -> "Phases":
        """No phase with more servers than that."""
        bounded = (
            (replace(p, sizes=Sizes(min(p.sizes.least, limit), min(p.sizes.most, limit))))
            for p in self.phases
        )
        return replace(self, phases=tuple(bounded))


def phases(sizes: Sizes, turns: Sequence[Turn]) -> Phases:
    """The sizes over time; without turns they never change. Ends and beginnings of daylight saving
    time are left out. At the same minute the turn with the smaller sizes comes first.
    """
    if not turns:
        return Phases((Phase(Fraction(1), sizes),))
    days = 7 if all(turn.cron.weekly for turn in turns) else _YEAR
    events = _events(turns, days)
    if not events:
        return Phases((Phase(Fraction(1), sizes),))
    # A first cycle finds out with which sizes every other one begins.
    for _, turn in events:
        sizes = turn.apply(sizes)
    minutes: dict[Sizes, int] = {}
    since = 0
    for minute, turn in events:
        minutes[sizes] = minutes.get(sizes, 0) + minute - since
        sizes, since = turn.apply(sizes), minute
    minutes[sizes] = minutes.get(sizes, 0) + days * _DAY - since
    found = (Phase(Fraction(n, days * _DAY), of) for of, n in sorted(minutes.items()) if n)
    return Phases(tuple(found), days)


def _events(turns: Iterable[Turn], days: int) -> list[tuple[int, Turn]]:
    first = _SUNDAY if days == 7 else _NEW_YEAR
    found = []
    for turn in turns:
        times = turn.cron.times()
        for number in range(days):
            day = first + timedelta(days=number)
            weekday = (calendar.weekday(day.year, day.month, day.day) + 1) % 7
            if turn.cron.on(day.month, day.day, weekday):
                found += [(number * _DAY + time, turn) for time in times]
    return sorted(found, key=lambda event: (event[0], event[1].most or 0, event[1].least or 0))
