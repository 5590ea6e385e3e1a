"""GPU servers come slowly, go suddenly and hold requests: what that asks of a fleet."""

from collections.abc import Iterator
from typing import Any

from .instances import GROUP, TEMPLATE
from .model import UNKNOWN, Checked, Level, Rule, Stack, StackRule
from .values import absent, among, items, known, look, number, on, prop

_HOOK = "aws:autoscaling/lifecycleHook:LifecycleHook"
_TARGETS = "aws:lb/targetGroup:TargetGroup"
_LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
_TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
_SPOT_NOTICE = 120

READINESS_PORT, READY = 8003, "/v2/health/ready"
GRPC_READINESS_PORT, GRPC_HEALTH, GRPC_OK = 8004, "/grpc.health.v1.Health/Check", "0"
"""Where a node says whether its server is ready. slipway.contract names the same; the environment
of the pack does not have it.
"""
MODEL_TAG = "ModelGiB"
"""Tag of an auto scaling group: GiB of models that one of its servers loads."""

_BOOT_AND_PULL = 480
_SECONDS_PER_GIB = 1024 / 100 + 1024 / 200
"""Models are fetched at 100 MiB/s and loaded at 200."""
_SHORTEST_LAUNCH, _LONGEST_HOOK = 600, 7200


def uses_spot(group: Checked) -> bool:
    """Whether servers of a group are known to be spot instances, in part at least."""
    spread = prop(group, "mixedInstancesPolicy", "instancesDistribution")
    share, base = (
        look(spread, "onDemandPercentageAboveBaseCapacity"),
        look(spread, "onDemandBaseCapacity"),
    )
    most = prop(group, "maxSize")
    if not known((share, base, most)):
        return False
    all_on_demand = most is not None and (number(most) or 0) <= (number(base) or 0)
    return (100 if share is None else number(share) or 0) < 100 and not all_on_demand


def _warm_pools(resource: Checked) -> Iterator[str]:
    if uses_spot(resource) and not absent(prop(resource, "warmPool")):
        yield "has a warm pool and spot instances, which AWS refuses: choose one"


def _bases(resource: Checked) -> Iterator[str]:
    if resource.type == TEMPLATE:
        market = prop(resource, "instanceMarketOptions", "marketType")
        if resource.production and market == "spot":
            yield "starts spot instances only: leave the market to the group's distribution"
        return
    base = prop(resource, "mixedInstancesPolicy", "instancesDistribution", "onDemandBaseCapacity")
    if resource.production and uses_spot(resource) and (number(base) or 0) < 1:
        yield "can lose every server at once: keep at least one on demand (onDemandBaseCapacity)"


def _interruptions(resource: Checked) -> Iterator[str]:
    if not uses_spot(resource):
        return
    if not on(prop(resource, "capacityRebalance")):
        yield "waits until spot instances are taken: set capacityRebalance"
    mixed = prop(resource, "mixedInstancesPolicy")
    strategy = look(mixed, "instancesDistribution", "spotAllocationStrategy")
    if not among(strategy, "price-capacity-optimized", "capacity-optimized"):
        yield f"buys spot by {strategy or 'lowest-price'}: use price-capacity-optimized"


def _choice(resource: Checked) -> Iterator[str]:
    overrides = prop(resource, "mixedInstancesPolicy", "launchTemplate", "overrides")
    kinds = {str(look(each, "instanceType")) for each in items(overrides)}
    if uses_spot(resource) and known(overrides) and len(kinds) < 3:
        yield f"buys spot of {len(kinds) or 1} instance type(s): allow three against shortages"


def _hooks(stack: Stack, group: Checked) -> list[Any]:
    """A group's lifecycle hooks, written within it or beside it."""
    beside = stack.referring(group, _HOOK, "autoscalingGroupName", "name")
    return [*items(prop(group, "initialLifecycleHooks")), *(hook.properties for hook in beside)]


def _at(transition: str, hooks: list[Any]) -> list[Any]:
    return [hook for hook in hooks if look(hook, "lifecycleTransition") == transition]


def launch_seconds(group: Checked) -> float:
    """What a server needs until it serves, and half as much again."""
    tags = {str(look(tag, "key")): look(tag, "value") for tag in items(prop(group, "tags"))}
    gib = number(tags.get(MODEL_TAG)) or 0
    needed = int(1.5 * (_BOOT_AND_PULL + gib * _SECONDS_PER_GIB))
    return min(_LONGEST_HOOK, max(_SHORTEST_LAUNCH, needed))


