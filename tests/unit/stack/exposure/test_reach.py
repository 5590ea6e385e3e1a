"""Who can reach what: sets of addresses, ports and groups, however rules are written."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.stack.exposure import Kind, Severity, delta
from slipway.stack.exposure.reach import reach
from slipway.stack.exposure.view import View
from slipway.stack.graph import Reference
from tests.stacks import evaluated
from tests.unit.stack.exposure.graphs import changed, closed, graph, opened, resource


def rule(name, cidr="10.0.0.0/8", port=443, kind="In", group="g", **more):
    return resource(
        kind,
        name,
        securityGroupId=f"@{group}.id@",
        **{"ipProtocol": "tcp", "fromPort": port, "toPort": port, "cidrIpv4": cidr, **more},
    )


def servers(*rules, **group):
    """A launch template with a security group in a VPC."""
    return graph(
        resource("Vpc", "vpc", cidrBlock="10.0.0.0/16"),
        resource("Group", "g", vpcId="@vpc.id@", **group),
        resource("Group", "edge", vpcId="@vpc.id@"),
        resource(
            "Template",
            "template",
            networkInterfaces=[{"securityGroups": ["@g.id@"], "associatePublicIpAddress": "false"}],
        ),
        *rules,
    )


WHO = "the servers of template"


def test_a_new_range_is_said_with_whom_it_reaches_and_on_which_port():
    base, head = servers(), servers(rule("a", "203.0.113.0/24", 8001))
    (finding,) = delta(base, head)
    assert finding.said == f"203.0.113.0/24 can now reach {WHO} on 8001/tcp"
    assert (finding.kind, finding.name, finding.wider) == (Kind.NETWORK, "g", True)
    assert finding.severity == Severity.MEDIUM
    (finding,) = delta(head, base)
    assert finding.said == f"203.0.113.0/24 can no longer reach {WHO} on 8001/tcp"
    assert (finding.wider, finding.severity) == (False, Severity.NONE)


def test_a_range_split_in_two_is_no_change():
    halves = servers(rule("a", "10.0.0.0/9"), rule("b", "10.128.0.0/9"))
    assert delta(servers(rule("a")), halves) == ()
    assert delta(halves, servers(rule("other"))) == ()


def test_a_part_of_a_range_is_narrower():
    base, head = servers(rule("a", "10.0.0.0/8")), servers(rule("a", "10.1.0.0/16"))
    assert closed(base, head) == [
        f"10.0.0.0/8 other than 10.1.0.0/16 can no longer reach {WHO} on 443/tcp"
    ]
    assert opened(base, head) == []


def test_the_ways_to_write_a_rule_are_one_and_the_same():
    inline = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}
    old = resource("Rule", "old", type="ingress", securityGroupId="@g.id@", **inline)
    assert delta(servers(ingress=[inline]), servers(old)) == ()
    assert delta(servers(old), servers(rule("own"))) == ()


def test_ranges_of_ports_are_sets_too():
    base = servers(rule("a", port=8000), rule("b", port=8001))
    assert delta(base, servers(rule("a", port=8000, toPort=8001))) == ()
    assert opened(base, servers(rule("a", port=8000, toPort=8010))) == [
        f"10.0.0.0/8 can now reach {WHO} on 8002-8010/tcp"
    ]


def test_all_protocols_cover_one_and_more():
    everything = servers(rule("a", port=None, ipProtocol="-1"))
    assert closed(servers(rule("a")), everything) == []
    said = opened(servers(), everything)
    assert said == [f"10.0.0.0/8 can now reach {WHO} on all protocols and ports"]


def test_icmp_is_said_by_its_name():
    ping = servers(rule("a", ipProtocol="icmp", port=8, toPort=-1))
    assert opened(servers(), ping) == [f"10.0.0.0/8 can now reach {WHO} on icmp"]
    assert closed(ping, servers(rule("a", ipProtocol="icmp", port=-1))) == []


def test_the_internet_is_graver_where_there_is_a_public_address():
    head = servers(rule("a", "0.0.0.0/0"))
    assert [f.severity for f in delta(servers(), head)] == [Severity.HIGH]
    cards = [{"securityGroups": ["@g.id@"]}]
    base, head = (changed(g, "template", networkInterfaces=cards) for g in (servers(), head))
    assert [f.severity for f in delta(base, head)] == [Severity.CRITICAL]
    private = servers(rule("a", "10.0.0.0/8"))
    assert [f.severity for f in delta(servers(), private)] == [Severity.LOW]


def test_ways_out_are_said_the_other_way_round():
    (finding,) = delta(servers(), servers(rule("a", "0.0.0.0/0", kind="Out")))
    assert finding.said == f"{WHO} can now reach 0.0.0.0/0 on 443/tcp"
    assert finding.severity == Severity.MEDIUM


def test_a_group_is_a_peer_and_its_vpc_covers_it():
    edge = servers(rule("a", None, referencedSecurityGroupId="@edge.id@"))
    assert opened(servers(), edge) == [
        f"what has the security group edge can now reach {WHO} on 443/tcp"
    ]
    whole = servers(rule("a", "10.0.0.0/16"))
    assert closed(edge, whole) == []
    assert opened(edge, whole) == [f"10.0.0.0/16 can now reach {WHO} on 443/tcp"]
    part = servers(rule("a", "10.0.0.0/24"))
    assert closed(edge, part) == [
        f"what has the security group edge can no longer reach {WHO} on 443/tcp"
    ]


def test_self_is_the_group_itself():
    rule_ = {"protocol": "tcp", "fromPort": 1, "toPort": 1, "self": True}
    own = servers(rule("a", None, 1, referencedSecurityGroupId="@g.id@"))
    assert delta(servers(ingress=[rule_]), own) == ()


def test_a_range_that_only_aws_knows_is_said_to_be_unknown():
    (finding,) = delta(servers(), servers(rule("a", "@vpc.cidrBlock@")))
    assert finding.said == (
        f"a range that only AWS knows (vpc.cidrBlock) can now reach {WHO} on 443/tcp"
    )
    assert not finding.certain
    assert delta(*[servers(rule("a", "@vpc.cidrBlock@"))] * 2) == ()


def test_a_port_that_only_aws_knows_is_not_taken_for_a_number():
    base = servers()
    head = servers(rule("a", port=7000000001))
    number = Reference(head.named("vpc").urn, "port")
    head = replace(head, references={**head.references, "7000000001": number})
    (finding,) = delta(base, head)
    assert not finding.certain
    assert "only AWS knows" in finding.said


def test_a_prefix_list_of_the_graph_is_its_ranges_and_another_stands_for_itself():
    listed = resource(
        "aws:ec2/managedPrefixList:ManagedPrefixList", "list", entries=[{"cidr": "10.0.0.0/8"}]
    )
    base = servers(rule("a"))
    head = servers(rule("a", None, prefixListId="@list.id@"), listed)
    assert delta(base, head) == ()
    assert opened(servers(), servers(rule("a", None, prefixListId="pl-1"))) == [
        f"the prefix list pl-1 can now reach {WHO} on 443/tcp"
    ]


def test_another_group_on_a_server_brings_what_that_admits_and_what_admits_it():
    other = resource("Group", "other", vpcId="@vpc.id@", ingress=[
        {"protocol": "tcp", "fromPort": 22, "toPort": 22, "securityGroups": ["@edge.id@"]}
    ])  # fmt: skip
    base = servers(rule("a", "10.9.0.0/16", 9000, group="edge"), other)
    head = changed(
        base,
        "template",
        networkInterfaces=[{"securityGroups": ["@g.id@", "@edge.id@"]}],
    )
    assert opened(base, head) == [
        "10.9.0.0/16 can now reach the servers of template on 9000/tcp",
        "the servers of template can now reach what has the security group other on 22/tcp, "
        "through edge",
    ]
    assert closed(head, base) == [
        "10.9.0.0/16 can no longer reach the servers of template on 9000/tcp",
        "the servers of template can no longer reach what has the security group other on 22/tcp, "
        "through edge",
    ]


def test_a_group_by_another_name_is_the_same_one_where_that_is_said():
    base = servers(rule("a", None, referencedSecurityGroupId="@edge.id@"))
    edge = base.named("edge")
    front = replace(edge, name="front", urn=edge.urn.removesuffix("edge") + "front")
    rules = changed(base, "a", referencedSecurityGroupId="@front.id@")
    head = graph(*(front if r.name == "edge" else r for r in rules.resources))
    assert delta(base, head, {edge.urn: front.urn}) == ()
    assert delta(base, head)


def test_the_default_group_that_is_taken_under_control_is_closed():
    base = graph(resource("Vpc", "vpc", cidrBlock="10.0.0.0/16"))
    default = resource(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "default", vpcId="@vpc.id@"
    )
    head = graph(*base.resources, default)
    assert opened(base, head) == []
    assert len(closed(base, head)) == 3
    assert delta(head, base) == (), "its rules stay as they are when it is no longer managed"


cidrs = st.sampled_from(
    ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/9", "10.128.0.0/9", "203.0.113.0/24"]
)
peers = st.one_of(
    cidrs.map(lambda cidr: {"cidrBlocks": [cidr]}),
    st.sampled_from(["@g.id@", "@edge.id@"]).map(lambda group: {"securityGroups": [group]}),
    st.just({"self": True}),
)
written = st.builds(
    lambda peer, protocol, low, more: {
        "protocol": protocol,
        "fromPort": low,
        "toPort": low + more,
        **peer,
    },
    peers,
    st.sampled_from(["tcp", "udp", "-1"]),
    st.integers(0, 6),
    st.integers(0, 4),
)
stacks = st.builds(
    lambda ingress, egress: servers(ingress=ingress, egress=egress),
    st.lists(written, max_size=3),
    st.lists(written, max_size=2),
)


@given(stacks, stacks)
def test_what_opens_one_way_closes_the_other_way(base, head):
    there = list(reach(View(base), View(head)))
    back = list(reach(View(head), View(base)))

    def said(findings, wider):
        found = (f.said for f in findings if f.wider is wider)
        return sorted(text.replace("no longer", "now") for text in found)

    assert said(there, wider=True) == said(back, wider=False)
    assert said(there, wider=False) == said(back, wider=True)


@given(stacks)
def test_a_stack_compared_with_itself_says_nothing(stack):
    assert delta(stack, stack) == ()


def test_a_rule_of_the_real_stack_that_is_opened_is_the_only_finding():
    base = evaluated("prod", "cluster")
    head = changed(base, "prod-net-to-https", cidrIpv4="0.0.0.0/0")
    (finding,) = delta(base, head)
    assert finding.said.startswith("0.0.0.0/0 other than 10.42.0.0/16 can now reach the endpoint ")
    assert finding.said.endswith(" more on 443/tcp")


@pytest.mark.parametrize("shape", ["single", "container"])
def test_the_servers_of_every_shape_are_found(shape):
    base = evaluated("dev", shape)
    (name,) = (r.name for r in base.resources if r.name.endswith("-fleet-in-8001"))
    head = changed(base, name, cidrIpv4="203.0.113.0/24")
    assert any("203.0.113.0/24 can now reach the servers" in said for said in opened(base, head))
