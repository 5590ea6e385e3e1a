"""When a cron expression fires: those of EC2 Auto Scaling and of Application Auto Scaling."""

import re
from dataclasses import dataclass

from slipway.stack.cost.lines import UnknownValue

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_PART = re.compile(r"(?:[*?]|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")
_ALL = {"*", "?"}


@dataclass(frozen=True)
class Cron:
    """The minutes, hours, days of the month, months and weekdays (0 is Sunday) that it names.

    `by_day` and `by_weekday`: whether it says anything of those. Where both do, either is enough.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    by_day: bool
    by_weekday: bool

    @property
    def weekly(self) -> bool:
        """Whether all weeks are alike."""
        return not self.by_day and len(self.months) == 12

    def on(self, month: int, day: int, weekday: int) -> bool:
        """Whether it fires on that day."""
        if month not in self.months:
            return False
        if self.by_day and self.by_weekday:
            return day in self.days or weekday in self.weekdays
        return day in self.days and weekday in self.weekdays

    def times(self) -> tuple[int, ...]:
        """Of a day on which it fires, in minutes after midnight."""
        return tuple(sorted(60 * hour + minute for hour in self.hours for minute in self.minutes))


def cron(expression: str) -> Cron:
    """`0 7 * * 1-5`, or `cron(0 7 ? * MON-FRI *)`, of which weekdays count from Sunday as 1.

    Raises `UnknownValue` for anything else, and for the years, `L`, `W` and `#` of the latter.
    """
    inner = re.fullmatch(r"cron\((.*)\)", expression.strip())
    fields = (inner[1] if inner else expression).split()
    if len(fields) != (6 if inner else 5) or fields[5:] not in ([], ["*"]):
        raise _unread(expression)
    minute, hour, day, month, weekday = fields[:5]
    first = 1 if inner else 0
    found = {
        "minutes": _numbers(expression, minute, 0, 59),
        "hours": _numbers(expression, hour, 0, 23),
        "days": _numbers(expression, day, 1, 31),
        "months": _numbers(expression, month, 1, 12, _MONTHS),
    }
    weekdays = _numbers(expression, weekday, first, 7, _WEEKDAYS)
    return Cron(
        **found,
        weekdays=frozenset((number - first) % 7 for number in weekdays),
        by_day=day not in _ALL,
        by_weekday=weekday not in _ALL,
    )


def _numbers(
    expression: str, text: str, low: int, high: int, names: tuple[str, ...] = ()
) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if not match or match["step"] == "0":
            raise _unread(expression)
        step = int(match["step"] or 1)
        if match["first"] is None:
            start, end = low, high
        else:
            start = _number(expression, match["first"], low, names)
            alone = high if match["step"] else start
            end = _number(expression, match["last"], low, names) if match["last"] else alone
        if not low <= start <= end <= high:
            raise _unread(expression)
        found.update(range(start, end + 1, step))
    return frozenset(found)


def _number(expression: str, text: str, low: int, names: tuple[str, ...]) -> int:
    if text.upper() in names:
        return low + names.index(text.upper())
    if not text.isdecimal():
        raise _unread(expression)
    return int(text)


def _unread(expression: str) -> UnknownValue:
    return UnknownValue(
        f"The schedule '{expression}' cannot be read",
        why="it is no cron expression of which an estimate knows the meaning",
        mend="Write minute, hour, day, month and weekday",
    )
