"""Traffic as a set: from or to whom, over which protocol, on which ports."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slipway.stack.exposure.addresses import BITS, network, ranges
from slipway.stack.exposure.boxes import Box, Interval, common, minus, nested
from slipway.stack.exposure.view import View, name_of, say

ANY_PROTOCOL: Interval = (0, 255)
ANY_PORT: Interval = (0, 65535)
GROUP, LIST, UNKNOWN = "group:", "list:", "unknown:"
TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
_NUMBERS = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "icmpv6": ICMP6}
_NAMES = {number: name for name, number in _NUMBERS.items()}


@dataclass(frozen=True)
class Flow:
    """`peer`: a family of addresses, or what stands for a set of them that the graph does not hold.

    `box`: protocol numbers, ports (of ICMP: type * 256 + code), and addresses as integers.
    """

    peer: str
    box: Box


@dataclass(frozen=True)
class Stream:
    """Flows of one peer over one range of protocols and ports. `addresses` are whole intervals."""

    peer: str
    protocols: Interval
    ports: Interval
    addresses: tuple[Interval, ...]

    @property
    def service(self) -> str:
        """`8001/tcp`, `8003-8004/tcp`, `all ports`."""
        if self.protocols == ANY_PROTOCOL:
            return "all protocols and ports" if self.ports == ANY_PORT else f"ports {self._range}"
        if self.protocols[0] != self.protocols[1]:
            return f"protocols {self.protocols[0]}-{self.protocols[1]}"
        name = _NAMES.get(self.protocols[0], f"protocol {self.protocols[0]}")
        if self.protocols[0] in (TCP, UDP):
            return f"all ports/{name}" if self.ports == ANY_PORT else f"{self._range}/{name}"
        return name

    @property
    def _range(self) -> str:
        low, high = self.ports
        return str(low) if low == high else f"{low}-{high}"

    @property
    def who(self) -> str:
        """Ranges in CIDR notation, or the group, list or token that stands for them."""
        if self.peer in BITS:
            return ranges(self.peer, self.addresses)
        kind, _, value = self.peer.partition(":")
        said = {
            "group": f"what has the security group {name_of(value)}",
            "list": f"the prefix list {name_of(value)}",
            "unknown": f"a range that only AWS knows ({say(value)})",
        }
        return said[kind]

    @property
    def certain(self) -> bool:
        return not self.peer.startswith(UNKNOWN)


def protocol(value: Any) -> Interval:
    """Protocol numbers of `tcp`, `6`, `-1` or `all`. Raises `ValueError` for others."""
    name = str(value).lower()
    if name in {"-1", "all"}:
        return ANY_PROTOCOL
    number = _NUMBERS.get(name, -1) if not name.isdigit() else int(name)
    if not 0 <= number <= 255:
        raise ValueError(name)
    return (number, number)


def ports(protocols: Interval, low: Any, high: Any) -> Interval:
    """Ports of a rule: all for protocols that have none; of ICMP, types and codes."""
    if protocols in ((ICMP, ICMP), (ICMP6, ICMP6)):
        if low is None or int(low) < 0:
            return ANY_PORT
        if high is None or int(high) < 0:
            return (int(low) * 256, int(low) * 256 + 255)
        return (int(low) * 256 + int(high),) * 2
    if protocols not in ((TCP, TCP), (UDP, UDP)) or low is None or int(low) < 0:
        return ANY_PORT
    return (int(low), int(low if high is None else high))


def beyond(flows: Iterable[Flow], others: Iterable[Flow], vpcs: Mapping[str, str]) -> list[Flow]:
    """What is in `flows` and not in the others.

    `vpcs` maps a security group to its VPC's range: who admits the whole range admits the group.
    """
    mine, theirs = _by_peer(flows), _by_peer(others)
    left = []
    for peer, boxes in mine.items():
        rest = minus(boxes, theirs.get(peer, ()))
        if peer.startswith(GROUP) and (range_ := vpcs.get(peer.removeprefix(GROUP))):
            family, addresses = network(range_)
            spread = [(*box[:2], addresses) for box in rest]
            kept = minus(spread, theirs.get(family, ()))
            rest = tuple((*box[:2], (0, 0)) for box in kept)
        left += [Flow(peer, box) for box in rest]
    return left


def within(flows: Iterable[Flow], port: int) -> list[Flow]:
    """Those that reach a port over TCP."""
    wanted = ((TCP, TCP), (port, port))
    return [
        Flow(peer, box)
        for peer, boxes in _by_peer(flows).items()
        for box in common(boxes, [(*wanted, (0, (1 << 128) - 1))])
    ]


def streams(flows: Iterable[Flow]) -> Iterator[Stream]:
    """Flows in their one form, in the order of peers, protocols and ports."""
    for peer, boxes in sorted(_by_peer(flows).items()):
        for protocols, by_port in nested(boxes):
            for range_, addresses in by_port:
                yield Stream(peer, protocols, range_, tuple(at for at, _ in addresses))


def _by_peer(flows: Iterable[Flow]) -> dict[str, tuple[Box, ...]]:
    found: dict[str, tuple[Box, ...]] = {}
    for flow in flows:
        found[flow.peer] = (*found.get(flow.peer, ()), flow.box)
    return found


def peers(view: View, values: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Interval]]:
    """Peers and addresses of what a rule names: pairs of `cidr`, `list` or `group`, and value."""
    for kind, value in values:
        text = view.plain(str(value))
        if kind == "cidr":
            try:
                yield network(text)
            except ValueError:
                yield UNKNOWN + text, (0, 0)
        elif kind == "group":
            (identity,) = view.referred(str(value)) or (text,)
            yield GROUP + identity, (0, 0)
        else:
            yield from _prefixes(view, str(value))


def _prefixes(view: View, value: str) -> Iterator[tuple[str, Interval]]:
    """The ranges of a prefix list of the graph; another one stands for itself."""
    lists = view.of("ManagedPrefixList")
    (identity,) = view.referred(value) or (view.plain(value),)
    if identity not in lists:
        yield LIST + identity, (0, 0)
        return
    entries = list(lists[identity].properties.get("entries") or ())
    entries += [
        entry.properties
        for owner, entry in view.owned(
            "ManagedPrefixListEntry", "prefixListId", "ManagedPrefixList"
        )
        if owner == identity
    ]
    yield from peers(view, [("cidr", entry["cidr"]) for entry in entries])
