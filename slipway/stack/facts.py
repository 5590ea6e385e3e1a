"""What a picture of a stack shows, read from the graph: zones, servers, ways in, services."""

import json
from dataclasses import dataclass
from typing import Any

from slipway.errors import StackError
from slipway.stack.graph import Graph, Resource

GROUP = "aws:autoscaling/group:Group"
LISTENER = "aws:lb/listener:Listener"
SERVICE = "aws:ecs/service:Service"


@dataclass(frozen=True)
class Zone:
    """An availability zone: the ranges of its subnets, and whether it has a NAT gateway."""

    name: str
    public: str
    private: str
    nat: bool


@dataclass(frozen=True)
class Box:
    """Something with a title and a few lines. `used`: whether the servers' role may call it."""

    title: str
    lines: tuple[str, ...]
    used: bool = False


@dataclass(frozen=True)
class Facts:
    """`balancer` is None for a server that is found by discovery; `open` that the world reaches
    it.
    """

    title: str
    vpc: str
    zones: tuple[Zone, ...]
    balancer: Box | None
    open: bool
    servers: Box
    ways_out: Box
    services: tuple[Box, ...]


def facts(graph: Graph) -> Facts:
    """Read a graph that declares servers. Raises `StackError` for one that does not."""
    networks, groups = graph.of("Vpc"), graph.of(GROUP)
    if len(networks) != 1 or len(groups) > 1:
        raise StackError(
            f"The stack '{graph.stack}' cannot be drawn",
            why=f"it has {len(networks)} VPCs and {len(groups)} groups of servers: a picture is of "
            "one and one",
        )
    if not groups:
        raise StackError(
            f"The stack '{graph.stack}' cannot be drawn",
            why="it has no servers, as long as no image is named",
            mend="Add --set slipway:image=0.1.0",
        )
    (vpc,), (group,) = networks, groups
    balancers = graph.of("LoadBalancer")
    return Facts(
        title=graph.stack,
        vpc=vpc.properties["cidrBlock"],
        zones=_zones(graph),
        balancer=_balancer(graph, balancers[0]) if balancers else None,
        open=bool(balancers) and not balancers[0].properties["internal"],
        servers=_servers(graph, group),
        ways_out=_ways_out(graph),
        services=_services(graph),
    )


def _zones(graph: Graph) -> tuple[Zone, ...]:
    gateways = {graph.target(nat.properties["subnetId"]).urn for nat in graph.of("NatGateway")}
    tables = {
        graph.target(a.properties["subnetId"]).urn: graph.target(a.properties["routeTableId"]).urn
        for a in graph.of("RouteTableAssociation")
    }
    outward = {
        graph.target(route.properties["routeTableId"]).urn
        for route in graph.of("Route")
        if route.properties.get("gatewayId")
    }
    found: dict[str, dict[str, Any]] = {}
    for subnet in graph.of("Subnet"):
        zone = found.setdefault(subnet.properties["availabilityZone"], {"nat": False})
        tier = "public" if tables[subnet.urn] in outward else "private"
        zone[tier] = subnet.properties["cidrBlock"]
        zone["nat"] = zone["nat"] or subnet.urn in gateways
    return tuple(Zone(name=name, **of) for name, of in sorted(found.items()))


def _balancer(graph: Graph, balancer: Resource) -> Box:
    ports = sorted(
        f"{listener.properties['port']} {listener.properties['protocol']}"
        for listener in graph.of(LISTENER)
    )
    groups = " and ".join(sorted(str(t.properties["port"]) for t in graph.of("TargetGroup")))
    guards = [
        said
        for said, there in (
            ("WAF", graph.of("WebAcl")),
            ("mutual TLS", graph.of("TrustStore")),
            ("JWT", "jwt" in str([rule.properties for rule in graph.of("ListenerRule")]).lower()),
        )
        if there
    ]
    kind = f"{balancer.properties['loadBalancerType']} load balancer"
    lines = (" · ".join([*ports, *guards]), f"to servers on {groups}")
    return Box(kind, lines)


