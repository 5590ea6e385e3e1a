"""What networks cost: gateways, addresses, load balancers, endpoints, firewalls."""

from collections.abc import Iterator

from slipway.stack.cost.lines import Basis, Line, Part, Unpriced, line, supposed, unpriced
from slipway.stack.cost.ranges import Range
from slipway.stack.graph import Resource

_PAID_RULES = frozenset(
    {
        "AWSManagedRulesBotControlRuleSet",
        "AWSManagedRulesATPRuleSet",
        "AWSManagedRulesACFPRuleSet",
        "AWSManagedRulesAntiDDoSRuleSet",
    }
)
"""Groups of rules that AWS charges beside the price of a rule (from memory)."""
_MILLION = Range.of("0.000001")


def nat_gateway(resource: Resource, basis: Basis) -> Iterator[Line]:
    """By hour, and by what passes through."""
    data = basis.usage.nat_gb
    yield line(
        resource,
        f"a NAT gateway and {data} GB through it",
        Part(Range.of(1), "gateway", basis.quote("nat_gateway", resource), hourly=True),
        Part(data, "GB", basis.quote("nat_gateway_data", resource)),
        assumptions=(supposed("GB a month through each NAT gateway", data),),
    )


def elastic_ip(resource: Resource, basis: Basis) -> Iterator[Line]:
    """Public addresses cost the same whether something uses them or not."""
    yield line(
        resource,
        "a public IPv4 address",
        Part(Range.of(1), "address", basis.quote("public_ipv4", resource), hourly=True),
    )


def load_balancer(resource: Resource, basis: Basis) -> Iterator[Line | Unpriced]:
    """By hour and by capacity units; a public one also by address and by what it sends."""
    kind, units = resource.properties.get("loadBalancerType"), basis.usage.balancer_units
    if kind not in {"application", "network"}:
        yield unpriced(resource, f"there is no price of a load balancer of type {kind}")
        return
    unit = "LCU" if kind == "application" else "NLCU"
    hour = basis.quote(f"{kind}_load_balancer", resource)
    unit_hour = basis.quote(f"{kind}_load_balancer_unit", resource)
    yield line(
        resource,
        f"{'an' if kind == 'application' else 'a'} {kind} load balancer and {units} {unit}s",
        Part(Range.of(1), "balancer", hour, hourly=True),
        Part(units, unit, unit_hour, hourly=True),
        assumptions=(supposed("capacity units of each load balancer, on average", units),),
    )
    if not resource.properties.get("internal"):
        yield from _public(resource, basis)


def _public(resource: Resource, basis: Basis) -> Iterator[Line]:
    mapped = resource.properties.get("subnetMappings") or ()
    addresses = len(resource.properties.get("subnets") or ()) + sum(
        # One with an allocation is an elastic IP, which is counted as such.
        not mapping.get("allocationId")
        for mapping in mapped
    )
    yield line(
        resource,
        f"{addresses} public IPv4 addresses of the load balancer",
        Part(Range.of(addresses), "addresses", basis.quote("public_ipv4", resource), hourly=True),
        assumptions=("A public load balancer has one address in each zone; busy ones have more",),
    )
    out = basis.usage.out_gb
    yield line(
        resource,
        f"{out} GB to the internet",
        Part(out, "GB", basis.quote("data_transfer_out", resource)),
        assumptions=(supposed("GB a month that a public load balancer sends", out),),
    )


def trust_store(resource: Resource, basis: Basis) -> Iterator[Line]:
    """What mutual TLS trusts."""
    yield line(
        resource,
        "a trust store of mutual TLS",
        Part(Range.of(1), "store", basis.quote("trust_store", resource), hourly=True),
    )


def endpoint(resource: Resource, basis: Basis) -> Iterator[Line | Unpriced]:
    """Interface endpoints by hour and zone; gateway endpoints are free of charge."""
    kind = resource.properties.get("vpcEndpointType", "Gateway")
    if kind == "Gateway":
        yield line(resource, "a gateway endpoint, free of charge")
        return
    if kind != "Interface":
        yield unpriced(resource, f"there is no price of an endpoint of type {kind}")
        return
    zones, data = len(resource.properties.get("subnetIds") or ()), basis.usage.endpoint_gb
    yield line(
        resource,
        f"an interface endpoint in {zones} zone{'s' if zones != 1 else ''} and {data} GB",
        Part(Range.of(zones), "zones", basis.quote("interface_endpoint", resource), hourly=True),
        Part(data, "GB", basis.quote("interface_endpoint_data", resource)),
        assumptions=(supposed("GB a month through each interface endpoint", data),),
    )


def web_acl(resource: Resource, basis: Basis) -> Iterator[Line | Unpriced]:
    """The list, its rules, and the requests that it looks at."""
    rules, requests = resource.properties.get("rules") or (), basis.usage.requests
    yield line(
        resource,
        f"a web ACL with {len(rules)} rules, and {requests} requests",
        Part(Range.of(1), "ACL", basis.quote("waf_acl", resource)),
        Part(Range.of(len(rules)), "rules", basis.quote("waf_rule", resource)),
        Part(requests * _MILLION, "million", basis.quote("waf_requests", resource)),
        assumptions=(supposed("requests a month at each web ACL", requests),),
    )
    for rule in rules:
        managed = (rule.get("statement") or {}).get("managedRuleGroupStatement") or {}
        name, vendor = managed.get("name"), managed.get("vendorName", "AWS")
        if name in _PAID_RULES or vendor != "AWS":
            yield unpriced(resource, f"there is no price of the rules {name} of {vendor}")
