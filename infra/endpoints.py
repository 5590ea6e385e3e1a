"""AWS's own services reached from within the VPC, without passing a NAT gateway."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.documents import ANYBODY, allow, render
from infra.place import Place

SERVERS = (
    "autoscaling",
    "ecr.api",
    "ecr.dkr",
    "kms",
    "logs",
    "monitoring",
    "servicediscovery",
    "ssm",
    "ssmmessages",
    "sts",
)
"""What a server calls. Session Manager needs no `ec2messages`, which newer regions do not offer."""

CONTAINERS = ("ecs", "ecs-agent", "ecs-telemetry")
"""What the agent of ECS calls besides."""

_HTTPS = 443
_OWN_BUCKETS = (
    "s3:AbortMultipartUpload",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
)


@dataclass(frozen=True)
class EndpointsArgs:
    """`interface`: services reached through network interfaces in `subnet_ids`, which cost by the
    hour; S3 is reached through `route_table_ids` at no cost.
    """

    place: Place
    vpc_id: pulumi.Input[str]
    vpc_cidr: str
    subnet_ids: Sequence[pulumi.Input[str]]
    route_table_ids: Sequence[pulumi.Input[str]]
    interface: tuple[str, ...]


class Endpoints(pulumi.ComponentResource):
    """S3 through the route tables, and a private interface for every other service."""

    def __init__(
        self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Endpoints", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=args.vpc_id,
            service_name=_service("s3", args.place),
            vpc_endpoint_type="Gateway",
            route_table_ids=args.route_table_ids,
            policy=_buckets(args.place),
            opts=child,
        )
        if args.interface:
            group = self._security_group(name, args)
            for service in args.interface:
                aws.ec2.VpcEndpoint(
                    f"{name}-{service.replace('.', '-')}",
                    vpc_id=args.vpc_id,
                    service_name=_service(service, args.place),
                    vpc_endpoint_type="Interface",
                    # Servers call the usual names and find these interfaces.
                    private_dns_enabled=True,
                    subnet_ids=args.subnet_ids,
                    security_group_ids=[group.id],
                    opts=child,
                )
        self.register_outputs({})

    def _security_group(self, name: str, args: EndpointsArgs) -> aws.ec2.SecurityGroup:
        """Lets the VPC in; an endpoint opens no connection itself, so nothing is let out."""
        child = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            f"{name}-access",
            vpc_id=args.vpc_id,
            description="Interface endpoints of AWS services",
            opts=child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-https",
            security_group_id=group.id,
            description="HTTPS from within the VPC",
            ip_protocol="tcp",
            from_port=_HTTPS,
            to_port=_HTTPS,
            cidr_ipv4=args.vpc_cidr,
            opts=child,
        )
        return group


def _service(name: str, place: Place) -> str:
    return f"com.amazonaws.{place.region}.{name}"


def _buckets(place: Place) -> pulumi.Output[str]:
    """The account's own buckets, and what servers read of AWS: no data leaves to others."""
    region = place.region
    read = (
        f"prod-{region}-starport-layer-bucket",  # layers of ECR's images
        f"al2023-repos-{region}-de612dc2",  # packages of Amazon Linux 2023
        f"amazon-ecs-agent-{region}",
        f"amazon-ssm-{region}",
        f"aws-ssm-{region}",
        f"amazoncloudwatch-agent-{region}",
    )
    ours = {"aws:PrincipalAccount": place.account, "aws:ResourceAccount": place.account}
    return render(
        allow(
            "OwnBuckets",
            _OWN_BUCKETS,
            [_s3(place, "*")],
            principals={"AWS": ANYBODY},
            conditions={"StringEquals": ours},
        ),
        # Anybody: packages and layers are fetched without a signature of this account.
        allow(
            "BucketsOfAws",
            ["s3:GetObject"],
            [_s3(place, f"{bucket}/*") for bucket in read],
            principals={"AWS": ANYBODY},
        ),
    )


def _s3(place: Place, resource: str) -> str:
    return place.arn("s3", resource, region=False, account=False)
