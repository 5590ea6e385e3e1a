"""The application load balancer: HTTP and gRPC, request by request."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.authentication import Authentication
from infra.perimeter import HTTP, HTTPS, Perimeter, PerimeterArgs
from infra.routes import ROUTES, Route
from infra.settings import IngressSettings
from infra.timings import Timings
from infra.traffic import TargetGroup, Traffic
from slipway import contract

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
"""TLS 1.3, and 1.2 with forward secrecy and authenticated ciphers; with it a key exchange that a
quantum computer does not break, where the client knows one. AWS's own recommendation."""

_ACCESS_LOGS = "alb"
_CONNECTION_LOGS = "alb-connections"


@dataclass(frozen=True)
class ApplicationBalancerArgs:
    """`subnet_ids` are in two zones at least, and public where the load balancer is, which is made
    once all of `after` is there: AWS refuses a public one in a VPC without an internet gateway.
    """

    settings: IngressSettings
    authentication: Authentication
    network_mode: str
    timings: Timings
    vpc_id: pulumi.Input[str]
    vpc_cidr: str
    subnet_ids: Sequence[pulumi.Input[str]]
    certificate_arn: pulumi.Input[str]
    log_bucket: pulumi.Input[str]
    protect: bool
    after: Sequence[pulumi.Resource] = ()


