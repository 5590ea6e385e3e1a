"""Connections: whether they are encrypted, and how strongly."""

import pytest

from slipway.stack.exposure import Severity, delta
from slipway.stack.exposure.tls import strength
from tests.unit.stack.exposure.graphs import changed, closed, graph, opened, resource

STRONG = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"


def listener(**properties):
    return graph(
        resource("Balancer", "lb", internal=True),
        resource("Listener", "listener", loadBalancerArn="@lb.arn@", port=443, **properties),
    )


def test_a_listener_that_is_no_longer_encrypted_is_grave():
    base, head = listener(protocol="HTTPS", sslPolicy=STRONG), listener(protocol="HTTP")
    (finding,) = delta(base, head)
    assert finding.said == "the listener listener is no longer encrypted in transit"
    assert finding.severity == Severity.HIGH
    assert closed(head, base) == ["the listener listener is now encrypted in transit"]


def test_a_listener_that_only_sends_to_https_counts_as_encrypted():
    to_https = [{"type": "redirect", "redirect": {"protocol": "HTTPS"}}]
    base = listener(protocol="HTTPS")
    assert delta(base, listener(protocol="HTTP", defaultActions=to_https)) == ()


def test_a_weaker_policy_is_wider_and_a_stronger_one_narrower():
    base = listener(protocol="TLS", sslPolicy=STRONG)
    head = changed(base, "listener", sslPolicy="ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06")
    (finding,) = delta(base, head)
    assert "accepts weaker TLS" in finding.said
    assert finding.severity == Severity.LOW
    (said,) = closed(head, base)
    assert "accepts only stronger TLS" in said


def test_no_policy_is_the_default_which_is_old():
    base = listener(protocol="TLS", sslPolicy=STRONG)
    (finding,) = delta(base, changed(base, "listener", sslPolicy=None))
    assert finding.severity == Severity.MEDIUM
    assert "ELBSecurityPolicy-2016-08 instead of" in finding.said


def test_a_policy_of_an_unknown_name_is_not_compared():
    base = listener(protocol="TLS", sslPolicy=STRONG)
    assert [f.certain for f in delta(base, changed(base, "listener", sslPolicy="Mine"))] == [False]


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ("ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS-1-1-2017-01"),
        ("ELBSecurityPolicy-TLS13-1-0-2021-06", "ELBSecurityPolicy-FS-1-1-2019-08"),
        ("ELBSecurityPolicy-FS-1-2-2019-08", "ELBSecurityPolicy-FS-1-2-Res-2020-10"),
        ("ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06", "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06"),
        ("ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", "ELBSecurityPolicy-TLS13-1-2-2021-06"),
        (STRONG, "ELBSecurityPolicy-TLS13-1-3-2021-06"),
    ],
)
def test_policies_are_ordered_by_version_and_then_by_ciphers(weaker, stronger):
    assert strength(weaker) < strength(stronger)
    assert strength(STRONG) == strength("ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09")
    assert strength("Mine") is None


def test_a_new_listener_that_takes_what_is_not_encrypted_is_said():
    bare = graph(resource("Balancer", "lb", internal=True))
    said = opened(bare, listener(protocol="HTTP", defaultActions=[{"type": "forward"}]))
    assert "the new listener listener takes requests that are not encrypted" in said


def test_what_goes_to_the_servers_is_looked_at_too():
    base = graph(resource("aws:lb/targetGroup:TargetGroup", "group", protocol="HTTPS"))
    assert opened(base, changed(base, "group", protocol="HTTP")) == [
        "what goes to the target group group is no longer encrypted in transit"
    ]
