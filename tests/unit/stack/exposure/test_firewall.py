"""Web application firewalls: where there is one, and what it blocks."""

from slipway.stack.exposure import Severity, delta
from tests.stacks import evaluated
from tests.unit.stack.exposure.graphs import changed, closed, graph, opened, resource, without

ACL = "aws:wafv2/webAcl:WebAcl"


def rule(name, **does):
    return {"name": name, "statement": {}, **(does or {"action": {"block": {}}})}


def firewall(*rules, default="allow"):
    return graph(
        resource("Balancer", "lb", internal=True),
        resource(ACL, "acl", rules=list(rules), defaultAction={default: {}}),
        resource(
            "aws:wafv2/webAclAssociation:WebAclAssociation",
            "link",
            resourceArn="@lb.arn@",
            webAclArn="@acl.arn@",
        ),
    )


def test_a_load_balancer_that_loses_its_firewall_is_grave():
    base = firewall()
    (finding,) = delta(base, without(base, "link"))
    assert finding.said == "lb is no longer behind a web application firewall"
    assert finding.severity == Severity.HIGH
    assert len(closed(without(base, "link"), base)) == 1


def test_a_rule_that_only_counts_no_longer_applies():
    base = firewall(rule("rate"))
    counting = firewall(rule("rate", action={"count": {}}))
    group = firewall(rule("rate", overrideAction={"count": {}}))
    for head in (firewall(), counting, group):
        assert opened(base, head) == ["the firewall acl no longer applies rate"]
        assert closed(head, base) == ["the firewall acl now applies rate"]


def test_a_rule_that_lets_requests_through_is_wider():
    base, head = firewall(), firewall(rule("office", action={"allow": {}}))
    assert opened(base, head) == ["the firewall acl now lets through by office"]
    assert opened(head, base) == []


def test_the_default_action_counts_and_a_rule_that_differs_is_not_compared():
    assert len(opened(firewall(default="block"), firewall())) == 1
    other = {**rule("rate"), "statement": {"limit": 1}}
    assert [f.certain for f in delta(firewall(rule("rate")), firewall(other))] == [False]


def test_the_real_firewall_is_read():
    base = evaluated("prod")
    (acl,) = base.of(ACL)
    head = changed(base, acl.name, rules=acl.properties["rules"][1:])
    assert opened(base, head) == [f"the firewall {acl.name} no longer applies rate"]