class ApplicationBalancer(pulumi.ComponentResource):
    """Terminates TLS, knows clients by certificate or token, and lets through what `routes` names.

    Both groups ask the node whether its server is ready, each in its own protocol: Triton's answer
    is yes before models are loaded, and over gRPC it is a success whose body says no, where a load
    balancer does not look.
    """

    traffic: Traffic
    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: ApplicationBalancerArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("slipway:infra:ApplicationBalancer", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        security_group_id = _perimeter(name, args, inside).security_group_id
        balancer = _balancer(name, args, security_group_id, inside)
        groups = {each.label: _group(name, args, each, inside) for each in _PROTOCOLS}
        listener = _listener(name, args, balancer, inside)
        actions = _actions(groups, args.authentication.before_forwarding)
        rules = [_rule(name, route, listener, actions, inside) for route in ROUTES]
        _redirect(name, balancer, inside)
        self.arn = balancer.arn
        self.traffic = Traffic(
            kind="application",
            suffix=balancer.arn_suffix,
            dns_name=balancer.dns_name,
            zone_id=balancer.zone_id,
            security_group_id=security_group_id,
            target_groups=tuple(
                TargetGroup(
                    each.label, each.port, groups[each.label].arn, groups[each.label].arn_suffix
                )
                for each in _PROTOCOLS
            ),
            ready=(listener, *rules),
        )
        self.register_outputs({"arn": self.arn, "dnsName": balancer.dns_name})


@dataclass(frozen=True)
class _Protocol:
    """One that servers speak, as AWS calls it. A server is ready that answers `health` on the port
    `asked` with the status `healthy`.
    """

    label: str
    version: str
    port: int
    asked: int
    health: str
    healthy: str


_PROTOCOLS = (
    _Protocol(
        "http", "HTTP1", contract.HTTP_PORT, contract.READINESS_PORT, contract.HEALTH_READY, "200"
    ),
    _Protocol(
        "grpc", "GRPC", contract.GRPC_PORT, contract.GRPC_READINESS_PORT, contract.GRPC_HEALTH, "0"
    ),
)
_NOT_FOUND: aws.lb.ListenerRuleActionFixedResponseArgsDict = {
    "content_type": "application/json",
    "message_body": json.dumps({"error": "not found"}),
    "status_code": "404",
}


def _perimeter(name: str, args: ApplicationBalancerArgs, opts: pulumi.ResourceOptions) -> Perimeter:
    return Perimeter(
        f"{name}-edge",
        PerimeterArgs(
            vpc_id=args.vpc_id,
            vpc_cidr=args.vpc_cidr,
            public=args.settings.public,
            allowed_cidrs=args.settings.allowed_cidrs,
            network_mode=args.network_mode,
            listens=(HTTPS, HTTP),
            calls_out=args.settings.auth == "jwt",
        ),
        opts,
    )


def _balancer(
    name: str,
    args: ApplicationBalancerArgs,
    security_group_id: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> aws.lb.LoadBalancer:
    return aws.lb.LoadBalancer(
        f"{name}-lb",
        load_balancer_type="application",
        internal=not args.settings.public,
        ip_address_type="ipv4",
        subnets=args.subnet_ids,
        security_groups=[security_group_id],
        # A client that waits for the longest answer sends nothing meanwhile.
        idle_timeout=args.timings.idle_timeout,
        enable_http2=True,
        drop_invalid_header_fields=True,
        # Only requests that RFC 7230 allows: what two parsers may read differently ends here.
        desync_mitigation_mode="strictest",
        preserve_host_header=True,
        xff_header_processing_mode="append",
        enable_zonal_shift=True,
        enable_deletion_protection=args.protect,
        access_logs={"bucket": args.log_bucket, "prefix": _ACCESS_LOGS, "enabled": True},
        # Handshakes that fail, for one because of a client's certificate, are in no access log.
        connection_logs={"bucket": args.log_bucket, "prefix": _CONNECTION_LOGS, "enabled": True},
        opts=pulumi.ResourceOptions(parent=opts.parent, depends_on=args.after),
    )


def _group(
    name: str, args: ApplicationBalancerArgs, protocol: _Protocol, opts: pulumi.ResourceOptions
) -> aws.lb.TargetGroup:
    return aws.lb.TargetGroup(
        f"{name}-{protocol.label}",
        port=protocol.port,
        protocol="HTTP",
        protocol_version=protocol.version,
        vpc_id=args.vpc_id,
        target_type="instance",
        deregistration_delay=args.timings.deregistration,
        # Inference takes very different times. This algorithm allows no slow start, which a server
        # does not need: it is warm when its launch hook is completed.
        load_balancing_algorithm_type="least_outstanding_requests",
        stickiness={"type": "lb_cookie", "enabled": False},
        # Out after 30 s, in after 20 s.
        health_check={
            "enabled": True,
            "path": protocol.health,
            "matcher": protocol.healthy,
            "port": str(protocol.asked),
            "protocol": "HTTP",
            "interval": 10,
            "timeout": 5,
            "healthy_threshold": 2,
            "unhealthy_threshold": 3,
        },
        opts=opts,
    )


def _listener(
    name: str,
    args: ApplicationBalancerArgs,
    balancer: aws.lb.LoadBalancer,
    opts: pulumi.ResourceOptions,
) -> aws.lb.Listener:
    return aws.lb.Listener(
        f"{name}-https",
        load_balancer_arn=balancer.arn,
        port=HTTPS,
        protocol="HTTPS",
        ssl_policy=TLS_POLICY,
        certificate_arn=args.certificate_arn,
        mutual_authentication=args.authentication.handshake,
        default_actions=[{"type": "fixed-response", "fixed_response": _NOT_FOUND}],
        opts=opts,
    )


def _actions(
    groups: dict[str, aws.lb.TargetGroup],
    before_forwarding: Sequence[aws.lb.ListenerRuleActionArgsDict],
) -> dict[str, list[aws.lb.ListenerRuleActionArgsDict]]:
    """What to do with a request, by where its route leads; done in this order."""
    forward: dict[str, list[aws.lb.ListenerRuleActionArgsDict]] = {
        label: [*before_forwarding, {"type": "forward", "target_group_arn": group.arn}]
        for label, group in groups.items()
    }
    return {**forward, "": [{"type": "fixed-response", "fixed_response": _NOT_FOUND}]}


def _rule(
    name: str,
    route: Route,
    listener: aws.lb.Listener,
    actions: dict[str, list[aws.lb.ListenerRuleActionArgsDict]],
    opts: pulumi.ResourceOptions,
) -> aws.lb.ListenerRule:
    conditions: list[aws.lb.ListenerRuleConditionArgsDict] = [
        {"path_pattern": {"values": list(route.paths)}},
        {"http_request_method": {"values": list(route.methods)}},
    ]
    return aws.lb.ListenerRule(
        f"{name}-{route.label}",
        listener_arn=listener.arn,
        priority=route.priority,
        conditions=conditions,
        actions=actions[route.to],
        opts=opts,
    )


def _redirect(name: str, balancer: aws.lb.LoadBalancer, opts: pulumi.ResourceOptions) -> None:
    aws.lb.Listener(
        f"{name}-redirect",
        load_balancer_arn=balancer.arn,
        port=HTTP,
        protocol="HTTP",
        default_actions=[
            {
                "type": "redirect",
                "redirect": {
                    "port": str(HTTPS),
                    "protocol": "HTTPS",
                    "status_code": "HTTP_301",
                },
            }
        ],
        opts=opts,
    )
