"""What networks cost, against sums that were done by hand."""

from decimal import Decimal

import pytest

from slipway.stack.cost import Range, Usage, estimate
from tests.stacks import evaluated
from tests.unit.stack.cost.graphs import changed, graph, resource

NAT = "aws:ec2/natGateway:NatGateway"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
ACL = "aws:wafv2/webAcl:WebAcl"


def cost(*resources, usage=None, **more):
    return estimate(graph(*resources, **more), usage).total


def test_nat_gateways_are_billed_by_zone():
    found = evaluated("prod")
    gateways = found.of(NAT)
    assert len(gateways) == 3
    of = [estimate(found).of(gateway.urn) for gateway in gateways]
    # 0.052 * 730 = 37.96, and 10 to 500 GB * 0.052
    assert of == [Range.of("38.48", "63.96")] * 3


def test_data_through_a_nat_gateway_is_the_caller_s_to_say():
    gateway = resource(NAT, "nat")
    assert cost(gateway, usage=Usage(nat_gb=Range.of(0))) == Range.of("32.85")
    assert cost(gateway, usage=Usage(nat_gb=Range.of(1000))) == Range.of("77.85")


def test_interface_endpoints_are_billed_by_zone():
    found = evaluated("prod")
    endpoint = found.named("prod-net-to-ecr-api")
    assert len(endpoint.properties["subnetIds"]) == 3
    none = estimate(found, Usage(endpoint_gb=Range.of(0))).of(endpoint.urn)
    assert none == Range.of("26.28")  # 3 * 0.012 * 730
    two = changed(found, ENDPOINT, subnetIds=endpoint.properties["subnetIds"][:2])
    assert estimate(two, Usage(endpoint_gb=Range.of(0))).of(endpoint.urn) == Range.of("17.52")


def test_gateway_endpoints_are_free_and_say_so():
    (line,) = estimate(graph(resource(ENDPOINT, vpcEndpointType="Gateway"))).lines
    assert (line.high, line.charged) == (0, "a gateway endpoint, free of charge")


def test_a_public_address_costs_half_a_cent_an_hour():
    assert cost(resource("aws:ec2/eip:Eip")) == Range.of("3.65")


def test_an_internal_load_balancer_costs_hours_and_units():
    balancer = resource(BALANCER, loadBalancerType="application", internal=True, subnets=["a"])
    usage = Usage(balancer_units=Range.of(0, 1))
    assert cost(balancer, usage=usage) == Range(
        Decimal("16.43"),  # 0.0225 * 730 = 16.425
        Decimal("22.27"),  # and 0.008 * 730 = 5.84
    )


def test_a_public_load_balancer_also_costs_an_address_a_zone_and_what_it_sends():
    balancer = resource(BALANCER, loadBalancerType="network", internal=False, subnets=["a", "b"])
    usage = Usage(balancer_units=Range.of(0), out_gb=Range.of(100))
    assert cost(balancer, usage=usage) == Range.of("32.73")  # 16.43 + 2 * 3.65 + 9.00


def test_an_address_of_one_s_own_is_not_billed_twice():
    mappings = [{"subnetId": "a", "allocationId": "eip"}, {"subnetId": "b"}]
    balancer = resource(BALANCER, loadBalancerType="network", subnetMappings=mappings)
    lines = estimate(graph(balancer)).lines
    assert "1 public IPv4 addresses of the load balancer" in [line.charged for line in lines]


def test_a_web_acl_costs_itself_its_rules_and_requests():
    found = evaluated("prod")
    (acl,) = found.of(ACL)
    assert len(acl.properties["rules"]) == 4
    usage = Usage(requests=Range.of(0, 1_000_000))
    assert estimate(found, usage).of(acl.urn) == Range.of("9.00", "9.60")


def test_rules_that_aws_charges_for_are_named():
    managed = {"name": "AWSManagedRulesBotControlRuleSet", "vendorName": "AWS"}
    rule = {"name": "bots", "statement": {"managedRuleGroupStatement": managed}}
    (named,) = estimate(graph(resource(ACL, rules=[rule]))).unpriced
    assert "AWSManagedRulesBotControlRuleSet" in named.why


@pytest.mark.parametrize(
    "odd",
    [
        resource(BALANCER, loadBalancerType="gateway"),
        resource(ENDPOINT, vpcEndpointType="Resource"),
    ],
)
def test_other_kinds_of_balancers_and_endpoints_have_no_price(odd):
    found = estimate(graph(odd))
    assert (len(found.unpriced), found.total.high) == (1, 0)


def test_a_trust_store_is_billed_by_hour():
    assert cost(resource("aws:lb/trustStore:TrustStore")) == Range.of("4.09")  # 0.0056 * 730
