"""Where the servers live."""

import ipaddress
from dataclasses import dataclass

from infra.settings.checks import Checks

LARGEST_VPC, SMALLEST_VPC = 16, 22
"""Prefixes. Of a /22 a zone's quarter is a /24: room for its servers, twice while they are
replaced, and for the interface endpoints.
"""

_PRIVATE = tuple(
    ipaddress.IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)
_DOCKER = ipaddress.IPv4Network("172.17.0.0/16")


@dataclass(frozen=True)
class NetworkSettings:
    """`nat` is `none`, `single` or `zone` (one a zone). `zones` is 1 to 3; `zone_names` are theirs,
    or empty for the first of the region.

    `interface_endpoints`: the AWS APIs that servers call are reached within the VPC.
    `namespace` is the private DNS domain of discovery; the environment comes before it.
    """

    vpc_cidr: str
    zones: int
    zone_names: tuple[str, ...]
    nat: str
    interface_endpoints: bool
    flow_log_days: int
    namespace: str

    def __post_init__(self) -> None:
        check = Checks(self)
        self._check_range(check)
        check.within("zones", 1, 3)
        check.no_duplicates("zone_names")
        check.refuse_if(
            self.zone_names and len(self.zone_names) != self.zones,
            "zone_names",
            f"slipway:zones is {self.zones}",
            "Name as many, or none for the first of the region",
        )
        check.one_of("nat", "none", "single", "zone")
        check.refuse_if(
            self.nat == "none" and not self.interface_endpoints,
            "nat",
            "servers would reach no AWS API, and so neither models nor image",
            "Set slipway:interfaceEndpoints to true, or slipway:nat to single",
        )
        check.refuse_if(
            self.nat == "zone" and self.zones == 1,
            "nat",
            "of one zone that is the same as single",
            "Set it to single, or slipway:zones to 2 or 3",
        )
        check.log_days("flow_log_days")
        check.domain("namespace")
        check.refuse_if(not self.namespace, "namespace", "servers could not be found", "Name one")
        check.refuse_if(
            self.namespace.endswith(".local"),
            "namespace",
            "names under .local belong to multicast DNS, and Linux does not ask a server for them",
            "Take another ending, like .internal",
        )
        check.done()

    def _check_range(self, check: Checks) -> None:
        vpc = _network(self.vpc_cidr)
        if vpc is None:
            mend = "Write a network and its prefix, like 10.40.0.0/16"
            check.refuse_if(True, "vpc_cidr", "it is no IPv4 address range", mend)
            return
        check.refuse_if(
            str(vpc) != self.vpc_cidr,
            "vpc_cidr",
            "its address is not the first of its range",
            f"Write {vpc}",
        )
        check.refuse_if(
            vpc.prefixlen < LARGEST_VPC,
            "vpc_cidr",
            f"AWS has no VPC larger than /{LARGEST_VPC}",
            f"Write {vpc.network_address}/{LARGEST_VPC}",
        )
        check.refuse_if(
            vpc.prefixlen > SMALLEST_VPC,
            "vpc_cidr",
            f"it is too small for the subnets of {self.zones} zones",
            f"Take a /{SMALLEST_VPC} or larger",
        )
        check.refuse_if(
            not any(vpc.subnet_of(private) for private in _PRIVATE),
            "vpc_cidr",
            "its addresses are not private (RFC 1918)",
            "Take a part of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
        )
        check.refuse_if(
            vpc.overlaps(_DOCKER),
            "vpc_cidr",
            f"{_DOCKER} is what Docker gives its own bridge on every server",
            "Take another range, like 10.40.0.0/16",
        )


def _network(cidr: str) -> ipaddress.IPv4Network | None:
    """Without a prefix it would be read as one address."""
    try:
        return ipaddress.IPv4Network(cidr, strict=False) if "/" in cidr else None
    except ValueError:
        return None
