"""Reading properties that may be absent, unknown or of another kind than expected.

A rule objects only to what it knows: every question here is answered in favour of the unknown.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .model import UNKNOWN, Checked


def look(value: Any, *path: str) -> Any:
    """The value at a path; None where there is none, `UNKNOWN` from the first unknown step on."""
    for step in path:
        if value is UNKNOWN:
            return UNKNOWN
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def prop(resource: Checked, *path: str) -> Any:
    """`look` among a resource's properties."""
    return look(resource.properties, *path)


def items(value: Any) -> tuple[Any, ...]:
    """The known elements of a list; a single block counts as a list of one."""
    if isinstance(value, Mapping):
        return (value,)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return tuple(item for item in value if item is not UNKNOWN)
    return ()


def known(value: Any) -> bool:
    """Whether a value is known, however deep."""
    if isinstance(value, Mapping):
        return all(known(inner) for inner in value.values())
    if isinstance(value, list | tuple):
        return all(known(inner) for inner in value)
    return value is not UNKNOWN


def absent(value: Any) -> bool:
    return value is None or value in ("", [], {})


def on(value: Any) -> bool:
    """Whether a switch is on or may be; templates write switches as text."""
    return value is UNKNOWN or value is True or value == "true"


def off(value: Any) -> bool:
    """Whether a switch is off or may be; where nothing is said it is off."""
    return value is UNKNOWN or not on(value)


def number(value: Any) -> float | None:
    """A number, also one written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def among(value: Any, *allowed: str | None) -> bool:
    """Whether a value is one of these or may be."""
    return value is UNKNOWN or value in allowed


def parsed(value: Any) -> Any:
    """JSON that is written as text; None where it is none."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None
