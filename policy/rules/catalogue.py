"""All rules, and one call that applies them."""

from collections.abc import Iterator

from . import (
    alarms,
    encryption,
    exposure,
    instances,
    permissions,
    protection,
    retention,
    rollouts,
    routing,
    serving,
    tags,
)
from .model import Rule, Stack, StackRule, Violation

_THEMES = (
    encryption, exposure, permissions, instances, rollouts, serving, routing, protection, tags,
    retention, alarms,
)  # fmt: skip
ALL: tuple[Rule | StackRule, ...] = tuple(rule for theme in _THEMES for rule in theme.RULES)


def violations(stack: Stack) -> Iterator[Violation]:
    """What is wrong in a stack, rule by rule."""
    for rule in ALL:
        yield from rule.violations(stack)
