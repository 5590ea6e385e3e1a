"""The network: private servers, one way out, AWS reached from within, everything recorded."""

import json
from dataclasses import replace

import pytest

from infra.names import Names
from infra.network import Network, NetworkArgs
from infra.place import Place
from infra.settings import NetworkSettings
from slipway.stack.graph import Graph
from slipway.stack.program import record

ZONES = tuple(f"eu-central-1{letter}" for letter in "abc")
PLACE = Place("eu-central-1", "123456789012", "aws", ZONES)
KEY = "arn:aws:kms:eu-central-1:123456789012:key/k"
SETTINGS = NetworkSettings(
    vpc_cidr="10.42.0.0/16",
    zones=3,
    zone_names=(),
    nat="zone",
    interface_endpoints=True,
    flow_log_days=90,
    namespace="slipway.internal",
)


def network(shape: str = "cluster", **changed) -> Graph:
    settings = replace(SETTINGS, **changed)
    args = NetworkArgs(settings, Names("dev", "", ""), PLACE, KEY, shape)

    def program() -> None:
        Network("dev-net", args)

    return record(program)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return network()


def subnets(graph: Graph, kind: str) -> dict[str, str]:
    """Zone and range of each subnet of a kind."""
    return {
        r.properties["availabilityZone"]: r.properties["cidrBlock"]
        for r in graph.of("Subnet")
        if f"-{kind}-" in r.name
    }


def services(graph: Graph, kind: str) -> set[str]:
    return {
        r.properties["serviceName"].removeprefix("com.amazonaws.eu-central-1.")
        for r in graph.of("VpcEndpoint")
        if r.properties["vpcEndpointType"] == kind
    }


def routes_out(graph: Graph) -> dict[str, str]:
    """From each private route table to the gateway that it leads to."""
    return {
        graph.target(r.properties["routeTableId"]).name: graph.target(
            r.properties["natGatewayId"]
        ).name
        for r in graph.of("Route")
        if "natGatewayId" in r.properties
    }


def test_no_subnet_gives_its_servers_a_public_address(graph):
    assert len(graph.of("Subnet")) == 6
    assert all(r.properties["mapPublicIpOnLaunch"] is False for r in graph.of("Subnet"))


def test_private_names_of_aws_services_resolve_within_the_vpc(graph):
    (vpc,) = graph.of("Vpc")
    assert vpc.properties["enableDnsSupport"] is True
    assert vpc.properties["enableDnsHostnames"] is True


@pytest.mark.parametrize("kind", ["public", "private"])
def test_another_zone_renumbers_no_subnet(graph, kind):
    fewer = subnets(network(zones=2), kind)
    assert fewer.items() < subnets(graph, kind).items()
    assert set(fewer) == set(ZONES[:2])


def test_only_public_subnets_lead_to_the_internet_gateway(graph):
    (route,) = [r for r in graph.of("Route") if "gatewayId" in r.properties]
    table = graph.target(route.properties["routeTableId"])
    tables = {
        graph.target(r.properties["subnetId"]).name: graph.target(r.properties["routeTableId"]).name
        for r in graph.of("RouteTableAssociation")
    }
    assert {subnet for subnet, name in tables.items() if name == table.name} == {
        f"dev-net-public-{number}" for number in (1, 2, 3)
    }
    private = {name for subnet, name in tables.items() if "private" in subnet}
    assert len(private) == 3  # one a zone


def test_each_zone_leaves_by_its_own_gateway(graph):
    assert routes_out(graph) == {
        f"dev-net-private-{number}": f"dev-net-nat-{number}" for number in (1, 2, 3)
    }
    for gateway in graph.of("NatGateway"):
        subnet = graph.target(gateway.properties["subnetId"])
        assert subnet.name == gateway.name.replace("nat", "public")


def test_a_single_gateway_is_shared_by_all_zones():
    graph = network(nat="single")
    assert routes_out(graph) == dict.fromkeys(
        [f"dev-net-private-{number}" for number in (1, 2, 3)], "dev-net-nat-1"
    )
    assert len(graph.of("Eip")) == 1


def test_without_nat_nothing_private_leads_out():
    graph = network(nat="none")
    assert routes_out(graph) == {}
    assert graph.of("NatGateway", "Eip") == ()


