"""How the address range of the VPC is divided; pure arithmetic."""

import ipaddress
from dataclasses import dataclass

ZONES = 3
"""Room is kept for three zones whatever their number is now: another one renumbers nothing."""

_LARGEST_PUBLIC = 24


@dataclass(frozen=True)
class Subnets:
    """One of each kind for every possible zone, in the order of the zones."""

    public: tuple[str, ...]
    private: tuple[str, ...]


def subnets(vpc_cidr: str) -> Subnets:
    """The first quarter of the VPC is for public subnets, each other quarter for a zone's servers.

    Of a /22, the smallest that settings let through, public subnets are /26: a load balancer asks
    for a /27.
    """
    vpc = ipaddress.IPv4Network(vpc_cidr)
    public, *private = vpc.subnets(prefixlen_diff=2)
    smaller = public.subnets(new_prefix=max(_LARGEST_PUBLIC, vpc.prefixlen + 4))
    return Subnets(
        public=tuple(str(next(smaller)) for _ in range(ZONES)),
        private=tuple(str(network) for network in private),
    )
