"""Instance refreshes, which moto lacks. What AWS decides in its own time, a test decides here."""

import copy
from dataclasses import dataclass, field

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

ACTIVE = {"Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"}


class InProgress(AutoscalingClientError):
    code = "InstanceRefreshInProgress"


class NoneActive(AutoscalingClientError):
    code = "ActiveInstanceRefreshNotFound"


@dataclass
class Refreshes:
    """Of one group, the last one first, as DescribeInstanceRefreshes gives them."""

    known: list = field(default_factory=list)
    group: object = None

    def end(self, status):
        """The last one ends: with `Successful` the group has what was desired, else what it had."""
        refresh = self.known[0]
        refresh["Status"] = status
        if status == "Successful":
            desired = refresh["DesiredConfiguration"]["MixedInstancesPolicy"]
            self.group.mixed_instances_policy = copy.deepcopy(desired)


def installed(patch):
    """The refreshes that moto knows of from now on, until `patch` is undone."""
    refreshes = Refreshes()

    def answer(response, **result):
        return ActionResult(
            {"InstanceRefreshId": refreshes.known[0]["InstanceRefreshId"], **result}
        )

    def start(self):
        name = self._get_param("AutoScalingGroupName")
        (refreshes.group,) = self.autoscaling_backend.describe_auto_scaling_groups([name])
        if refreshes.known and refreshes.known[0]["Status"] in ACTIVE:
            raise InProgress("An instance refresh is already in progress")
        preferences = self._get_param("Preferences", {})
        desired = self._get_param("DesiredConfiguration", {})
        if preferences.get("AutoRollback") and not desired:
            raise ValidationError("AutoRollback without a DesiredConfiguration")
        refreshes.known.insert(
            0,
            {
                "InstanceRefreshId": f"refresh-{len(refreshes.known) + 1}",
                "AutoScalingGroupName": name,
                "Status": "InProgress",
                "Preferences": copy.deepcopy(preferences),
                "DesiredConfiguration": copy.deepcopy(desired),
            },
        )
        return answer(self)

    def cancel(self):
        if not refreshes.known or refreshes.known[0]["Status"] not in ACTIVE - {"Cancelling"}:
            raise NoneActive("No instance refresh is in progress")
        refreshes.known[0]["Status"] = "Cancelling"
        return answer(self)

    def describe(self):
        result = ActionResult({"InstanceRefreshes": copy.deepcopy(refreshes.known)})
        if refreshes.known and refreshes.known[0]["Status"] == "Cancelling":
            refreshes.end("Cancelled")
        return result

    for action, method in (("start", start), ("cancel", cancel), ("describe", describe)):
        plural = "es" if action == "describe" else ""
        name = f"{action}_instance_refresh{plural}"
        assert not hasattr(AutoScalingResponse, name), "moto has it now: this can go"
        patch.setattr(AutoScalingResponse, name, method, raising=False)
    return refreshes
