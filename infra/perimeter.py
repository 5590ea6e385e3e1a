"""Who may connect to a load balancer, and what it may connect to."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.ports import served

ANYWHERE = "0.0.0.0/0"
HTTPS = 443
HTTP = 80


@dataclass(frozen=True)
class PerimeterArgs:
    """`listens` are the load balancer's ports; `network_mode` decides those of the servers.

    `calls_out`: it fetches the keys of tokens from an issuer somewhere else.
    """

    vpc_id: pulumi.Input[str]
    vpc_cidr: str
    public: bool
    allowed_cidrs: tuple[str, ...]
    network_mode: str
    listens: tuple[int, ...]
    calls_out: bool = False


class Perimeter(pulumi.ComponentResource):
    """The security group of a load balancer; the servers let in this group alone."""

    security_group_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: PerimeterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Perimeter", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            f"{name}-sg",
            description="Load balancer: clients in, servers out",
            vpc_id=args.vpc_id,
            opts=inside,
        )
        everybody = ANYWHERE if args.public else args.vpc_cidr
        for cidr in args.allowed_cidrs or (everybody,):
            for port in args.listens:
                aws.vpc.SecurityGroupIngressRule(
                    f"{name}-from-{cidr.replace('/', '-')}-{port}",
                    security_group_id=group.id,
                    description="Clients" if port == HTTPS else "Clients, sent on to 443",
                    cidr_ipv4=cidr,
                    ip_protocol="tcp",
                    from_port=port,
                    to_port=port,
                    opts=inside,
                )
        for ports in served(args.network_mode):
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-to-{ports.first}",
                security_group_id=group.id,
                description=f"Servers: {ports.purpose}",
                cidr_ipv4=args.vpc_cidr,
                ip_protocol="tcp",
                from_port=ports.first,
                to_port=ports.last,
                opts=inside,
            )
        if args.calls_out:
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-to-issuer",
                security_group_id=group.id,
                description="Keys of the token issuer, whose addresses are not known",
                cidr_ipv4=ANYWHERE,
                ip_protocol="tcp",
                from_port=HTTPS,
                to_port=HTTPS,
                opts=inside,
            )
        self.security_group_id = group.id
        self.register_outputs({"securityGroupId": self.security_group_id})
