"""How a new version replaces servers that run.

A group's own `instanceRefresh` has nothing to roll back to: pulumi-aws writes the new version into
the group before it starts one. A rollout leaves the group alone until every server is replaced.
"""

import math
from collections.abc import Iterator

from .instances import GROUP
from .model import UNKNOWN, Checked, Level, Rule, Stack, StackRule
from .values import absent, look, number, on, parsed, prop

ROLLOUT = "pulumi-python:dynamic/slipway:Rollout"
SERVICE = "aws:ecs/service:Service"
_LEAST_HEALTHY = 90
"""Percent. Of a few servers one is more than the rest of it, and where AWS has no other to give it
must be spared.
"""


def _replacing(stack: Stack) -> Iterator[tuple[Checked, str]]:
    for group in stack.of(GROUP):
        if not absent(prop(group, "instanceRefresh")):
            yield (
                group,
                "has an instanceRefresh, which finds the new version in the group and so rolls "
                "back to it: leave it to a Rollout",
            )
        elif not stack.referring(group, ROLLOUT, "group", key="name"):
            yield group, "never replaces servers that run: give it a Rollout"


def _rolling_back(rollout: Checked) -> Iterator[str]:
    written = prop(rollout, "preferences")
    if written is UNKNOWN:
        return
    preferences = parsed(written)
    if not on(look(preferences, "AutoRollback")):
        yield "goes on with a bad version: set AutoRollback"
    if rollout.production and absent(look(preferences, "AlarmSpecification", "Alarms")):
        yield "rolls back only when servers do not start: name alarms in AlarmSpecification"


def _sparing(stack: Stack) -> Iterator[tuple[Checked, str]]:
    for group in stack.of(GROUP):
        servers = _servers(stack, group)
        for rollout in stack.referring(group, ROLLOUT, "group", key="name"):
            written = look(parsed(prop(rollout, "preferences")), "MinHealthyPercentage")
            if written is UNKNOWN or not servers:
                continue
            healthy = number(written) or 0.0
            lost = servers - math.ceil(servers * healthy / 100)
            if lost > 1 and healthy < _LEAST_HEALTHY:
                least = min(_LEAST_HEALTHY, 100 * (servers - 1) // servers)
                yield rollout, f"may lose {lost} of {servers} servers at once: keep {least} %"


def _servers(stack: Stack, group: Checked) -> int:
    """That are there at least. A group of ECS has as many as its service wants tasks."""
    said = [prop(group, "minSize"), *(prop(s, "desiredCount") for s in stack.of(SERVICE))]
    return max(int(number(value) or 0) for value in said)


def _versions(rollout: Checked) -> Iterator[str]:
    written = prop(rollout, "desired")
    if written is UNKNOWN:
        return
    policy = look(parsed(written), "MixedInstancesPolicy", "LaunchTemplate")
    version = look(policy, "LaunchTemplateSpecification", "Version")
    if version is not UNKNOWN and number(version) is None:
        yield (
            f"brings launch template version {version or '$Default'}, which moves: name its number"
        )


RULES = (
    StackRule(
        "rollout-of-groups",
        Level.MANDATORY,
        "New versions reach a group's servers by a rollout that leaves the old one to go back to.",
        _replacing,
    ),
    Rule(
        "rollout-rolls-back",
        Level.MANDATORY,
        "A new version that does not work is rolled back, in prod also at an alarm.",
        (ROLLOUT,),
        _rolling_back,
    ),
    StackRule(
        "rollout-spares-servers",
        Level.MANDATORY,
        "A rollout takes one server in ten at once, or one of a few.",
        _sparing,
    ),
    Rule(
        "rollout-version-pinned",
        Level.MANDATORY,
        "A rollout names the version of its launch template by number.",
        (ROLLOUT,),
        _versions,
    ),
)
