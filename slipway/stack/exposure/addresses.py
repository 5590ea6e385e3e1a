"""Ranges of IP addresses as integers, and how they are written."""

import ipaddress
from collections.abc import Iterable

from slipway.stack.exposure.boxes import Interval, minus
from slipway.stack.exposure.finding import listing

IPV4, IPV6 = "ipv4", "ipv6"
BITS = {IPV4: 32, IPV6: 128}
_MOST = 3
"""Ranges that a sentence lists."""
_INSIDE = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
)
"""Addresses that the internet does not route: RFC 1918, 6598, 3927, 1122, 4193 and 4291."""


def network(value: str) -> tuple[str, Interval]:
    """Family and addresses of a range in CIDR notation. Raises `ValueError` for anything else."""
    parsed = ipaddress.ip_network(value, strict=False)
    first = int(parsed.network_address)
    family = IPV4 if parsed.version == 4 else IPV6
    return family, (first, first + parsed.num_addresses - 1)


def everybody(family: str) -> Interval:
    return (0, (1 << BITS[family]) - 1)


def routed(family: str, addresses: Iterable[Interval]) -> int:
    """How many of the addresses the internet routes."""
    inside = [(at,) for of, at in map(network, _INSIDE) if of == family]
    return sum(high - low + 1 for ((low, high),) in minus([(a,) for a in addresses], inside))


def worldwide(family: str, addresses: Iterable[Interval]) -> bool:
    """Whether they are the internet at large: as much of it as a /8 (of IPv6, a /16)."""
    prefix = 8 if family == IPV4 else 16
    return routed(family, addresses) >= 1 << (BITS[family] - prefix)


def ranges(family: str, addresses: Iterable[Interval]) -> str:
    """Ascending intervals in CIDR notation; where they are many, what they lack of one range."""
    all_ = tuple(addresses)
    said = _cidrs(family, all_)
    if len(said) <= _MOST:
        return listing(said)
    first, last = all_[0][0], all_[-1][1]
    free = (first ^ last).bit_length()
    start = first >> free << free
    around = (start, start + (1 << free) - 1)
    gaps = minus([(around,)], [(a,) for a in all_])
    lacking = _cidrs(family, [gap for (gap,) in gaps])
    (whole,) = _cidrs(family, [around])
    if len(lacking) <= _MOST:
        return f"{whole} other than {listing(lacking)}"
    return f"{len(said)} ranges within {whole}"


def _cidrs(family: str, addresses: Iterable[Interval]) -> list[str]:
    return [
        str(range_)
        for low, high in addresses
        for range_ in (
            ipaddress.summarize_address_range(
                ipaddress.IPv4Address(low), ipaddress.IPv4Address(high)
            )
            if family == IPV4
            else ipaddress.summarize_address_range(
                ipaddress.IPv6Address(low), ipaddress.IPv6Address(high)
            )
        )
    ]
