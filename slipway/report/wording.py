"""Numbers as people read them: rounded to what they can carry, with the unit kept on the line."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

NO_BREAK = "\N{NO-BREAK SPACE}"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def count(number: float, one: str, many: str = "") -> str:
    """`1 request`, `1,200 requests`."""
    return f"{number:,}{NO_BREAK}{one if number == 1 else many or one + 's'}"


def size(number: float) -> str:
    """Bytes in decimal units, as disks and networks count them."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 999.5 or unit == "GB":
            break
        number /= 1000
    return f"{number:.0f}{NO_BREAK}{unit}" if unit == "B" else f"{_three(number)}{NO_BREAK}{unit}"


def duration(seconds: float) -> str:
    """`0.4 s`, `42 s`, `3 min 05 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f}{NO_BREAK}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{NO_BREAK}s"
    return f"{whole // 60}{NO_BREAK}min{NO_BREAK}{whole % 60:02}{NO_BREAK}s"


def milliseconds(value: float | None) -> str:
    """Three digits: `1.24`, `12.4`, `1,240`; without the unit, which a column's head gives. A dash
    for what was not told.
    """
    return "–" if value is None else _three(value)


def rate(value: float) -> str:
    """Requests per second, without the unit."""
    return _three(value)


def score(value: float) -> str:
    """A metric to four decimals, or two from ten on (a perplexity)."""
    return f"{value:,.{4 if abs(value) < 10 else 2}f}"


def figure(value: float) -> str:
    """A number whose kind is not known, to four digits: `0.9312`, `41.5`, `1,240`."""
    if value and abs(value) < 1e-3:
        return small(value)
    said = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return said.replace("-", "\N{MINUS SIGN}")


def alike(values: Sequence[float]) -> list[str]:
    """Numbers that are compared: as many decimals each as give the largest three digits, one where
    a small one would have a single digit, but no zeros that all of them end with.
    """
    largest = max(map(abs, values), default=0)
    if 0 < largest < 1e-3:
        return [figure(value) for value in values]
    decimals = 2 - math.floor(math.log10(largest)) if largest else 0
    small = any(0 < abs(value) < 10 for value in values)
    said = [f"{value:,.{max(decimals, int(small))}f}" for value in values]
    while said and all("." in text and text[-1] in "0." for text in said):
        said = [text[:-1] for text in said]
    return [text.replace("-", "\N{MINUS SIGN}") for text in said]


def percent(share: float) -> str:
    """A share, which may be over one, without the sign: `0.4`, `43`, `1,240`, `∞`."""
    if math.isinf(share):
        return "∞"
    return f"{100 * share:,.{1 if abs(share) < 0.0995 else 0}f}"


def lead(value: float, *, lower_is_better: bool) -> str:
    """How a figure stands to its baseline's, for a relative advantage: `43 % higher`."""
    side = "lower" if (value > 0) == lower_is_better else "higher"
    return f"{percent(abs(value))}{NO_BREAK}% {side}" if value else "the same"


def words(name: str) -> str:
    """A name of code as it is read: `hit rate`."""
    return name.replace("_", " ")


def small(value: float) -> str:
    """A difference or a tolerance: `3.2 × 10⁻⁶`; exact zero is `0`."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "∞" if value > 0 else "not a number"
    digits, _, exponent = f"{value:.1e}".partition("e")
    power = str(int(exponent)).translate(_RAISED)
    return f"{digits.removesuffix('.0')}{NO_BREAK}×{NO_BREAK}10{power}"


def short_hash(value: str) -> str:
    return value[:12]


def protocol(name: str) -> str:
    """A protocol as its makers write it."""
    return {"grpc": "gRPC", "http": "HTTP"}.get(name.lower(), name)


def moment(iso: str) -> str:
    """`2026-11-23 20:14 UTC` of an ISO 8601 time in UTC; anything else stays as it is."""
    try:
        return datetime.fromisoformat(iso).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return iso


def _three(value: float) -> str:
    if not math.isfinite(value):
        return "not a number"
    decimals = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:,.{decimals}f}"
