"""The network that the servers live in: private subnets, and public ones for load balancers."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import endpoints
from infra.endpoints import Endpoints, EndpointsArgs
from infra.flow import FlowLogs, FlowLogsArgs
from infra.names import Names
from infra.place import Place
from infra.settings import NetworkSettings
from infra.subnets import subnets

_ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class NetworkArgs:
    """`shape` decides which services of AWS are called; `key_arn` encrypts the flow logs."""

    settings: NetworkSettings
    names: Names
    place: Place
    key_arn: pulumi.Input[str]
    shape: str


@dataclass(frozen=True)
class _Zone:
    """What a zone has: `number` counts from 1."""

    number: int
    public: aws.ec2.Subnet
    private: aws.ec2.Subnet
    private_table: aws.ec2.RouteTable


class Network(pulumi.ComponentResource):
    """A VPC over the zones in use. Nothing in it gets a public address but NAT gateways and what a
    public load balancer takes for itself.
    """

    vpc_id: pulumi.Output[str]
    public_subnet_ids: tuple[pulumi.Output[str], ...]
    private_subnet_ids: tuple[pulumi.Output[str], ...]

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Network", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args.settings.vpc_cidr,
            # Private names of interface endpoints and of discovery need both.
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": args.names.prefix},
            opts=child,
        )
        # Without rules: what is started without a security group of its own reaches nothing.
        aws.ec2.DefaultSecurityGroup(f"{name}-default", vpc_id=vpc.id, opts=child)
        FlowLogs(
            f"{name}-flow",
            FlowLogsArgs(args.names, args.place, vpc.id, args.settings.flow_log_days, args.key_arn),
            child,
        )
        gateway = aws.ec2.InternetGateway(f"{name}-internet", vpc_id=vpc.id, opts=child)
        zones = self._zones(name, args, vpc)
        self._route_public(name, vpc, gateway, zones)
        self._route_private(name, args, gateway, zones)
        Endpoints(
            f"{name}-to",
            EndpointsArgs(
                place=args.place,
                vpc_id=vpc.id,
                vpc_cidr=args.settings.vpc_cidr,
                subnet_ids=[zone.private.id for zone in zones],
                route_table_ids=[zone.private_table.id for zone in zones],
                interface=_interface(args),
            ),
            child,
        )
        self.vpc_id = vpc.id
        self.public_subnet_ids = tuple(zone.public.id for zone in zones)
        self.private_subnet_ids = tuple(zone.private.id for zone in zones)
        self.register_outputs(
            {
                "vpcId": self.vpc_id,
                "publicSubnetIds": list(self.public_subnet_ids),
                "privateSubnetIds": list(self.private_subnet_ids),
            }
        )

    def _zones(self, name: str, args: NetworkArgs, vpc: aws.ec2.Vpc) -> list[_Zone]:
        child = pulumi.ResourceOptions(parent=self)
        ranges = subnets(args.settings.vpc_cidr)

        def subnet(kind: str, number: int, zone: str, cidr: str) -> aws.ec2.Subnet:
            return aws.ec2.Subnet(
                f"{name}-{kind}-{number}",
                vpc_id=vpc.id,
                availability_zone=zone,
                cidr_block=cidr,
                map_public_ip_on_launch=False,
                tags={"Name": f"{args.names.prefix}-{kind}-{zone}"},
                opts=child,
            )

        zones = []
        for index, zone in enumerate(args.place.zones[: args.settings.zones]):
            number = index + 1
            private = subnet("private", number, zone, ranges.private[index])
            table = aws.ec2.RouteTable(
                f"{name}-private-{number}",
                vpc_id=vpc.id,
                tags={"Name": f"{args.names.prefix}-private-{zone}"},
                opts=child,
            )
            aws.ec2.RouteTableAssociation(
                f"{name}-private-{number}",
                subnet_id=private.id,
                route_table_id=table.id,
                opts=child,
            )
            public = subnet("public", number, zone, ranges.public[index])
            zones.append(_Zone(number, public, private, table))
        return zones

    def _route_public(
        self,
        name: str,
        vpc: aws.ec2.Vpc,
        gateway: aws.ec2.InternetGateway,
        zones: list[_Zone],
    ) -> None:
        child = pulumi.ResourceOptions(parent=self)
        table = aws.ec2.RouteTable(f"{name}-public", vpc_id=vpc.id, opts=child)
        aws.ec2.Route(
            f"{name}-public",
            route_table_id=table.id,
            destination_cidr_block=_ANYWHERE,
            gateway_id=gateway.id,
            opts=child,
        )
        for zone in zones:
            aws.ec2.RouteTableAssociation(
                f"{name}-public-{zone.number}",
                subnet_id=zone.public.id,
                route_table_id=table.id,
                opts=child,
            )

    def _route_private(
        self,
        name: str,
        args: NetworkArgs,
        gateway: aws.ec2.InternetGateway,
        zones: list[_Zone],
    ) -> None:
        """A way out for the servers: none, one for all zones, or each zone's own."""
        if args.settings.nat == "none":
            return
        shared = args.settings.nat == "single"
        gateways = [self._nat(name, zone, gateway) for zone in (zones[:1] if shared else zones)]
        for index, zone in enumerate(zones):
            aws.ec2.Route(
                f"{name}-private-{zone.number}",
                route_table_id=zone.private_table.id,
                destination_cidr_block=_ANYWHERE,
                nat_gateway_id=gateways[0 if shared else index].id,
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _nat(self, name: str, zone: _Zone, gateway: aws.ec2.InternetGateway) -> aws.ec2.NatGateway:
        address = aws.ec2.Eip(
            f"{name}-nat-{zone.number}", domain="vpc", opts=pulumi.ResourceOptions(parent=self)
        )
        return aws.ec2.NatGateway(
            f"{name}-nat-{zone.number}",
            allocation_id=address.id,
            subnet_id=zone.public.id,
            # Its address works only once the VPC has a way to the internet.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[gateway]),
        )


def _interface(args: NetworkArgs) -> tuple[str, ...]:
    if not args.settings.interface_endpoints:
        return ()
    containers = endpoints.CONTAINERS if args.shape == "container" else ()
    return endpoints.SERVERS + containers
