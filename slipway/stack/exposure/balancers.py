"""Load balancers: who reaches which of their listeners."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from slipway.stack.exposure.addresses import IPV4, IPV6, everybody
from slipway.stack.exposure.finding import Exposed, Kind, Severity, found, listing
from slipway.stack.exposure.reach import bearers, public_address, severity
from slipway.stack.exposure.rules import Way, groups
from slipway.stack.exposure.traffic import ANY_PORT, ANY_PROTOCOL, Flow, streams, within
from slipway.stack.exposure.view import View, name_of
from slipway.stack.graph import Resource

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"


@dataclass(frozen=True)
class _Balancer:
    """`ports` maps a port to the listener's protocol; `flows` is what may come in."""

    resource: Resource
    ports: Mapping[int, str]
    flows: tuple[Flow, ...]

    @property
    def public(self) -> bool:
        return public_address(self.resource)

    def clients(self, port: int) -> str:
        """Who reaches a port; without a security group, anybody who has a route."""
        reaching = [stream.who for stream in streams(within(self.flows, port))]
        return listing(reaching, most=3) or "nobody"

    def severity(self, port: int) -> Severity:
        """How grave it is that a port is listened on."""
        return max(
            (severity(s, Way.IN, self.public) for s in streams(within(self.flows, port))),
            default=Severity.LOW,
        )


def balancers(base: View, head: View) -> Iterator[Exposed]:
    """Load balancers that become public or internal, and ports that they listen on."""
    before, after = _all(base, head), _all(head, base)
    for identity in sorted(before.keys() | after.keys()):
        old, new = before.get(identity), after.get(identity)
        yield from _changed(identity, old, new, wider=True)
        yield from _changed(identity, new, old, wider=False)


def _all(view: View, other: View) -> dict[str, _Balancer]:
    known, borne = groups(view, other), bearers(view)
    listeners: dict[str, dict[int, str]] = {}
    for owner, listener in view.owned(LISTENER, "loadBalancerArn", BALANCER):
        port = listener.properties.get("port")
        if port is not None and view.known(port):
            protocol = str(listener.properties.get("protocol", "protocol not said"))
            listeners.setdefault(owner, {})[int(port)] = protocol
    everything = tuple(
        Flow(family, (ANY_PROTOCOL, ANY_PORT, everybody(family))) for family in (IPV4, IPV6)
    )
    return {
        identity: _Balancer(
            resource=resource,
            ports=listeners.get(identity, {}),
            flows=known.of(borne[identity], Way.IN) if identity in borne else everything,
        )
        for identity, resource in view.of(BALANCER).items()
    }


def _changed(
    identity: str, old: _Balancer | None, new: _Balancer | None, *, wider: bool
) -> Iterator[Exposed]:
    """It is public and was not; or else, it listens on ports on which it did not."""
    if new is None:
        return
    if new.public and not (old and old.public):
        grave = max((new.severity(port) for port in new.ports), default=Severity.HIGH)
        text = f"the load balancer {name_of(identity)} {_became(new, wider)}"
        yield found(Kind.PUBLIC, identity, text, grave, wider=wider)
        return
    for port in sorted(new.ports.keys() - (old.ports.keys() if old else set())):
        does = "now listens" if wider else "no longer listens"
        reach = "can reach" if wider else "could reach"
        text = (
            f"the load balancer {name_of(identity)} {does} on {port} ({new.ports[port]}), "
            f"which {new.clients(port)} {reach}"
        )
        yield found(Kind.NETWORK, identity, text, new.severity(port), wider=wider)


def _became(balancer: _Balancer, wider: bool) -> str:
    by_client: dict[str, list[str]] = {}
    for port in sorted(balancer.ports):
        by_client.setdefault(balancer.clients(port), []).append(f"{port}/tcp")
    verb = "reaches" if wider else "reached"
    reached = [f"{who} {verb} {listing(ports)}" for who, ports in by_client.items()]
    became = "becomes public" if wider else "is no longer public"
    return f"{became}: {'; '.join(reached)}" if reached else f"{became}, and has no listener"
