"""Where the servers live."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NetworkSettings:
    """`nat` is `none`, `single` or `zone` (one a zone). `zones` is 1 to 3.

    `interface_endpoints`: the AWS APIs that servers call are reached within the VPC.
    `namespace` is the private DNS domain of discovery; the environment comes before it.
    """

    vpc_cidr: str
    zones: int
    nat: str
    interface_endpoints: bool
    flow_log_days: int
    namespace: str
