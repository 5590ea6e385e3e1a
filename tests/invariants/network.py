"""Who can reach what."""

from tests.invariants.reading import group_of, invariant, template_of

ANYWHERE = {"0.0.0.0/0", "::/0"}


@invariant
def only_the_load_balancer_is_open_to_the_world(graph):
    balancers = {
        reference.urn
        for balancer in graph.of("LoadBalancer")
        for reference in graph.referred(balancer.properties["securityGroups"])
    }
    for rule in graph.of("SecurityGroupIngressRule"):
        if {rule.properties.get("cidrIpv4"), rule.properties.get("cidrIpv6")} & ANYWHERE:
            assert graph.target(rule.properties["securityGroupId"]).urn in balancers
            assert rule.properties["fromPort"] == rule.properties["toPort"]
            assert rule.properties["fromPort"] in {80, 443}
    for group in graph.of("SecurityGroup"):  # rules within a group would go past this check
        assert "ingress" not in group.properties
    for group in graph.of("DefaultSecurityGroup"):
        assert not group.properties.get("ingress")
        assert not group.properties.get("egress")
    assert len(graph.of("DefaultSecurityGroup")) == len(graph.of("Vpc")) == 1
    assert not graph.of("SecurityGroupRule")


@invariant
def every_rule_says_what_it_is_for(graph):
    for rule in graph.of("SecurityGroupIngressRule", "SecurityGroupEgressRule"):
        assert rule.properties["description"]


@invariant
def no_server_has_a_public_address(graph):
    for subnet in graph.of("Subnet"):
        assert not subnet.properties.get("mapPublicIpOnLaunch")
    for interface in template_of(graph).properties.get("networkInterfaces", []):
        assert interface["associatePublicIpAddress"] == "false"
    gateways = {g.urn for g in graph.of("InternetGateway")}
    open_tables = {
        graph.target(route.properties["routeTableId"]).urn
        for route in graph.of("aws:ec2/route:Route")
        if {r.urn for r in graph.referred(route.properties.get("gatewayId"))} & gateways
    }
    public = {
        graph.target(a.properties["subnetId"]).urn
        for a in graph.of("RouteTableAssociation")
        if graph.target(a.properties["routeTableId"]).urn in open_tables
    }
    assert public
    servers = {r.urn for r in graph.referred(group_of(graph).properties["vpcZoneIdentifiers"])}
    assert servers
    assert not servers & public
    nat = {r.urn for gw in graph.of("NatGateway") for r in graph.referred(gw.properties)}
    assert {eip.urn for eip in graph.of("Eip")} <= nat


@invariant
def a_public_load_balancer_comes_after_the_way_to_the_internet(graph):
    """AWS refuses one in a VPC that has none yet."""
    gateways = {gateway.urn for gateway in graph.of("InternetGateway")}
    ways = {
        route.urn
        for route in graph.of("aws:ec2/route:Route")
        if {r.urn for r in graph.referred(route.properties.get("gatewayId"))} & gateways
    }
    assert ways
    for balancer in graph.of("LoadBalancer"):
        if not balancer.properties["internal"]:
            assert ways | gateways <= set(balancer.depends_on)


@invariant
def traffic_is_logged(graph):
    assert len(graph.of("FlowLog")) == 1
    for balancer in graph.of("LoadBalancer"):
        assert balancer.properties["accessLogs"]["enabled"] is True
