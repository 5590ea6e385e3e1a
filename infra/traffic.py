"""How requests reach the servers: what an ingress tells the components after it."""

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class TargetGroup:
    """Servers as the load balancer sees them. `label` is `http` or `grpc`; `suffix` is the end of
    its ARN, by which CloudWatch calls it.
    """

    label: str
    port: int
    arn: pulumi.Output[str]
    suffix: pulumi.Output[str]


@dataclass(frozen=True)
class Traffic:
    """`kind` is `application` or `network`; `ready` is what must exist before servers register."""

    kind: str
    suffix: pulumi.Output[str]
    dns_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    target_groups: tuple[TargetGroup, ...]
    ready: tuple[pulumi.Resource, ...]