def test_the_default_security_group_has_no_rule(graph):
    (group,) = graph.of("DefaultSecurityGroup")
    assert "ingress" not in group.properties
    assert "egress" not in group.properties


def test_servers_reach_every_service_they_call_from_within(graph):
    assert services(graph, "Gateway") == {"s3"}
    assert services(graph, "Interface") == {
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
    }
    for endpoint in graph.of("VpcEndpoint"):
        if endpoint.properties["vpcEndpointType"] == "Interface":
            assert endpoint.properties["privateDnsEnabled"] is True
            names = [graph.target(s).name for s in endpoint.properties["subnetIds"]]
            assert names == [f"dev-net-private-{number}" for number in (1, 2, 3)]


def test_the_agent_of_ecs_reaches_its_services_too(graph):
    more = services(network("container"), "Interface") - services(graph, "Interface")
    assert more == {"ecs", "ecs-agent", "ecs-telemetry"}


def test_interface_endpoints_are_a_choice_but_s3_is_always_near():
    graph = network(interface_endpoints=False)
    assert services(graph, "Interface") == set()
    assert services(graph, "Gateway") == {"s3"}
    assert graph.of("SecurityGroup") == ()


def test_endpoints_let_in_https_from_the_vpc_and_nothing_out(graph):
    (rule,) = graph.of("SecurityGroupIngressRule")
    assert rule.properties["cidrIpv4"] == "10.42.0.0/16"
    assert (rule.properties["fromPort"], rule.properties["toPort"]) == (443, 443)
    assert rule.properties["ipProtocol"] == "tcp"
    assert graph.of("SecurityGroupEgressRule") == ()


def test_every_private_route_table_leads_to_s3(graph):
    (s3,) = [r for r in graph.of("VpcEndpoint") if r.properties["vpcEndpointType"] == "Gateway"]
    assert {graph.target(t).name for t in s3.properties["routeTableIds"]} == {
        f"dev-net-private-{number}" for number in (1, 2, 3)
    }


def test_through_the_s3_endpoint_data_goes_to_the_accounts_own_buckets_alone(graph):
    (s3,) = [r for r in graph.of("VpcEndpoint") if r.properties["vpcEndpointType"] == "Gateway"]
    own, aws = json.loads(s3.properties["policy"])["Statement"]
    assert own["Condition"]["StringEquals"] == {
        "aws:PrincipalAccount": "123456789012",
        "aws:ResourceAccount": "123456789012",
    }
    assert aws["Action"] == ["s3:GetObject"]
    assert "arn:aws:s3:::prod-eu-central-1-starport-layer-bucket/*" in aws["Resource"]
    assert "arn:aws:s3:::al2023-repos-eu-central-1-de612dc2/*" in aws["Resource"]
    assert all(r.split(":::")[1].split("/")[0].count("*") == 0 for r in aws["Resource"])


def test_every_connection_is_recorded_in_an_encrypted_group(graph):
    (log,) = graph.of("FlowLog")
    (group,) = graph.of("LogGroup")
    assert log.properties["trafficType"] == "ALL"
    assert graph.target(log.properties["logDestination"]) is group
    assert group.properties["name"] == "/slipway/dev/flow"
    assert group.properties["kmsKeyId"] == KEY
    assert group.properties["retentionInDays"] == 90


def test_flow_logs_write_to_their_group_alone_and_for_this_account(graph):
    role = graph.named("dev-net-flow-role")
    (trusted,) = json.loads(role.properties["assumeRolePolicy"])["Statement"]
    assert trusted["Principal"] == {"Service": ["vpc-flow-logs.amazonaws.com"]}
    assert trusted["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
    policy = json.loads(graph.named("dev-net-flow-policy").properties["policy"])
    write = next(s for s in policy["Statement"] if "logs:PutLogEvents" in s["Action"])
    assert write["Resource"] == ["@dev-net-flow-group.arn@:*"]
    assert not any("*" in action for s in policy["Statement"] for action in s["Action"])


def test_everything_belongs_to_the_component(graph):
    components = {r.urn for r in graph.resources if not r.custom}
    assert all(r.parent in components for r in graph.resources if r.custom)
