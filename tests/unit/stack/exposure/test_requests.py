"""Which requests a listener sends on, and what it asks of clients first."""

from slipway.stack.exposure import Kind, Severity, delta
from tests.stacks import evaluated
from tests.unit.stack.exposure.graphs import changed, closed, graph, opened, resource, without

SEND = {"type": "forward", "targetGroupArn": "@group.arn@"}
JWT = {"type": "jwt-validation", "jwtValidation": {"issuer": "https://login.example.com/"}}
REFUSE = {"type": "fixed-response", "fixedResponse": {"statusCode": "404"}}


def rule(name, *actions, paths=("/v2/*",), method="GET", **condition):
    conditions = [{"pathPattern": {"values": list(paths)}}]
    conditions += [{"httpRequestMethod": {"values": [method]}}]
    conditions += [condition] if condition else []
    return resource(
        "ListenerRule",
        name,
        listenerArn="@listener.arn@",
        actions=list(actions),
        conditions=conditions,
    )


def listener(*rules, last=REFUSE, **properties):
    return graph(
        resource("Balancer", "lb", internal=True),
        resource("aws:lb/targetGroup:TargetGroup", "group", protocol="HTTP"),
        resource(
            "Listener",
            "listener",
            loadBalancerArn="@lb.arn@",
            port=443,
            protocol="HTTPS",
            defaultActions=[last],
            **properties,
        ),
        *rules,
    )


def test_a_token_that_is_no_longer_asked_for_is_grave():
    base, head = listener(rule("r", JWT, SEND)), listener(rule("r", SEND))
    (finding,) = delta(base, head)
    assert finding.said == (
        "the listener listener no longer asks for JWT before it sends on GET /v2/*"
    )
    assert (finding.kind, finding.severity) == (Kind.PUBLIC, Severity.HIGH)
    assert closed(head, base) == [
        "the listener listener now asks for JWT before it sends on GET /v2/*"
    ]


def test_a_path_that_no_rule_had_is_said_and_one_that_a_pattern_covers_is_not():
    base = listener(rule("r", SEND))
    assert delta(base, listener(rule("r", SEND), rule("s", SEND, paths=["/v2/models/*"]))) == ()
    head = listener(rule("r", SEND), rule("s", SEND, paths=["/admin"], method="POST"))
    assert opened(base, head) == [
        "the listener listener now sends on POST /admin, asking for nothing"
    ]
    assert closed(head, base) == [
        "the listener listener no longer sends on POST /admin, asking for nothing"
    ]


def test_a_rule_by_another_name_is_no_change_and_a_condition_less_is_wider():
    base = listener(rule("r", SEND, hostHeader={"values": ["a.example.com"]}))
    assert delta(base, listener(rule("s", SEND, hostHeader={"values": ["a.example.com"]}))) == ()
    assert len(opened(base, listener(rule("r", SEND)))) == 1
    assert opened(listener(rule("r", SEND)), base) == []


def test_a_refusal_that_is_gone_is_said_though_the_last_action_refuses_too():
    refusal = rule("no", REFUSE, paths=["/v2/models/*/*"])
    base, head = listener(refusal, rule("r", SEND)), listener(rule("r", SEND))
    assert opened(base, head) == ["the listener listener no longer refuses GET /v2/models/*/*"]
    assert closed(head, base) == ["the listener listener now refuses GET /v2/models/*/*"]


def test_a_listener_that_sends_on_by_default_sends_on_everything():
    said = opened(listener(), listener(last=SEND))
    assert "the listener listener now sends on every path, asking for nothing" in said
    assert "the listener listener no longer refuses every path" in said


def test_certificates_that_are_no_longer_verified_are_said():
    base = listener(mutualAuthentication={"mode": "verify", "trustStoreArn": "arn:a"})
    head = changed(base, "listener", mutualAuthentication={"mode": "passthrough"})
    assert opened(base, head) == [
        "the listener listener no longer verifies the certificates of clients"
    ]
    assert closed(head, base) == ["the listener listener now verifies the certificates of clients"]


def test_another_issuer_or_trust_store_is_not_compared():
    other = {**JWT, "jwtValidation": {"issuer": "https://other.example.com/"}}
    (finding,) = delta(listener(rule("r", JWT, SEND)), listener(rule("r", other, SEND)))
    assert not finding.certain
    base = listener(mutualAuthentication={"mode": "verify", "trustStoreArn": "arn:a"})
    head = listener(mutualAuthentication={"mode": "verify", "trustStoreArn": "arn:b"})
    assert [f.certain for f in delta(base, head)] == [False]


def test_the_refusals_of_the_real_listener_are_found():
    base = evaluated("prod")
    assert opened(base, without(base, "prod-public-alb-no-more")) == [
        "the listener prod-public-alb-https no longer refuses GET /v2/models/*/*"
    ]
