"""What security groups admit: rules within a group, and rules that are resources."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from slipway.stack.exposure.addresses import IPV4, IPV6, everybody
from slipway.stack.exposure.boxes import Interval
from slipway.stack.exposure.traffic import (
    ANY_PORT,
    ANY_PROTOCOL,
    GROUP,
    UNKNOWN,
    Flow,
    peers,
    ports,
    protocol,
)
from slipway.stack.exposure.view import View, items, on
from slipway.stack.graph import Resource

SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
_NAMED = {
    "cidrBlocks": "cidr",
    "ipv6CidrBlocks": "cidr",
    "cidrIpv4": "cidr",
    "cidrIpv6": "cidr",
    "prefixListIds": "list",
    "prefixListId": "list",
    "securityGroups": "group",
    "sourceSecurityGroupId": "group",
    "referencedSecurityGroupId": "group",
}
"""How the provider's kinds of rules name the other side."""


class Way(StrEnum):
    """Which way a connection is opened."""

    IN = "ingress"
    OUT = "egress"


@dataclass(frozen=True)
class Groups:
    """`flows` of each group and way; `vpcs` maps a group to its VPC's range where that is known."""

    flows: Mapping[tuple[str, Way], tuple[Flow, ...]]
    vpcs: Mapping[str, str]
    names: frozenset[str]

    def of(self, groups: frozenset[str], way: Way) -> tuple[Flow, ...]:
        """What several groups admit together."""
        return tuple(flow for group in sorted(groups) for flow in self.flows.get((group, way), ()))


def groups(view: View, other: View) -> Groups:
    """The security groups of a graph. A VPC's default group that only `other` manages has here the
    rules that AWS gives it: all from itself, and all outwards.
    """
    flows: dict[tuple[str, Way], tuple[Flow, ...]] = {}
    for group, way, rule in _rules(view):
        flows[group, way] = (*flows.get((group, way), ()), *_flows(view, group, rule))
    unmanaged = other.of(DEFAULT_GROUP).keys() - view.of(DEFAULT_GROUP).keys()
    for group in unmanaged:
        everything = (ANY_PROTOCOL, ANY_PORT)
        flows[group, Way.IN] = (Flow(GROUP + group, (*everything, (0, 0))),)
        flows[group, Way.OUT] = tuple(
            Flow(family, (*everything, everybody(family))) for family in (IPV4, IPV6)
        )
    own = view.of(SECURITY_GROUP, DEFAULT_GROUP)
    ranges = {identity: _range(view, group) for identity, group in own.items()}
    return Groups(
        flows=flows,
        vpcs={identity: range_ for identity, range_ in ranges.items() if range_},
        names=frozenset(own) | unmanaged,
    )


def _rules(view: View) -> Iterator[tuple[str, Way, Mapping[str, Any]]]:
    for identity, group in view.of(SECURITY_GROUP, DEFAULT_GROUP).items():
        for way in Way:
            for rule in items(group.properties.get(way)):
                yield identity, way, rule
    own = (SECURITY_GROUP, DEFAULT_GROUP)
    for way, type_ in (
        (Way.IN, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"),
        (Way.OUT, "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"),
    ):
        for owner, rule in view.owned(type_, "securityGroupId", *own):
            yield owner, way, rule.properties
    old = "aws:ec2/securityGroupRule:SecurityGroupRule"
    for owner, rule in view.owned(old, "securityGroupId", *own):
        yield owner, Way(rule.properties["type"]), rule.properties


def _flows(view: View, group: str, rule: Mapping[str, Any]) -> Iterator[Flow]:
    named = [(kind, v) for key, kind in _NAMED.items() for v in items(rule.get(key))]
    found = list(peers(view, named))
    if on(rule.get("self")):
        found.append((GROUP + group, (0, 0)))
    service = [
        rule.get("ipProtocol", rule.get("protocol")),
        rule.get("fromPort"),
        rule.get("toPort"),
    ]
    said = service_of(view, *service)
    for peer, addresses in found:
        if said is None:
            unknown = view.plain(f"{peer}, over {'/'.join(map(str, service))}")
            yield Flow(UNKNOWN + unknown, (ANY_PROTOCOL, ANY_PORT, (0, 0)))
        else:
            yield Flow(peer, (*said, addresses))


def service_of(view: View, name: Any, low: Any, high: Any) -> tuple[Interval, Interval] | None:
    """Protocols and ports of a rule; None where only AWS knows them."""
    if not all(view.known(value) for value in (name, low, high) if value is not None):
        return None
    try:
        protocols = protocol(name)
        return protocols, ports(protocols, low, high)
    except ValueError:
        return None


def _range(view: View, group: Resource) -> str:
    vpcs = view.referred(group.properties.get("vpcId")) & view.of("Vpc").keys()
    ranges = [view.resources[vpc].properties.get("cidrBlock") for vpc in vpcs]
    return str(ranges[0]) if ranges and view.known(ranges[0]) else ""
