"""Ranges of addresses, and how they are written."""

import pytest

from slipway.stack.exposure.addresses import IPV4, everybody, network, ranges, routed, worldwide
from slipway.stack.exposure.boxes import minus


def interval(cidr):
    return network(cidr)[1]


def test_a_range_with_bits_below_its_mask_is_read_as_its_network():
    assert network("10.1.2.3/16") == network("10.1.0.0/16")
    assert network("::/0")[0] == "ipv6"
    with pytest.raises(ValueError, match="does not appear"):
        network("@vpc.cidrBlock@")


def test_few_ranges_are_listed_and_many_are_said_by_what_they_lack():
    assert ranges(IPV4, [interval("10.0.0.0/16"), interval("10.2.0.0/16")]) == (
        "10.0.0.0/16 and 10.2.0.0/16"
    )
    rest = [part for (part,) in minus([(everybody(IPV4),)], [(interval("10.0.0.0/8"),)])]
    assert ranges(IPV4, rest) == "0.0.0.0/0 other than 10.0.0.0/8"
    scattered = [interval(f"10.0.{n}.0/25") for n in range(0, 40, 4)]
    assert ranges(IPV4, scattered) == "10 ranges within 10.0.0.0/18"


def test_private_addresses_are_not_routed_and_the_internet_is_more_than_a_few_networks():
    assert routed(IPV4, [interval("10.0.0.0/8"), interval("192.168.1.0/24")]) == 0
    assert routed(IPV4, [interval("203.0.113.0/24")]) == 256
    assert not worldwide(IPV4, [interval("203.0.113.0/24")])
    assert worldwide(IPV4, [interval("0.0.0.0/1")])
    assert worldwide("ipv6", [interval("::/0")])
    assert not worldwide("ipv6", [interval("fc00::/7")])
