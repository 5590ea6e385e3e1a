"""What the auto scaling group is told: which servers, in which order, and how they are replaced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import autoscaling

from infra.boot.userdata import LAUNCH_HOOK, TERMINATE_HOOK
from infra.settings import ServerSettings
from infra.timings import Timings

_LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
_TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"


@dataclass(frozen=True)
class Sizes:
    """Least and most servers, or tasks."""

    least: int
    most: int


def sizes(shape: str, settings: ServerSettings) -> Sizes:
    """`single` is one server. In `container` ECS launches servers for its tasks, from none on:
    the first must find the cluster there, and a deployment has room for tasks beside the old ones.
    """
    if shape == "single":
        return Sizes(1, 1)
    if shape == "container":
        _, most = deployment_percents(settings)
        return Sizes(0, max(settings.max_servers, settings.max_servers * most // 100))
    return Sizes(settings.min_servers, settings.max_servers)


def deployment_percents(settings: ServerSettings) -> tuple[int, int]:
    """Least and most tasks of a deployment, in percent. ECS rounds the least up and the most down:
    where that left no room for a single task, the most is raised until it does.
    """
    least, most = settings.refresh_min_healthy, settings.refresh_max_healthy
    tasks = max(1, settings.min_servers)
    stuck = tasks * most // 100 == tasks and -(-tasks * least // 100) == tasks
    return least, -(-100 * (tasks + 1) // tasks) if stuck else most


def hooks(shape: str, timings: Timings) -> Sequence[autoscaling.GroupInitialLifecycleHookArgsDict]:
    """The node completes both. There are none in `container`: there readiness is the business of
    the service's deployment, and draining of ECS, whose managed draining brings a hook of its own.
    """
    if shape == "container":
        return []
    return [
        {
            "name": LAUNCH_HOOK,
            "lifecycle_transition": _LAUNCHING,
            "heartbeat_timeout": timings.launch_hook,
            "default_result": "ABANDON",
        },
        {
            "name": TERMINATE_HOOK,
            "lifecycle_transition": _TERMINATING,
            "heartbeat_timeout": timings.terminate_hook,
            # A server that is leaving leaves, even if its node has nothing more to say.
            "default_result": "CONTINUE",
        },
    ]


def instances(
    settings: ServerSettings, template_id: pulumi.Input[str], version: pulumi.Input[str]
) -> autoscaling.GroupMixedInstancesPolicyArgsDict:
    """On demand the first type that there is; spot where it is least likely to be taken away."""
    return {
        "launch_template": {
            "launch_template_specification": {
                "launch_template_id": template_id,
                "version": version,
            },
            "overrides": [{"instance_type": kind.name} for kind in settings.instance_types],
        },
        "instances_distribution": {
            "on_demand_allocation_strategy": "prioritized",
            "on_demand_base_capacity": settings.on_demand_base,
            "on_demand_percentage_above_base_capacity": 100 - settings.spot_percent,
            "spot_allocation_strategy": "price-capacity-optimized",
        },
    }


def reservation(
    settings: ServerSettings,
) -> autoscaling.GroupCapacityReservationSpecificationArgsDict | None:
    """Reserved capacity first, and on-demand capacity where it does not reach."""
    chosen = settings.capacity_reservation
    if not chosen:
        return None
    if chosen == "open":
        return {"capacity_reservation_preference": "default"}
    target: autoscaling.GroupCapacityReservationSpecificationCapacityReservationTargetArgsDict = (
        {"capacity_reservation_ids": [chosen]}
        if chosen.startswith("cr-")
        else {"capacity_reservation_resource_group_arns": [chosen]}
    )
    return {
        "capacity_reservation_preference": "capacity-reservations-first",
        "capacity_reservation_target": target,
    }


def warm_pool(settings: ServerSettings) -> autoscaling.GroupWarmPoolArgsDict | None:
    """Stopped servers with the image on their volume; the node fetches models anew when started."""
    if not settings.warm_pool:
        return None
    return {
        "pool_state": "Stopped",
        "min_size": settings.warm_pool,
        # A server that served comes back with what it has collected: it goes, a fresh one comes.
        "instance_reuse_policy": {"reuse_on_scale_in": False},
    }


def tags(
    shared: Mapping[str, str], group: str, shape: str, model_gib: int
) -> Sequence[autoscaling.GroupTagArgsDict]:
    """Default tags of the provider do not reach auto scaling groups. `ModelGiB` is what a policy
    holds the launch hook against.
    """
    # ECS marks the groups it manages; unless it is declared, each update would take the mark off.
    managed = {"AmazonECSManaged": "true"} if shape == "container" else {}
    own = {"Name": group, "ModelGiB": str(model_gib), **managed}
    return [
        {"key": key, "value": value, "propagate_at_launch": True}
        for key, value in {**shared, **own}.items()
    ]
