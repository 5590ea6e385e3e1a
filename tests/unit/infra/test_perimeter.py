from infra.perimeter import Perimeter, PerimeterArgs
from slipway.stack.program import record


def perimeter(**changes):
    values = {
        "vpc_id": "vpc-1",
        "vpc_cidr": "10.20.0.0/16",
        "public": True,
        "allowed_cidrs": (),
        "network_mode": "host",
        "listens": (443, 80),
    } | changes
    return record(lambda: Perimeter("dev-edge", PerimeterArgs(**values)) and None)


def ways(graph, direction):
    return {
        (r.properties["cidrIpv4"], r.properties["fromPort"], r.properties["toPort"])
        for r in graph.of(f"SecurityGroup{direction}Rule")
    }


def test_everybody_reaches_a_public_one_on_its_own_ports_alone():
    assert ways(perimeter(), "Ingress") == {("0.0.0.0/0", 443, 443), ("0.0.0.0/0", 80, 80)}


def test_an_internal_one_is_reached_from_within_the_vpc():
    graph = perimeter(public=False, listens=(443,))
    assert ways(graph, "Ingress") == {("10.20.0.0/16", 443, 443)}


def test_given_addresses_replace_everybody():
    graph = perimeter(allowed_cidrs=("198.51.100.0/24", "203.0.113.7/32"), listens=(443,))
    assert {way[0] for way in ways(graph, "Ingress")} == {"198.51.100.0/24", "203.0.113.7/32"}


def test_it_connects_to_the_servers_ports_and_nothing_else():
    assert ways(perimeter(), "Egress") == {
        ("10.20.0.0/16", 8000, 8000),
        ("10.20.0.0/16", 8001, 8001),
        ("10.20.0.0/16", 8003, 8004),
    }


def test_in_bridge_mode_containers_have_any_of_the_ephemeral_ports():
    assert ways(perimeter(network_mode="bridge"), "Egress") == {
        ("10.20.0.0/16", 32768, 65535),
        ("10.20.0.0/16", 8003, 8004),
    }


def test_only_for_tokens_does_it_call_out():
    added = ways(perimeter(calls_out=True), "Egress") - ways(perimeter(), "Egress")
    assert added == {("0.0.0.0/0", 443, 443)}


def test_every_rule_is_tcp_described_and_of_the_one_group():
    graph = perimeter(calls_out=True)
    for rule in graph.of("SecurityGroupIngressRule", "SecurityGroupEgressRule"):
        assert rule.properties["ipProtocol"] == "tcp"
        assert rule.properties["description"]
        assert graph.target(rule.properties["securityGroupId"]).name == "dev-edge-sg"
    (group,) = graph.of("SecurityGroup")
    assert "ingress" not in group.properties
    assert "egress" not in group.properties
