"""The VPC's address plan: it fits, nothing overlaps, and another zone changes nothing."""

import ipaddress

import pytest

from infra.subnets import ZONES, subnets

RANGES = ["10.42.0.0/16", "10.40.0.0/18", "10.40.0.0/20", "192.168.4.0/22"]


@pytest.mark.parametrize("cidr", RANGES)
def test_every_subnet_is_inside_the_vpc_and_overlaps_no_other(cidr):
    plan = subnets(cidr)
    vpc = ipaddress.IPv4Network(cidr)
    found = [ipaddress.IPv4Network(c) for c in (*plan.public, *plan.private)]
    assert len(found) == 2 * ZONES
    assert all(subnet.subnet_of(vpc) for subnet in found)
    assert not any(a.overlaps(b) for i, a in enumerate(found) for b in found[:i])


@pytest.mark.parametrize("cidr", RANGES)
def test_servers_get_most_of_the_range_and_load_balancers_at_least_a_27(cidr):
    plan = subnets(cidr)
    vpc = ipaddress.IPv4Network(cidr)
    assert sum(ipaddress.IPv4Network(c).num_addresses for c in plan.private) == (
        vpc.num_addresses * 3 // 4
    )
    assert all(ipaddress.IPv4Network(c).prefixlen in range(24, 28) for c in plan.public)


def test_a_well_known_range_is_divided_as_documented():
    plan = subnets("10.42.0.0/16")
    assert plan.public == ("10.42.0.0/24", "10.42.1.0/24", "10.42.2.0/24")
    assert plan.private == ("10.42.64.0/18", "10.42.128.0/18", "10.42.192.0/18")
