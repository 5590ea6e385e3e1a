"""What an auto scaling group launches: which types, how many and when, bought how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway.stack.cost.cron import cron
from slipway.stack.cost.lines import UnknownValue, whole
from slipway.stack.cost.phases import Phases, Sizes, Turn, phases
from slipway.stack.graph import Graph, Resource

GROUP = "aws:autoscaling/group:Group"
_UNCHANGED = -1


@dataclass(frozen=True)
class WarmPool:
    """Servers that wait: at least `least`, and as many as fill up to `prepared` with those that
    serve (None: to the group's maximum). `running` ones are billed like any other.
    """

    least: int
    prepared: int | None
    running: bool

    def beside(self, serving: int, most: int) -> int:
        """How many wait beside so many that serve."""
        prepared = most if self.prepared is None else self.prepared
        return max(self.least, prepared - serving)


@dataclass(frozen=True)
class Fleet:
    """`base` servers are on demand, and `on_demand_percent` of those above. `by_tasks`: there are
    as many as an ECS service wants tasks.
    """

    types: tuple[str, ...]
    phases: Phases
    base: int
    on_demand_percent: int
    warm: WarmPool | None
    template: Resource | None
    by_tasks: bool
    reserved: bool

    def on_demand(self, servers: int) -> int:
        """Of so many servers; EC2 rounds the share of on demand up."""
        above = max(0, servers - self.base)
        return min(servers, self.base) + -(-above * self.on_demand_percent // 100)


def fleet(group: Resource, graph: Graph) -> Fleet:
    """Raises `UnknownValue` for a group whose types, sizes or schedule cannot be read."""
    properties = group.properties
    policy = properties.get("mixedInstancesPolicy") or {}
    launched = policy.get("launchTemplate") or {}
    specification = launched.get("launchTemplateSpecification") or properties.get("launchTemplate")
    template = _template(specification or {}, graph)
    spread = policy.get("instancesDistribution") or {}
    size = Sizes(
        whole(properties.get("minSize"), "the least size of the group"),
        whole(properties.get("maxSize"), "the most size of the group"),
    )
    by_tasks = _tasks(group, graph)
    on_demand = whole(spread.get("onDemandPercentageAboveBaseCapacity"), "the share on demand", 100)
    pool = properties.get("warmPool")
    if pool and on_demand < 100:
        raise UnknownValue("AWS has no warm pool for a group with spot")
    return Fleet(
        types=_types(launched.get("overrides") or (), template),
        phases=by_tasks.at_most(size.most) if by_tasks else phases(size, _turns(group, graph)),
        base=whole(spread.get("onDemandBaseCapacity"), "the base on demand", 0),
        on_demand_percent=on_demand,
        warm=_warm(pool) if pool else None,
        template=template,
        by_tasks=bool(by_tasks),
        reserved=bool(properties.get("capacityReservationSpecification")),
    )


def _types(overrides: Sequence[Mapping[str, Any]], template: Resource | None) -> tuple[str, ...]:
    found: list[str] = []
    for override in overrides:
        if override.get("weightedCapacity") not in (None, "1"):
            raise UnknownValue("the sizes are in weights, not in servers")
        if not isinstance(override.get("instanceType"), str):
            raise UnknownValue("EC2 chooses the instance types by requirements")
        found.append(override["instanceType"])
    if not found and template and isinstance(template.properties.get("instanceType"), str):
        found.append(template.properties["instanceType"])
    if not found:
        raise UnknownValue("the instance type is not known")
    return tuple(dict.fromkeys(found))


def _template(specification: Mapping[str, Any], graph: Graph) -> Resource | None:
    for key in ("launchTemplateId", "launchTemplateName", "id", "name"):
        value = str(specification.get(key))
        if value in graph.references:
            return graph.target(value)
    return None


def _warm(pool: Mapping[str, Any]) -> WarmPool:
    prepared = whole(pool.get("maxGroupPreparedCapacity"), "the prepared capacity", _UNCHANGED)
    return WarmPool(
        least=whole(pool.get("minSize"), "the size of the warm pool", 0),
        prepared=None if prepared == _UNCHANGED else prepared,
        running=pool.get("poolState") == "Running",
    )


def _turns(group: Resource, graph: Graph) -> list[Turn]:
    """Of the group's own schedules. Those that happen once have no recurrence."""
    return [
        Turn(
            cron(schedule.properties["recurrence"]),
            _size(schedule.properties.get("minSize")),
            _size(schedule.properties.get("maxSize")),
        )
        for schedule in graph.of("aws:autoscaling/schedule:Schedule")
        if schedule.properties.get("recurrence")
        and _is(schedule.properties.get("autoscalingGroupName"), group, graph)
    ]


def _size(value: Any) -> int | None:
    size = whole(value, "the size of a schedule", _UNCHANGED)
    return None if size == _UNCHANGED else size


def _is(value: Any, resource: Resource, graph: Graph) -> bool:
    """Whether a property means the resource: by a reference, or by its name."""
    if value in graph.references:
        return graph.references[value].urn == resource.urn
    return value is not None and value == resource.properties.get("name")


def _tasks(group: Resource, graph: Graph) -> Phases | None:
    """How many tasks a service wants of the group, where each has a server to itself."""
    providers = [
        provider
        for provider in graph.of("aws:ecs/capacityProvider:CapacityProvider")
        if _is(provider.properties["autoScalingGroupProvider"]["autoScalingGroupArn"], group, graph)
    ]
    for service in graph.of("aws:ecs/service:Service"):
        apart = {"type": "distinctInstance"} in service.properties.get("placementConstraints", ())
        used = service.properties.get("capacityProviderStrategies", ())
        if apart and any(_is(u["capacityProvider"], p, graph) for u in used for p in providers):
            return _scaled(service, graph)
    return None


def _scaled(service: Resource, graph: Graph) -> Phases:
    name = f"/{service.properties.get('name')}"
    for target in graph.of("aws:appautoscaling/target:Target"):
        if str(target.properties["resourceId"]).endswith(name):
            sizes = Sizes(
                whole(target.properties["minCapacity"], "the least number of tasks"),
                whole(target.properties["maxCapacity"], "the most number of tasks"),
            )
            return phases(sizes, _actions(name, graph))
    count = whole(service.properties.get("desiredCount"), "the number of tasks")
    return phases(Sizes(count, count), [])


def _actions(name: str, graph: Graph) -> list[Turn]:
    return [
        Turn(
            cron(action.properties["schedule"]),
            _size((action.properties.get("scalableTargetAction") or {}).get("minCapacity")),
            _size((action.properties.get("scalableTargetAction") or {}).get("maxCapacity")),
        )
        for action in graph.of("aws:appautoscaling/scheduledAction:ScheduledAction")
        if str(action.properties["resourceId"]).endswith(name)
        and not str(action.properties["schedule"]).startswith("at(")
    ]
