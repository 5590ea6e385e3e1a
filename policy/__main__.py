"""The rules as a Pulumi policy pack: `pulumi preview --policy-pack policy`.

Pulumi starts this file with the pack's folder on the path. It can change or switch off each rule's
level with --policy-pack-config, by its name.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError
from rules.catalogue import ALL
from rules.model import UNKNOWN, Checked, Rule, Stack, StackRule


def plain(value: Any) -> Any:
    """A value out of Pulumi's proxies, which raise where something is not known yet."""
    if isinstance(value, Mapping):
        return {key: _item(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_item(value, index) for index in range(len(value))]
    return value


def _item(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except UnknownValueError:
        return UNKNOWN


def _resource(resource: ResourceValidationArgs | PolicyResource) -> Checked:
    related = getattr(resource, "property_dependencies", {})
    return Checked(
        type=resource.resource_type,
        name=resource.name,
        urn=resource.urn,
        properties=plain(resource.props),
        protect=resource.opts.protect,
        refers={name: tuple(each.urn for each in found) for name, found in related.items()},
    )


def _judging(rule: Rule) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        for violation in rule.violations(Stack((_resource(args),))):
            report(violation.message, violation.urn)

    return validate


def _judging_all(rule: StackRule) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        stack = Stack(tuple(_resource(resource) for resource in args.resources))
        for violation in rule.violations(stack):
            report(violation.message, violation.urn)

    return validate


def policies() -> list[Policy]:
    """Every rule as what Pulumi knows."""
    return [
        ResourceValidationPolicy(
            rule.name, rule.description, _judging(rule), EnforcementLevel(rule.level.value)
        )
        if isinstance(rule, Rule)
        else StackValidationPolicy(
            rule.name, rule.description, _judging_all(rule), EnforcementLevel(rule.level.value)
        )
        for rule in ALL
    ]


if __name__ == "__main__":
    PolicyPack("slipway", policies())
