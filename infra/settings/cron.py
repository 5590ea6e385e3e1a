"""Cron expressions as EC2 Auto Scaling takes them: minute, hour, day, month, weekday."""

import re

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 7, _WEEKDAYS),  # both 0 and 7 are Sunday
)
_PART = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")


def why_no_cron(expression: str) -> str:
    """What is wrong with an expression; empty if nothing is."""
    fields = expression.split()
    if len(fields) != len(_FIELDS):
        return f"it has {len(fields)} of the five fields of a cron expression"
    for text, (name, low, high, names) in zip(fields, _FIELDS, strict=True):
        for part in text.split(","):
            if not _is_part(part, low, high, names):
                return f"{part} is no {name} ({low} to {high}) of a cron expression"
    return ""


def _is_part(part: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    """`*`, `5`, `1-5`, `MON-FRI`, or one of those with `/2` behind it."""
    found = _PART.fullmatch(part)
    if not found:
        return False
    ends = [found["first"], found["last"]]
    numbers = [_number(end, low, names) for end in ends if end is not None]
    in_order = numbers == sorted(numbers)
    in_range = all(low <= number <= high for number in numbers)
    return in_order and in_range and found["step"] != "0"


def _number(text: str, low: int, names: tuple[str, ...]) -> int:
    if text.upper() in names:
        return low + names.index(text.upper())
    return int(text) if text.isdecimal() else -1
