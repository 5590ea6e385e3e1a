"""An instance refresh that has something to go back to, as Pulumi's dynamic provider runs it.

A refresh that fails is rolled back to what the auto scaling group says. pulumi-aws writes the new
configuration into the group before it starts a refresh, which so rolls back to the new one (see
docs/decisions/0013-rollout.md). Here the group is left alone: the refresh brings the configuration,
and AWS writes it into the group when every server has it.
"""

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pulumi.dynamic import (
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ResourceProvider,
    UpdateResult,
)

if TYPE_CHECKING:
    from botocore.client import BaseClient

_STOPPABLE = {"Pending", "InProgress", "Baking", "RollbackInProgress"}
_ACTIVE = _STOPPABLE | {"Cancelling"}
_PAUSE, _PATIENCE = 2.0, 600.0
"""Seconds between two looks, and until a refresh that was cancelled must have ended."""


class InstanceRefresh(ResourceProvider):
    """Properties: `region`, `group`; `desired` and `preferences` are the `DesiredConfiguration` and
    the `Preferences` of AWS's StartInstanceRefresh, as JSON.

    A refresh is started, not waited for: where GPUs are short it lasts for hours. Until the group
    has what is desired, because a refresh was rolled back or cancelled, each update tries again.
    """

    serialize_as_secret_always = False

    def __init__(self) -> None:
        super().__init__()
        self._profile: str | None = None

    def configure(self, req: ConfigureRequest) -> None:
        self._profile = req.config.get("aws:profile")

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        changed = any(_olds[name] != _news[name] for name in ("region", "group", "desired"))
        return DiffResult(changes=changed or self._is_behind(_news))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Nothing to do: the group was just made with what is desired."""
        return CreateResult(props["group"], dict(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        client, group = self._client(_news), _news["group"]
        _end_active(client, group)
        client.start_instance_refresh(
            AutoScalingGroupName=group,
            Strategy="Rolling",
            DesiredConfiguration=json.loads(_news["desired"]),
            Preferences=json.loads(_news["preferences"]),
        )
        return UpdateResult(dict(_news))

    def _is_behind(self, props: Mapping[str, Any]) -> bool:
        """Whether the group has something else than what is desired, and nothing changes that."""
        client, name = self._client(props), props["group"]
        found = client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        groups = found["AutoScalingGroups"]
        if not groups or _within(json.loads(props["desired"]), groups[0]):
            return False
        return _active(client, name) is None

    def _client(self, props: Mapping[str, Any]) -> "BaseClient":
        # A second that evaluating the program does without.
        import boto3  # noqa: PLC0415

        session = boto3.Session(profile_name=self._profile, region_name=props["region"])
        return session.client("autoscaling")


def _within(desired: Any, actual: Any) -> bool:
    """Whether all that is desired is so; AWS adds defaults of its own."""
    if isinstance(desired, dict):
        return isinstance(actual, dict) and all(
            _within(value, actual.get(name)) for name, value in desired.items()
        )
    if isinstance(desired, list):
        return (
            isinstance(actual, list)
            and len(desired) == len(actual)
            and all(map(_within, desired, actual))
        )
    return bool(desired == actual)


def _active(client: "BaseClient", group: str) -> str | None:
    """The status of the refresh that is under way."""
    found = client.describe_instance_refreshes(AutoScalingGroupName=group)["InstanceRefreshes"]
    return next((each["Status"] for each in found if each["Status"] in _ACTIVE), None)


def _end_active(client: "BaseClient", group: str) -> None:
    """A group has one refresh at a time. One that is cancelled leaves the group as it was."""
    until = time.monotonic() + _PATIENCE
    cancelled = False
    while status := _active(client, group):
        if status in _STOPPABLE and not cancelled:
            client.cancel_instance_refresh(AutoScalingGroupName=group)
            cancelled = True
        if time.monotonic() > until:
            raise TimeoutError(
                f"The instance refresh of {group} is {status} {_PATIENCE:.0f} s after it was told"
                " to end, and a group has one at a time. Run `pulumi up` again when it is over; see"
                f" `aws autoscaling describe-instance-refreshes --auto-scaling-group-name {group}`."
            )
        time.sleep(_PAUSE)