def _servers(graph: Graph, group: Resource) -> Box:
    of = group.properties
    policy = of["mixedInstancesPolicy"]
    spread = policy["instancesDistribution"]
    types = [o["instanceType"] for o in policy["launchTemplate"]["overrides"]]
    size = (
        str(of["minSize"])
        if of["minSize"] == of["maxSize"]
        else f"{of['minSize']} to {of['maxSize']}"
    )
    spot = 100 - spread["onDemandPercentageAboveBaseCapacity"]
    base = spread["onDemandBaseCapacity"]
    bought = f"{spot} % spot" if spot else "on demand"
    if spot and base:
        bought = f"{base} on demand, of the rest {bought}"
    if warm := of.get("warmPool"):
        bought += f", {warm['minSize']} stopped in the warm pool"
    others = f" (or {', '.join(types[1:])})" if types[1:] else ""
    lines = [f"{size} × {types[0]}{others}", bought]
    if graph.of(SERVICE):
        lines.append("Triton and node as an ECS task")
    else:
        lines.append("Triton and node in a container, under systemd")
    return Box(f"auto scaling group {of['name']}", tuple(lines))


def _ways_out(graph: Graph) -> Box:
    ways = [
        f"{len(found)} {kind.lower()} endpoint{'s' if len(found) > 1 else ''} ({to})"
        for kind, to in (("Gateway", "S3"), ("Interface", "other AWS APIs"))
        if (found := [e for e in graph.of("VpcEndpoint") if kind == _endpoint_kind(e)])
    ]
    if gateways := graph.of("NatGateway"):
        ways.append(f"{len(gateways)} NAT gateway{'s' if len(gateways) > 1 else ''} (all else)")
    return Box("ways out", (", ".join(ways),))


def _endpoint_kind(endpoint: Resource) -> str:
    return str(endpoint.properties["vpcEndpointType"])


def _services(graph: Graph) -> tuple[Box, ...]:
    called = _called(graph)

    def box(title: str, lines: tuple[str, ...], *prefixes: str) -> Box:
        return Box(title, lines, used=not called.isdisjoint(prefixes))

    def count(*types: str) -> int:
        return len(graph.of(*types))

    (repository,) = graph.of("Repository")
    (namespace,) = graph.of("PrivateDnsNamespace")
    watching = (f"{count('MetricAlarm')} alarms, {count('LogGroup')} log groups", "a dashboard")
    boxes = [
        box("S3", ("model store: blobs, manifests, releases", "archive of access logs"), "s3"),
        box("ECR", (f"images of {repository.properties['name']}, by digest",), "ecr"),
        box("KMS", ("one key for bucket, images, volumes, logs",), "kms"),
        box("CloudWatch", watching, "cloudwatch", "logs"),
        box("SNS", _told(graph), "sns"),
        box("IAM", (f"{count('Role')} roles",)),
        box("Cloud Map", (namespace.properties["name"],), "servicediscovery"),
        box(
            "Systems Manager", (f"{count('Parameter')} parameters, Session Manager",), "ssmmessages"
        ),
    ]
    named = [r for r in graph.of("aws:route53/record:Record") if r.properties["type"] == "A"]
    if named:
        boxes.append(box("Route 53, ACM", (f"{named[0].properties['name']}, certificate",)))
    return tuple(boxes)


def _called(graph: Graph) -> set[str]:
    """The services that the servers' role may call, by the prefixes of its actions."""
    return {
        action.partition(":")[0]
        for policy in graph.of("RolePolicy")
        if graph.by_urn(policy.parent).type.endswith(":ServerRole")
        for statement in json.loads(policy.properties["policy"])["Statement"]
        for action in statement["Action"]
    }


def _told(graph: Graph) -> tuple[str, ...]:
    told = len(graph.of("TopicSubscription"))
    said = f"alarms to {told} address{'es' if told != 1 else ''}"
    limits = [b.properties["limitAmount"] for b in graph.of("aws:budgets/budget:Budget")]
    return (said, f"budget of {limits[0]} USD a month") if limits else (said,)