def _launches(stack: Stack) -> Iterator[tuple[Checked, str]]:
    for group in stack.of(GROUP):
        needed = launch_seconds(group)
        every = _hooks(stack, group)
        hooks = _at(_LAUNCHING, every)
        for hook in hooks:
            patience = look(hook, "heartbeatTimeout")
            if patience is not UNKNOWN and (number(patience) or 3600) < needed:
                yield group, f"gives up on a server after {patience} s: it needs {needed:.0f} s"
            if not among(look(hook, "defaultResult"), "ABANDON", None):
                yield group, "takes a server that never became ready into service: ABANDON it"
        grace = prop(group, "healthCheckGracePeriod")
        certain = known((grace, prop(group, "initialLifecycleHooks"), every))
        # Without a load balancer's opinion a server is healthy while it runs.
        judged = not hooks and _asks_load_balancer(group)
        if judged and certain and (number(grace) or 300) < needed:
            yield (
                group,
                f"judges servers after {grace} s, they need {needed:.0f} s: hook the launch",
            )
    longest = max(map(launch_seconds, stack.of(GROUP)), default=_SHORTEST_LAUNCH)
    for service in stack.of("aws:ecs/service:Service"):
        grace = prop(service, "healthCheckGracePeriodSeconds")
        balanced = items(prop(service, "loadBalancers"))
        if balanced and grace is not UNKNOWN and (number(grace) or 0) < longest:
            yield service, f"judges tasks after {grace} s, they need {longest:.0f} s"


def _drains(stack: Stack) -> Iterator[tuple[Checked, str]]:
    groups = stack.of(GROUP)
    spot = any(uses_spot(group) for group in groups)
    hooks = [hook for group in groups for hook in _at(_TERMINATING, _hooks(stack, group))]
    patience = [number(look(hook, "heartbeatTimeout")) for hook in hooks]
    shortest = min((seconds for seconds in patience if seconds is not None), default=None)
    for targets in stack.of(_TARGETS):
        delay = prop(targets, "deregistrationDelay")
        seconds = 300 if delay is None else number(delay)
        if seconds is None:
            continue
        if shortest is not None and seconds > shortest:
            yield (
                targets,
                (
                    f"lets requests finish for {seconds:.0f} s, but the server is gone after "
                    f"{shortest:.0f} s: lengthen the terminate hook"
                ),
            )
        if spot and seconds > _SPOT_NOTICE:
            yield targets, f"drains for {seconds:.0f} s, a spot instance has {_SPOT_NOTICE} s"
    for group in groups:
        for hook in _at(_TERMINATING, _hooks(stack, group)) if uses_spot(group) else ():
            if (number(look(hook, "heartbeatTimeout")) or 0) > _SPOT_NOTICE:
                yield group, f"holds a leaving server longer than spot's notice of {_SPOT_NOTICE} s"


def _readiness(resource: Checked) -> Iterator[str]:
    """Triton answers at its own port before models are loaded, and over gRPC with a success whose
    body says no: so the node is asked, and a gRPC group takes status 0 alone (its default is 12).
    """
    version, check = prop(resource, "protocolVersion"), prop(resource, "healthCheck")
    path, matcher = look(check, "path"), look(check, "matcher")
    over_http = _at_port(check, READINESS_PORT) and among(path, READY)
    over_grpc = (
        _at_port(check, GRPC_READINESS_PORT)
        and among(path, GRPC_HEALTH)
        and among(matcher, GRPC_OK)
    )
    if version == "GRPC":
        if not over_grpc:
            yield (
                f"does not ask the node: check {GRPC_HEALTH} at port {GRPC_READINESS_PORT} "
                f"with matcher {GRPC_OK}"
            )
    elif not over_http and not (version is UNKNOWN and over_grpc):
        yield f"does not ask the node: check {READY} at port {READINESS_PORT} over HTTP"


def _at_port(check: Any, wanted: int) -> bool:
    port = look(check, "port")
    return among(look(check, "protocol"), "HTTP", None) and (
        port is UNKNOWN or number(port) == wanted
    )


def _health(resource: Checked) -> Iterator[str]:
    behind = prop(resource, "targetGroupArns"), prop(resource, "trafficSources")
    asked = prop(resource, "healthCheckType") is UNKNOWN or _asks_load_balancer(resource)
    if not all(absent(each) for each in behind) and not asked:
        yield "keeps servers that the load balancer holds for broken: add ELB to healthCheckType"


def _asks_load_balancer(group: Checked) -> bool:
    return "ELB" in str(prop(group, "healthCheckType")).split(",")


RULES = (
    Rule("warm-pool-without-spot", Level.MANDATORY,
         "A warm pool and spot instances are not combined.", (GROUP,), _warm_pools),
    Rule("on-demand-base", Level.MANDATORY,
         "In prod spot instances come on top of servers on demand.", (GROUP, TEMPLATE), _bases),
    Rule("spot-interruptions", Level.MANDATORY,
         "Spot instances are bought where they last, and replaced before they go.",
         (GROUP,), _interruptions),
    Rule("spot-choice", Level.ADVISORY,
         "Spot instances are bought of at least three types.", (GROUP,), _choice),
    StackRule("launch-time", Level.MANDATORY,
              "A server gets the time that its models need to load.", _launches),
    StackRule("drain-time", Level.MANDATORY,
              "Requests finish before the server goes, and on spot within its two minutes.",
              _drains),
    Rule("readiness-checked", Level.MANDATORY,
         "Load balancers ask the node whether its server is ready, over HTTP or gRPC.",
         (_TARGETS,), _readiness),
    Rule("broken-servers-replaced", Level.MANDATORY,
         "A group replaces servers that its load balancer holds for broken.", (GROUP,), _health),
)  # fmt: skip
