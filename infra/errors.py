"""What is said about a wrong setting."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.names import PROJECT


@dataclass(frozen=True)
class Problem:
    """One wrong setting: its name as a person writes it, the value, `why` not, and the way out."""

    setting: str
    value: Any
    why: str
    mend: str

    def __str__(self) -> str:
        said = f"{self.setting} is {written(self.value)}: {self.why}. {self.mend}."
        return " ".join(said.split())


class SettingError(pulumi.RunError):
    """Settings that nothing can be built from: one line for each of them.

    Pulumi prints the message of a `RunError`, and no traceback.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


ELSEWHERE = {
    "environment": "the stack's name",
    "region": "aws:region",
    "profile": "aws:profile",
    "allowed_accounts": "aws:allowedAccountIds",
}
"""Fields that are no settings of `slipway:`, and what a person calls them."""


def setting(field: str) -> str:
    """`slipway:minServers`, for the field `min_servers`."""
    return ELSEWHERE.get(field) or f"{PROJECT}:{camel(field)}"


def camel(field: str) -> str:
    first, *rest = field.split("_")
    return first + "".join(word.title() for word in rest)


def written(value: Any) -> str:
    """A value as it would stand in a stack's file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return f"[{', '.join(written(item) for item in value)}]"
    text = str(getattr(value, "name", value))
    return text or "empty"
