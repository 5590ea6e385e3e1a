"""The alerts' topic: encrypted, open to exactly two services of this account, and a budget."""

import json
from dataclasses import replace

import pytest

from infra.alerts import Alerts, AlertsArgs
from infra.names import Names
from infra.place import Place
from infra.settings import ObservabilitySettings
from slipway.stack.graph import Graph
from slipway.stack.program import record

SETTINGS = ObservabilitySettings(
    log_days=30,
    alarm_emails=("a@example.com", "b@example.com"),
    p99_milliseconds=500,
    queue_milliseconds=100,
    error_percent=2,
    gpu_memory_percent=90,
    budget_usd=900,
)
PLACE = Place("eu-central-1", "123456789012", "aws", ("eu-central-1a",))
KEY = "arn:aws:kms:eu-central-1:123456789012:key/k"


def alerts(settings: ObservabilitySettings = SETTINGS, place: Place = PLACE) -> Graph:
    args = AlertsArgs(settings, Names("prod", "team", "42"), place, KEY)

    def program() -> None:
        Alerts("prod-alerts", args)

    return record(program, stack="prod")


@pytest.fixture(scope="module")
def graph() -> Graph:
    return alerts()


@pytest.fixture(scope="module")
def statements(graph) -> dict[str, dict]:
    (policy,) = graph.of("TopicPolicy")
    return {s["Sid"]: s for s in json.loads(policy.properties["policy"])["Statement"]}


def test_the_topic_is_encrypted_with_the_environments_key(graph):
    (topic,) = graph.of("Topic")
    assert topic.properties["kmsMasterKeyId"] == KEY
    assert topic.properties["signatureVersion"] == 2


def test_only_alarms_and_budgets_of_this_account_may_publish(statements):
    allowed = {sid: s for sid, s in statements.items() if s["Effect"] == "Allow"}
    assert {s["Principal"]["Service"] for s in allowed.values()} == {
        "cloudwatch.amazonaws.com",
        "budgets.amazonaws.com",
    }
    for statement in allowed.values():
        assert statement["Action"] == ["sns:Publish"]
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
    assert statements["Alarms"]["Condition"]["ArnLike"] == {
        "aws:SourceArn": "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:*"
    }
    assert statements["Budgets"]["Condition"]["ArnLike"] == {
        "aws:SourceArn": "arn:aws:budgets::123456789012:*"
    }


def test_every_statement_is_about_the_topic_and_nothing_else(graph, statements):
    for statement in statements.values():
        (resource,) = statement["Resource"]
        assert graph.target(resource).type == "aws:sns/topic:Topic"


def test_what_comes_without_tls_is_refused_from_anybody(statements):
    refusal = statements["EncryptedTransportOnly"]
    assert refusal["Effect"] == "Deny"
    assert refusal["Principal"] == "*"
    assert refusal["Action"] == ["sns:Publish", "sns:Subscribe"]
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_another_partition_has_its_own_arns():
    graph = alerts(place=replace(PLACE, partition="aws-cn", region="cn-north-1"))
    (policy,) = graph.of("TopicPolicy")
    assert "arn:aws-cn:cloudwatch:cn-north-1:" in policy.properties["policy"]
    assert "arn:aws:" not in policy.properties["policy"]


def test_each_address_is_subscribed_once(graph):
    subscribed = graph.of("TopicSubscription")
    assert [s.properties["endpoint"] for s in subscribed] == ["a@example.com", "b@example.com"]
    assert {s.properties["protocol"] for s in subscribed} == {"email"}
    assert all(graph.target(s.properties["topic"]).name == "prod-alerts-topic" for s in subscribed)


def test_the_budget_counts_this_environment_alone_and_warns_before_it_is_spent(graph):
    (budget,) = graph.of("Budget")
    assert budget.properties["limitAmount"] == "900"
    assert budget.properties["budgetType"] == "COST"
    assert {n["comparisonOperator"] for n in budget.properties["notifications"]} == {"GREATER_THAN"}
    assert (budget.properties["timeUnit"], budget.properties["limitUnit"]) == ("MONTHLY", "USD")
    assert budget.properties["costFilters"] == [
        {"name": "TagKeyValue", "values": ["user:Stack$slipway-prod"]}
    ]
    warnings = {
        (n["notificationType"], n["threshold"], n["thresholdType"])
        for n in budget.properties["notifications"]
    }
    assert warnings == {("ACTUAL", 80, "PERCENTAGE"), ("FORECASTED", 100, "PERCENTAGE")}
    for notification in budget.properties["notifications"]:
        (topic,) = notification["subscriberSnsTopicArns"]
        assert graph.target(topic).name == "prod-alerts-topic"


def test_the_budget_waits_until_it_may_publish(graph):
    (budget,) = graph.of("Budget")
    (policy,) = graph.of("TopicPolicy")
    assert policy.urn in budget.depends_on


def test_zero_means_no_budget():
    graph = alerts(replace(SETTINGS, budget_usd=0))
    assert not graph.of("Budget")
    assert graph.of("Topic")


def test_nobody_to_mail_still_leaves_a_topic_to_subscribe_to():
    graph = alerts(replace(SETTINGS, alarm_emails=()))
    assert not graph.of("TopicSubscription")
    assert graph.of("TopicPolicy")


def test_everything_belongs_to_the_component(graph):
    (component,) = graph.of("slipway:infra:Alerts")
    children = [r for r in graph.resources if r.custom and r.type.startswith("aws:")]
    assert {r.parent for r in children} == {component.urn}
