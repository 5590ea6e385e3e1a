"""Cron expressions as Application Auto Scaling writes them."""

from collections.abc import Iterator

_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def aws_crons(expression: str) -> tuple[str, ...]:
    """`0 7 * * 1-5` as `cron(0 7 ? * MON,TUE,WED,THU,FRI *)`: AWS adds a year, counts Sunday as 1,
    and wants a `?` in the place of one of the two kinds of days. Where both kinds are given cron
    means either, so that there are two expressions.
    """
    minute, hour, day, month, weekday = expression.split()
    by_day = f"cron({minute} {hour} {day} {month} ? *)"
    if weekday == "*":
        return (by_day,)
    named = ",".join(name for part in weekday.split(",") for name in _named(part))
    by_weekday = f"cron({minute} {hour} ? {month} {named} *)"
    return (by_weekday,) if day == "*" else (by_day, by_weekday)


def _named(part: str) -> Iterator[str]:
    """The days of `*`, `5`, `1-5`, `MON-FRI`, or of one of those with `/2` behind it."""
    days, _, step = part.partition("/")
    first, _, last = ("0-6" if days == "*" else days).partition("-")
    for number in range(_number(first), _number(last or first) + 1, int(step or 1)):
        yield _WEEKDAYS[number % 7]


def _number(day: str) -> int:
    return int(day) if day.isdigit() else _WEEKDAYS.index(day.upper())
