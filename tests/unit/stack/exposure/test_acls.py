"""Network ACLs: the first rule that matches decides, and a subnet without one has the default."""

from slipway.stack.exposure import delta
from tests.unit.stack.exposure.graphs import changed, closed, graph, opened, resource

ACL = "aws:ec2/networkAcl:NetworkAcl"


def entry(number, action, cidr="10.0.0.0/8", **more):
    return {"ruleNo": number, "action": action, "protocol": "-1", "cidrBlock": cidr, **more}


def subnets(*ingress, outward=True):
    open_ = [entry(1, "allow", "0.0.0.0/0"), {**entry(2, "allow", None), "ipv6CidrBlock": "::/0"}]
    return graph(
        resource("Vpc", "vpc"),
        resource("Subnet", "one", vpcId="@vpc.id@"),
        resource("Subnet", "two", vpcId="@vpc.id@"),
        resource(
            ACL,
            "acl",
            subnetIds=["@one.id@", "@two.id@"],
            ingress=list(ingress),
            egress=open_ if outward else [],
        ),
    )


def test_a_rule_that_denies_counts_only_before_one_that_allows():
    base = subnets(entry(100, "allow"))
    before = subnets(entry(50, "deny", "10.1.0.0/16"), entry(100, "allow"))
    after = subnets(entry(150, "deny", "10.1.0.0/16"), entry(100, "allow"))
    assert closed(base, before) == [
        "the network ACLs of one and two no longer let in 10.1.0.0/16 on all protocols and ports"
    ]
    assert delta(base, after) == ()
    assert opened(before, base) == [
        "the network ACLs of one and two now let in 10.1.0.0/16 on all protocols and ports"
    ]


def test_rules_of_their_own_are_those_of_the_list():
    own = resource(
        "aws:ec2/networkAclRule:NetworkAclRule",
        "rule",
        networkAclId="@acl.id@",
        ruleNumber=100,
        ruleAction="allow",
        protocol="-1",
        cidrBlock="10.0.0.0/8",
    )
    assert delta(subnets(entry(100, "allow")), graph(*subnets().resources, own)) == ()


def test_a_subnet_that_loses_its_list_lets_all_in_and_out():
    base = subnets(entry(100, "allow"), outward=False)
    head = changed(base, "acl", subnetIds=["@one.id@"])
    said = opened(base, head)
    assert "the network ACLs of two now let out to 0.0.0.0/0 on all protocols and ports" in said
    assert len(said) == 4
    assert closed(base, head) == []


def test_an_association_and_the_default_list_choose_for_a_subnet():
    acl = resource(ACL, "acl", ingress=[], egress=[])
    link = resource(
        "aws:ec2/networkAclAssociation:NetworkAclAssociation",
        "link",
        networkAclId="@acl.id@",
        subnetId="@one.id@",
    )
    bare = graph(resource("Vpc", "vpc"), resource("Subnet", "one", vpcId="@vpc.id@"))
    default = resource(
        "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
        "default",
        defaultNetworkAclId="@vpc.defaultNetworkAclId@",
    )
    assert len(closed(bare, graph(*bare.resources, acl, link))) == 4
    assert len(closed(bare, graph(*bare.resources, default))) == 4


def test_a_range_that_only_aws_knows_is_said_to_be_unknown():
    (finding,) = delta(subnets(), subnets(entry(1, "allow", "@vpc.cidrBlock@")))
    assert not finding.certain
    assert "a range that only AWS knows (vpc.cidrBlock)" in finding.said
