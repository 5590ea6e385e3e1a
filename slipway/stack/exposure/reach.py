"""Who can reach what on which port, by security groups: of load balancers, servers, endpoints."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from slipway.stack.exposure.addresses import BITS, routed, worldwide
from slipway.stack.exposure.finding import Exposed, Kind, Severity, found, listing
from slipway.stack.exposure.rules import DEFAULT_GROUP, SECURITY_GROUP, Groups, Way, groups
from slipway.stack.exposure.traffic import GROUP, Stream, beyond, streams
from slipway.stack.exposure.view import View, items, name_of, on
from slipway.stack.graph import Resource

_RULES = ("SecurityGroupIngressRule", "SecurityGroupEgressRule", "SecurityGroupRule")
_NONE: frozenset[str] = frozenset()
_WORDS = {
    "LoadBalancer": "the load balancer",
    "LaunchTemplate": "the servers of",
    "Instance": "the server",
    "VpcEndpoint": "the endpoint",
}


@dataclass(frozen=True)
class _Side:
    """A graph, its groups, and who has which of them."""

    view: View
    groups: Groups
    bearers: dict[str, frozenset[str]]


@dataclass(frozen=True)
class _Set:
    """Resources that have the same security groups before, and the same after."""

    bearers: tuple[str, ...]
    before: frozenset[str]
    after: frozenset[str]

    def swapped(self) -> "_Set":
        return _Set(self.bearers, self.after, self.before)


def reach(base: View, head: View) -> Iterator[Exposed]:
    """What security groups admit in one graph and not in the other."""
    before, after = _side(base, head), _side(head, base)
    for set_ in _sets(before, after):
        yield from _gained(before, after, set_, wider=True)
        yield from _gained(after, before, set_.swapped(), wider=False)


def _side(view: View, other: View) -> _Side:
    return _Side(view, groups(view, other), bearers(view))


def bearers(view: View) -> dict[str, frozenset[str]]:
    """The security groups of each resource that has any."""
    known = frozenset(view.of(SECURITY_GROUP, DEFAULT_GROUP))
    rules = view.of(*_RULES).keys() | known
    has = {
        identity: view.referred(resource.properties) & known
        for identity, resource in view.resources.items()
        if identity not in rules and resource.custom
    }
    return {identity: of for identity, of in has.items() if of}


def _sets(before: _Side, after: _Side) -> list[_Set]:
    """Everything that has groups, and each group that nothing has. A VPC's default group that the
    program no longer manages keeps its rules, so it is left out.
    """
    released = {
        group
        for group in before.groups.names - after.view.resources.keys()
        if group in before.view.of(DEFAULT_GROUP)
    }
    together: dict[tuple[frozenset[str], frozenset[str]], list[str]] = {}
    for bearer in sorted(before.bearers.keys() | after.bearers.keys()):
        key = (before.bearers.get(bearer, _NONE), after.bearers.get(bearer, _NONE))
        together.setdefault(key, []).append(bearer)
    borne = frozenset().union(*(old | new for old, new in together))
    for group in sorted((before.groups.names | after.groups.names) - borne - released):
        key = (
            frozenset({group} & before.groups.names),
            frozenset({group} & after.groups.names),
        )
        together[key] = []
    return [_Set(tuple(found_), *key) for key, found_ in together.items()]


def _gained(before: _Side, after: _Side, set_: _Set, *, wider: bool) -> Iterator[Exposed]:
    """What is admitted after and not before."""
    subject = _subject(after.view, before.view, set_)
    urn = _urn(set_)
    for way in Way:
        gained = beyond(
            after.groups.of(set_.after, way),
            before.groups.of(set_.before, way),
            after.groups.vpcs,
        )
        for stream in streams(gained):
            yield found(
                Kind.NETWORK,
                urn,
                _said(subject, stream, way, wider),
                severity(stream, way, _faces_internet(after.view, set_.bearers)),
                wider=wider,
                certain=stream.certain,
            )
    for group in sorted(set_.after - set_.before) if set_.before and set_.after else ():
        yield from _admitted(after, group, subject, urn, wider=wider)


def _admitted(side: _Side, group: str, subject: str, urn: str, *, wider: bool) -> Iterator[Exposed]:
    """Where others admit a group that these resources now have."""
    for (other, way), flows in side.groups.flows.items():
        if way is Way.IN and other != group:
            for stream in streams(flow for flow in flows if flow.peer == GROUP + group):
                can = "can now" if wider else "can no longer"
                what = f"what has the security group {name_of(other)} on {stream.service}"
                said = f"{subject} {can} reach {what}, through {name_of(group)}"
                yield found(Kind.NETWORK, urn, said, Severity.LOW, wider=wider)


def _said(subject: str, stream: Stream, way: Way, wider: bool) -> str:
    can = "can now" if wider else "can no longer"
    who, whom = (stream.who, subject) if way is Way.IN else (subject, stream.who)
    return f"{who} {can} reach {whom} on {stream.service}"


def severity(stream: Stream, way: Way, faces_internet: bool) -> Severity:
    """How grave it is that a stream is admitted."""
    if not stream.certain:
        return Severity.MEDIUM
    if stream.peer not in BITS or not routed(stream.peer, stream.addresses):
        return Severity.LOW
    if not worldwide(stream.peer, stream.addresses) or way is Way.OUT:
        return Severity.MEDIUM
    return Severity.CRITICAL if faces_internet else Severity.HIGH


def _urn(set_: _Set) -> str:
    """The group, where it is one and the same; else what has them."""
    both = sorted(set_.before | set_.after)
    return set_.bearers[0] if set_.bearers and both[1:] else both[0]


def _subject(view: View, other: View, set_: _Set) -> str:
    if not set_.bearers:
        return f"what has the security group {listing(map(name_of, set_.before | set_.after))}"
    return listing((described(view, other, bearer) for bearer in set_.bearers), most=3)


def described(view: View, other: View, bearer: str) -> str:
    """A resource with the word for its kind."""
    resource = view.resources.get(bearer) or other.resources[bearer]
    kind = resource.type.rpartition(":")[2]
    return f"{_WORDS.get(kind, f'the {kind}')} {name_of(bearer)}"


def _faces_internet(view: View, found_: Iterable[str]) -> bool:
    """Whether anything of these may have a public address: yes, unless it is known not to."""
    resources = [view.resources[bearer] for bearer in found_ if bearer in view.resources]
    return not resources or any(map(public_address, resources))


def public_address(resource: Resource) -> bool:
    """Whether a resource may have a public address."""
    of = resource.properties
    kind = resource.type.rpartition(":")[2]
    if kind == "LoadBalancer":
        return not on(of.get("internal"))
    if kind == "LaunchTemplate":
        cards: list[Any] = items(of.get("networkInterfaces"))
        closed = [str(card.get("associatePublicIpAddress")).lower() == "false" for card in cards]
        return not (closed and all(closed))
    if kind == "Instance":
        return str(of.get("associatePublicIpAddress")).lower() != "false"
    return kind != "VpcEndpoint"
