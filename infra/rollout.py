"""How a new configuration reaches servers that run: a few at a time, and back when it is bad."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import autoscaling

from infra.instance_refresh import InstanceRefresh
from infra.place import Place
from infra.settings import ServerSettings
from infra.timings import GRACE


@dataclass(frozen=True)
class RolloutArgs:
    """`instances` is what the group was made with, and what its servers are to become."""

    shape: str
    settings: ServerSettings
    place: Place
    group_name: pulumi.Input[str]
    instances: autoscaling.GroupMixedInstancesPolicyArgsDict
    rollback_alarms: Sequence[pulumi.Input[str]]


class Rollout(pulumi.dynamic.Resource, module="slipway", name="Rollout"):
    """A change of `instances` starts an instance refresh: see `infra.instance_refresh`."""

    def __init__(
        self, name: str, args: RolloutArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        properties = {
            "region": args.place.region,
            "group": args.group_name,
            "desired": pulumi.Output.json_dumps({"MixedInstancesPolicy": _named(args.instances)}),
            "preferences": pulumi.Output.json_dumps(_preferences(args)),
        }
        super().__init__(InstanceRefresh(), name, properties, opts)


def _preferences(args: RolloutArgs) -> dict[str, Any]:
    """It waits at the checkpoints and after the last server, so that the alarms have something to
    judge: what has ended is not rolled back.
    """
    settings = args.settings
    preferences: dict[str, Any] = {
        "MinHealthyPercentage": settings.refresh_min_healthy,
        "MaxHealthyPercentage": settings.refresh_max_healthy,
        "InstanceWarmup": GRACE,
        "CheckpointPercentages": list(settings.refresh_checkpoints),
        "CheckpointDelay": settings.refresh_pause_seconds,
        "BakeTime": settings.refresh_pause_seconds,
        "SkipMatching": True,
        "AutoRollback": True,
        # ECS protects every server that has tasks; else somebody protected it for a reason.
        "ScaleInProtectedInstances": "Refresh" if args.shape == "container" else "Ignore",
        # Set aside by somebody who looks into it.
        "StandbyInstances": "Ignore",
    }
    if args.rollback_alarms:
        preferences["AlarmSpecification"] = {"Alarms": list(args.rollback_alarms)}
    return preferences


def _named(value: Any) -> Any:
    """As AWS's API calls what Pulumi writes `like_this`."""
    if isinstance(value, dict):
        return {name.title().replace("_", ""): _named(item) for name, item in value.items()}
    return [_named(item) for item in value] if isinstance(value, list) else value
