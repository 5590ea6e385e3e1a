"""Collects what is wrong with settings, so that all of it is said at once."""

import re
from collections.abc import Iterable
from typing import Any

from infra.errors import Problem, SettingError, setting

LOG_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)  # fmt: skip
"""What CloudWatch takes as the retention of a log group."""

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})+")


class Checks:
    """Of the values of some groups of settings, whose fields are called by name."""

    def __init__(self, *groups: object) -> None:
        self._groups = groups
        self._problems: list[Problem] = []

    def refuse_if(self, wrong: object, field: str, why: str, mend: str) -> None:
        """`why` goes on after "<setting> is <value>:", `mend` is what to do."""
        if wrong:
            self._problems.append(Problem(setting(field), self._value(field), why, mend))

    def within(self, field: str, low: int, high: int, why: str = "") -> None:
        value = self._value(field)
        limits = f"it has to be {low} to {high}"
        nearest = f"{low} or more" if value < low else f"{high} or less"
        self.refuse_if(
            not low <= value <= high,
            field,
            f"{limits}, {why}" if why else limits,
            f"Set it to {nearest}",
        )

    def one_of(self, field: str, *allowed: Any) -> None:
        known = ", ".join(str(value) for value in allowed[:-1]) + f" or {allowed[-1]}"
        value = self._value(field)
        self.refuse_if(value not in allowed, field, "there is no such choice", f"Set it to {known}")

    def log_days(self, field: str) -> None:
        value = self._value(field)
        near = [day for day in LOG_DAYS if day < value][-1:]
        near += [day for day in LOG_DAYS if day > value][:1]
        self.refuse_if(
            value not in LOG_DAYS,
            field,
            "CloudWatch keeps logs for certain numbers of days only",
            f"Set it to {' or '.join(str(day) for day in near)}",
        )

    def matches(self, field: str, pattern: str, why: str, mend: str) -> None:
        """An empty value is not looked at."""
        value = self._value(field)
        self.refuse_if(value and not re.fullmatch(pattern, value), field, why, mend)

    def domain(self, field: str) -> None:
        value = self._value(field)
        self.refuse_if(
            value and not _DOMAIN.fullmatch(value),
            field,
            "it is no domain name",
            "Write one in small letters, like models.example.com",
        )

    def no_duplicates(self, field: str) -> None:
        value = self._value(field)
        twice = sorted({_name(item) for item in value if value.count(item) > 1})
        self.refuse_if(twice, field, f"{', '.join(twice)} is there twice", "Leave one out")

    def done(self) -> None:
        """Raise `SettingError` if anything was refused."""
        if self._problems:
            raise SettingError(self._problems)

    def _value(self, field: str) -> Any:
        return next(getattr(group, field) for group in self._groups if hasattr(group, field))


def spelled(fields: Iterable[str]) -> str:
    """`slipway:sleep and slipway:wake`."""
    return " and ".join(setting(field) for field in fields)


def _name(item: object) -> str:
    return str(getattr(item, "name", item))
