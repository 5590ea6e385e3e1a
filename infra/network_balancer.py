"""The network load balancer: gRPC alone, connection by connection."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.application import TLS_POLICY
from infra.perimeter import HTTPS, Perimeter, PerimeterArgs
from infra.settings import IngressSettings
from infra.timings import Timings
from infra.traffic import TargetGroup, Traffic
from slipway import contract

_ACCESS_LOGS = "nlb"


@dataclass(frozen=True)
class NetworkBalancerArgs:
    """`subnet_ids` are public where the load balancer is, which is made once all of `after` is
    there: AWS refuses a public one in a VPC without an internet gateway.
    """

    settings: IngressSettings
    network_mode: str
    timings: Timings
    vpc_id: pulumi.Input[str]
    vpc_cidr: str
    subnet_ids: Sequence[pulumi.Input[str]]
    certificate_arn: pulumi.Input[str]
    log_bucket: pulumi.Input[str]
    protect: bool
    after: Sequence[pulumi.Resource] = ()


class NetworkBalancer(pulumi.ComponentResource):
    """Terminates TLS and passes on what is inside: it sees no methods and no paths. Triton's
    management APIs are closed by the server's own restriction of them, and by nothing else.

    It ends a connection that is silent for 350 seconds, which cannot be changed for TLS: clients
    that wait longer must send gRPC keepalives. It spreads connections, not requests; the server
    limits their age, so that clients connect anew and find new servers.
    """

    traffic: Traffic

    def __init__(
        self,
        name: str,
        args: NetworkBalancerArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("slipway:infra:NetworkBalancer", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        security_group_id = _perimeter(name, args, inside).security_group_id
        balancer = _balancer(name, args, security_group_id, inside)
        group = _group(name, args, inside)
        listener = aws.lb.Listener(
            f"{name}-tls",
            load_balancer_arn=balancer.arn,
            port=HTTPS,
            protocol="TLS",
            ssl_policy=TLS_POLICY,
            alpn_policy="HTTP2Only",
            certificate_arn=args.certificate_arn,
            default_actions=[{"type": "forward", "target_group_arn": group.arn}],
            opts=inside,
        )
        self.traffic = Traffic(
            kind="network",
            suffix=balancer.arn_suffix,
            dns_name=balancer.dns_name,
            zone_id=balancer.zone_id,
            security_group_id=security_group_id,
            target_groups=(TargetGroup("grpc", contract.GRPC_PORT, group.arn, group.arn_suffix),),
            ready=(listener,),
        )
        self.register_outputs({"dnsName": balancer.dns_name})


def _perimeter(name: str, args: NetworkBalancerArgs, opts: pulumi.ResourceOptions) -> Perimeter:
    return Perimeter(
        f"{name}-edge",
        PerimeterArgs(
            vpc_id=args.vpc_id,
            vpc_cidr=args.vpc_cidr,
            public=args.settings.public,
            allowed_cidrs=args.settings.allowed_cidrs,
            network_mode=args.network_mode,
            listens=(HTTPS,),
        ),
        opts,
    )


def _balancer(
    name: str,
    args: NetworkBalancerArgs,
    security_group_id: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> aws.lb.LoadBalancer:
    return aws.lb.LoadBalancer(
        f"{name}-lb",
        load_balancer_type="network",
        internal=not args.settings.public,
        ip_address_type="ipv4",
        subnets=args.subnet_ids,
        security_groups=[security_group_id],
        # Few connections live long: within a zone they would be spread badly.
        enable_cross_zone_load_balancing=True,
        enable_zonal_shift=True,
        enable_deletion_protection=args.protect,
        access_logs={"bucket": args.log_bucket, "prefix": _ACCESS_LOGS, "enabled": True},
        opts=pulumi.ResourceOptions(
            parent=opts.parent,
            depends_on=args.after,
            # To leave a zone it is replaced, and a target group belongs to one load balancer.
            delete_before_replace=True,
        ),
    )


def _group(
    name: str, args: NetworkBalancerArgs, opts: pulumi.ResourceOptions
) -> aws.lb.TargetGroup:
    return aws.lb.TargetGroup(
        f"{name}-grpc",
        port=contract.GRPC_PORT,
        protocol="TCP",
        vpc_id=args.vpc_id,
        target_type="instance",
        deregistration_delay=args.timings.deregistration,
        # A gRPC client would hold on to its connection, and to the server that leaves.
        connection_termination=True,
        # Off: servers know the load balancer by its security group, and one that calls the
        # endpoint may be given to itself, which AWS does not deliver with the client's address.
        preserve_client_ip="false",
        stickiness={"type": "source_ip", "enabled": False},
        # The node's answer by HTTP, beside the port of the traffic.
        health_check={
            "enabled": True,
            "protocol": "HTTP",
            "port": str(contract.READINESS_PORT),
            "path": contract.HEALTH_READY,
            "matcher": "200",
            "interval": 10,
            "timeout": 5,
            "healthy_threshold": 2,
            "unhealthy_threshold": 3,
        },
        opts=opts,
    )
