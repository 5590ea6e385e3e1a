"""How clients within the VPC find the servers: a private name that leads to them."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.traffic import Traffic
from slipway import contract

SERVICE = "triton"
TTL = 10
"""Seconds that a client may keep the address of a server that was replaced meanwhile."""


@dataclass(frozen=True)
class DiscoveryArgs:
    """`traffic` is None where a server is reached without a load balancer."""

    environment: str
    namespace: str
    vpc_id: pulumi.Input[str]
    traffic: Traffic | None


class Discovery(pulumi.ComponentResource):
    """`triton.<environment>.<namespace>`: the load balancer, or the server that registered itself.

    A load balancer's certificate does not contain this name: clients that come by it must be told
    which name to expect, and the environment's endpoint is the ingress's URL.
    """

    service_id: pulumi.Output[str] | None
    """Where a server registers its address; None where the load balancer is registered instead."""
    url: pulumi.Output[str]

    def __init__(
        self, name: str, args: DiscoveryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Discovery", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        domain = f"{args.environment}.{args.namespace}"
        namespace = aws.servicediscovery.PrivateDnsNamespace(
            f"{name}-namespace",
            name=domain,
            description="Model servers of this environment",
            vpc=args.vpc_id,
            opts=inside,
        )
        service = aws.servicediscovery.Service(
            f"{name}-service",
            name=SERVICE,
            description="Triton servers, or the load balancer before them",
            dns_config={
                "namespace_id": namespace.id,
                # An alias to a load balancer is accepted with WEIGHTED only. The single server has
                # one entry, which its replacement overwrites.
                "routing_policy": "WEIGHTED" if args.traffic else "MULTIVALUE",
                "dns_records": [{"type": "A", "ttl": TTL}],
            },
            # A server that lost its power could not take its address away, and an address left
            # would keep the service from being deleted.
            force_destroy=args.traffic is None,
            opts=inside,
        )
        if args.traffic:
            aws.servicediscovery.Instance(
                f"{name}-balancer",
                service_id=service.id,
                instance_id="load-balancer",
                attributes={"AWS_ALIAS_DNS_NAME": args.traffic.dns_name},
                opts=inside,
            )
        self.service_id = None if args.traffic else service.id
        scheme, port = ("https", "") if args.traffic else ("http", f":{contract.HTTP_PORT}")
        self.url = pulumi.Output.concat(f"{scheme}://", service.name, ".", namespace.name, port)
        self.register_outputs({"url": self.url})
