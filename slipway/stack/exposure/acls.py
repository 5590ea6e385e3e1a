"""Network ACLs: numbered rules, of which the first that matches decides."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from slipway.stack.exposure.addresses import IPV4, IPV6, everybody
from slipway.stack.exposure.boxes import Box, minus
from slipway.stack.exposure.finding import Exposed, Kind, found, listing
from slipway.stack.exposure.reach import severity
from slipway.stack.exposure.rules import Way, service_of
from slipway.stack.exposure.traffic import (
    ANY_PORT,
    ANY_PROTOCOL,
    UNKNOWN,
    Flow,
    beyond,
    peers,
    streams,
)
from slipway.stack.exposure.view import View, items, name_of, on

_ACL = "aws:ec2/networkAcl:NetworkAcl"
_DEFAULT = "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl"
_OPEN = tuple(Flow(family, (ANY_PROTOCOL, ANY_PORT, everybody(family))) for family in (IPV4, IPV6))
"""What an ACL that nobody wrote admits: the one that a VPC comes with."""
_Rules = dict[Way, list[Mapping[str, Any]]]


def acls(base: View, head: View) -> Iterator[Exposed]:
    """What the ACLs of subnets let through; only of subnets that are in both graphs."""
    before, after = _admitted(base), _admitted(head)
    together: dict[tuple[Way, str, bool], list[str]] = {}
    first: dict[tuple[Way, str, bool], Exposed] = {}
    for subnet in sorted(base.of("Subnet").keys() & head.of("Subnet").keys()):
        for way in Way:
            old, new = before.get((subnet, way), _OPEN), after.get((subnet, way), _OPEN)
            for wider, flows in ((True, beyond(new, old, {})), (False, beyond(old, new, {}))):
                for stream in streams(flows):
                    key = (way, f"{stream.who} on {stream.service}", wider)
                    together.setdefault(key, []).append(name_of(subnet))
                    grave = severity(stream, way, faces_internet=False)
                    first.setdefault(
                        key,
                        found(
                            Kind.NETWORK, subnet, key[1], grave, wider=wider, certain=stream.certain
                        ),
                    )
    for (way, said, wider), subnets in together.items():
        verb = f"{'now let' if wider else 'no longer let'} {'in' if way is Way.IN else 'out to'}"
        of = first[way, said, wider]
        text = f"the network ACLs of {listing(subnets)} {verb} {said}"
        yield found(Kind.NETWORK, of.urn, text, of.severity, wider=wider, certain=of.certain)


def _admitted(view: View) -> dict[tuple[str, Way], tuple[Flow, ...]]:
    """By subnet and way, where the graph says which ACL a subnet has."""
    rules = _rules(view)
    return {
        (subnet, way): tuple(_decided(view, rules[acl][way]))
        for subnet, acl in _chosen(view).items()
        for way in Way
    }


def _chosen(view: View) -> dict[str, str]:
    """The ACL of each subnet: its own, or the VPC's default where the program manages that."""
    defaults = {
        vpc: acl
        for acl, resource in view.of(_DEFAULT).items()
        for vpc in view.referred(resource.properties.get("defaultNetworkAclId"))
    }
    chosen = {
        subnet: defaults[vpc]
        for subnet, resource in view.of("Subnet").items()
        for vpc in view.referred(resource.properties.get("vpcId")) & defaults.keys()
    }
    for acl, resource in view.of(_ACL).items():
        chosen |= dict.fromkeys(view.referred(resource.properties.get("subnetIds")), acl)
    for acl, link in view.owned("NetworkAclAssociation", "networkAclId", _ACL):
        if acl in view.of(_ACL):
            chosen |= dict.fromkeys(view.referred(link.properties["subnetId"]), acl)
    return chosen


def _rules(view: View) -> dict[str, _Rules]:
    found_: dict[str, _Rules] = {
        acl: {way: items(resource.properties.get(way)) for way in Way}
        for acl, resource in view.of(_ACL, _DEFAULT).items()
    }
    for acl, rule in view.owned("NetworkAclRule", "networkAclId", _ACL, _DEFAULT):
        if acl in found_:
            way = Way.OUT if on(rule.properties.get("egress")) else Way.IN
            found_[acl][way].append(rule.properties)
    return found_


def _decided(view: View, rules: Iterable[Mapping[str, Any]]) -> Iterator[Flow]:
    decided: dict[str, list[Box]] = {}
    for rule in sorted(rules, key=lambda rule: int(rule.get("ruleNumber", rule.get("ruleNo", 0)))):
        for flow in _matched(view, rule):
            earlier = decided.setdefault(flow.peer, [])
            action = str(rule.get("ruleAction", rule.get("action"))).lower()
            if action == "allow":
                yield from (Flow(flow.peer, box) for box in minus([flow.box], earlier))
            earlier.append(flow.box)


def _matched(view: View, rule: Mapping[str, Any]) -> Iterator[Flow]:
    for key in ("cidrBlock", "ipv6CidrBlock"):
        if not (range_ := rule.get(key)):
            continue
        service = service_of(view, rule["protocol"], rule.get("fromPort"), rule.get("toPort"))
        for peer, addresses in peers(view, [("cidr", range_)]):
            if service is None:
                text = view.plain(f"{range_} over {rule['protocol']}")
                yield Flow(UNKNOWN + text, (ANY_PROTOCOL, ANY_PORT, (0, 0)))
            else:
                yield Flow(peer, (*service, addresses))
