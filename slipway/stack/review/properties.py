"""What the change of a property means, where it is more than the property's name says."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from slipway.stack.graph import Resource
from slipway.stack.review.outcome import Changed, Outcome
from slipway.stack.terraform.differences import LATER

LOW, MEDIUM, HIGH = 1, 2, 3
Said = Iterator[tuple[int, str]]
Rule = Callable[[Changed, Resource], Said]


def sentences(outcome: Outcome, resource: Resource) -> Said:
    """Grade and sentence for what the changed properties mean; each sentence once."""
    said: dict[str, int] = {}
    for changed in outcome.changed:
        for grade, sentence in _of(changed, resource):
            said[sentence] = max(grade, said.get(sentence, 0))
    yield from ((grade, sentence) for sentence, grade in said.items())


def _of(changed: Changed, resource: Resource) -> Said:
    name = changed.property
    if name.startswith("option "):
        yield from _option(changed)
        return
    rules = _RULES.get(resource.type, {})
    for prefix, rule in rules.items():
        if name == prefix or name.startswith((f"{prefix}.", f"{prefix}[")):
            yield from rule(changed, resource)


def _option(changed: Changed) -> Said:
    if changed.property == "option protect" and not changed.after:
        yield MEDIUM, "it is no longer protected from being deleted"
    if changed.property == "option retainOnDelete" and not changed.after:
        yield MEDIUM, "it would no longer be kept when it is removed from the program"


def _fewer(what: str, grade: int = MEDIUM) -> Rule:
    def rule(changed: Changed, _resource: Resource) -> Said:
        old, new = _number(changed.before), _number(changed.after)
        if old is not None and new is not None and new < old:
            yield grade, f"capacity is reduced: {what} {new:g} instead of {old:g}"

    return rule


def _shorter(what: str) -> Rule:
    def rule(changed: Changed, _resource: Resource) -> Said:
        old, new = _number(changed.before), _number(changed.after)
        if new and (not old or new < old):  # 0 is for ever
            yield HIGH, f"data is lost: {what} older than {new:g} days are deleted"

    return rule


def _off(what: str, grade: int = HIGH) -> Rule:
    def rule(changed: Changed, _resource: Resource) -> Said:
        if changed.before and not changed.after:
            yield grade, what

    return rule


def _away_from(good: str, what: str, grade: int = HIGH) -> Rule:
    def rule(changed: Changed, _resource: Resource) -> Said:
        if changed.before == good and changed.after != good:
            yield grade, what

    return rule


def _say(grade: int, what: str) -> Rule:
    def rule(_changed: Changed, _resource: Resource) -> Said:
        yield grade, what

    return rule


def _zones(what: str) -> Rule:
    def rule(changed: Changed, _resource: Resource) -> Said:
        old, new = changed.before, changed.after
        if new is LATER or not isinstance(old, list) or not isinstance(new, list):
            yield HIGH, f"traffic is interrupted: {what} to other subnets"
        elif len(new) < len(old):
            zones = "1 zone" if len(new) == 1 else f"{len(new)} zones"
            yield MEDIUM, f"capacity is reduced: {zones} instead of {len(old)}"
        elif any(subnet not in new for subnet in old):
            yield HIGH, f"traffic is interrupted: {what} to other subnets"

    return rule


def _rollout(_changed: Changed, resource: Resource) -> Said:
    preferences = _mapping(resource.properties.get("preferences"))
    least = preferences.get("MinHealthyPercentage")
    kept = f", at least {least} % of them healthy" if least is not None else ""
    steps = preferences.get("CheckpointPercentages")
    paused = f", with pauses at {', '.join(f'{s} %' for s in steps)}" if steps else ""
    yield MEDIUM, f"all servers are replaced, some at a time{kept}{paused}"


def _mapping(text: Any) -> Mapping[str, Any]:
    """Of JSON; empty where it is none, or only known later."""
    try:
        found = json.loads(text) if isinstance(text, str) else {}
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _number(value: Any) -> float | None:
    try:
        return None if value is None or value is LATER else float(value)
    except (TypeError, ValueError):
        return None


_BOOT = _say(LOW, "servers that start from now on have it; those that run keep what they have")
_JUDGED = "servers are judged healthy by another check: if it is wrong, all of them are taken out"
_TOLD = "what it watches, or when it goes off, changes"
_TASKS = _say(MEDIUM, "its tasks are replaced, one after another")
_STOP = "cuts off requests that take longer than the new time"

_ALARM = ("threshold", "comparisonOperator", "evaluationPeriods", "datapointsToAlarm", "period",
          "treatMissingData", "metricName", "statistic", "extendedStatistic")  # fmt: skip
_BOOTED = ("userData", "imageId", "instanceType", "blockDeviceMappings")

_RULES: Mapping[str, Mapping[str, Rule]] = {
    "aws:autoscaling/group:Group": {
        "maxSize": _fewer("at most"),
        "minSize": _fewer("at least"),
        "desiredCapacity": _fewer("servers are"),
        "vpcZoneIdentifiers": _zones("servers move"),
        "targetGroupArns": _say(
            HIGH, "traffic is interrupted: servers register with other target groups"
        ),
        "healthCheckType": _say(MEDIUM, "servers are judged healthy by another check"),
    },
    "aws:cloudwatch/logGroup:LogGroup": {"retentionInDays": _shorter("logs")},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {
        **dict.fromkeys(_ALARM, _say(MEDIUM, _TOLD)),
        "alarmActions": _say(MEDIUM, "others are told when it goes off"),
    },
    "aws:ec2/launchTemplate:LaunchTemplate": dict.fromkeys(_BOOTED, _BOOT),
    "aws:ec2/vpcEndpoint:VpcEndpoint": {
        "subnetIds": _say(MEDIUM, "it leaves or joins a zone"),
        "privateDnsEnabled": _off("calls to the service no longer go through it"),
    },
    "aws:ecr/repository:Repository": {
        "imageTagMutability": _away_from(
            "IMMUTABLE", "an image's tag can be moved to another image", MEDIUM
        )
    },
    "aws:ecs/service:Service": {
        "taskDefinition": _TASKS,
        "desiredCount": _fewer("tasks are"),
        "loadBalancers": _say(HIGH, "traffic is interrupted: tasks register elsewhere"),
    },
    "aws:kms/key:Key": {
        "enableKeyRotation": _off("the key is no longer rotated", MEDIUM),
        "isEnabled": _off("data is unreachable: what the key encrypted can be read by nobody"),
        "deletionWindowInDays": _say(LOW, "counts only once the key is deleted"),
    },
    "aws:lb/listener:Listener": {
        "sslPolicy": _say(MEDIUM, "clients without the new policy's TLS versions are refused"),
        "certificateArn": _say(MEDIUM, "clients are shown another certificate"),
        "defaultActions": _say(MEDIUM, "requests that no rule matches are answered otherwise"),
    },
    "aws:lb/listenerRule:ListenerRule": {
        "conditions": _say(MEDIUM, "it matches other requests"),
        "actions": _say(MEDIUM, "requests that it matches are handled otherwise"),
    },
    "aws:lb/loadBalancer:LoadBalancer": {
        "enableDeletionProtection": _off("AWS no longer refuses to delete it", MEDIUM),
        "idleTimeout": _say(LOW, _STOP),
        "subnets": _zones("the load balancer moves"),
        "securityGroups": _say(MEDIUM, "another firewall is in front of it"),
    },
    "aws:lb/targetGroup:TargetGroup": {
        "healthCheck": _say(MEDIUM, _JUDGED),
        "deregistrationDelay": _say(LOW, "requests in flight get another time to end"),
    },
    "aws:route53/record:Record": dict.fromkeys(
        ("records", "aliases", "type"),
        _say(HIGH, "traffic is interrupted: the name leads elsewhere"),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
        "rules": _say(MEDIUM, "what the bucket deletes by itself, and when, changes")
    },
    "aws:s3/bucketVersioning:BucketVersioning": {
        "versioningConfiguration.status": _away_from(
            "Enabled", "data can be lost: what is overwritten or deleted cannot be restored"
        )
    },
    "pulumi-python:dynamic/slipway:Rollout": {"desired": _rollout},
}
"""By type and property, as Pulumi names them."""
