import pytest

from infra.firewall import Firewall, FirewallArgs
from infra.names import Names
from slipway.stack.program import record


@pytest.fixture(scope="module")
def graph():
    args = FirewallArgs(
        names=Names("dev", "", ""),
        load_balancer_arn="arn:aws:elasticloadbalancing:::loadbalancer/app/x/1",
        rate_limit=3000,
        key_arn="arn:aws:kms:::key/1",
        log_days=30,
    )
    return record(lambda: Firewall("dev-waf", args) and None)


@pytest.fixture(scope="module")
def rules(graph):
    (acl,) = graph.of("WebAcl")
    return {rule["name"]: rule for rule in acl.properties["rules"]}


def group(rule):
    return rule["statement"]["managedRuleGroupStatement"]


def test_amazons_rules_against_known_attacks_block(rules):
    for label, name in (
        ("common", "AWSManagedRulesCommonRuleSet"),
        ("known-bad", "AWSManagedRulesKnownBadInputsRuleSet"),
        ("reputation", "AWSManagedRulesAmazonIpReputationList"),
    ):
        assert group(rules[label])["name"] == name
        assert rules[label]["overrideAction"] == {"none": {}}


def test_long_bodies_and_unusual_texts_are_counted_and_let_through(rules):
    counted = {
        override["name"]: override["actionToUse"]
        for override in group(rules["common"])["ruleActionOverrides"]
    }
    assert counted["SizeRestrictions_BODY"] == {"count": {}}
    assert counted["CrossSiteScripting_BODY"] == {"count": {}}
    assert all(rule.endswith(("_BODY", "UserAgent_HEADER")) for rule in counted)
    assert not group(rules["known-bad"]).get("ruleActionOverrides")


def test_one_address_that_asks_too_often_is_told_so(rules):
    rate = rules["rate"]
    assert rate["action"] == {"block": {"customResponse": {"responseCode": 429}}}
    assert rate["statement"]["rateBasedStatement"] == {
        "aggregateKeyType": "IP",
        "limit": 3000,
        "evaluationWindowSec": 300,
    }


def test_priorities_are_unique_and_the_limit_comes_first(rules):
    priorities = [rule["priority"] for rule in rules.values()]
    assert len(set(priorities)) == len(priorities)
    assert min(rules.values(), key=lambda r: r["priority"])["name"] == "rate"


def test_its_metrics_are_called_as_nothing_else_is(graph, rules):
    (acl,) = graph.of("WebAcl")
    names = [each["visibilityConfig"]["metricName"] for each in (acl.properties, *rules.values())]
    assert names[0] == "slipway-dev", "two firewalls of an account are two"
    assert len(set(names)) == len(names)
    assert not {name.lower() for name in names} & {"all", "default_action"}, "WAF's own"


def test_it_stands_before_the_load_balancer(graph):
    (association,) = graph.of("WebAclAssociation")
    assert association.properties["resourceArn"].endswith("loadbalancer/app/x/1")
    assert graph.target(association.properties["webAclArn"]).name == "dev-waf-acl"


def test_what_it_blocks_is_logged_without_tokens_and_encrypted(graph):
    (logging,) = graph.of("WebAclLoggingConfiguration")
    (log,) = graph.of("LogGroup")
    assert log.properties["name"] == "aws-waf-logs-slipway-dev"
    assert log.properties["retentionInDays"] == 30
    assert log.properties["kmsKeyId"] == "arn:aws:kms:::key/1"
    (destination,) = logging.properties["logDestinationConfigs"]
    assert graph.target(destination).name == log.name
    assert logging.properties["redactedFields"] == [{"singleHeader": {"name": "authorization"}}]
    kept = logging.properties["loggingFilter"]
    assert kept["defaultBehavior"] == "DROP"
    assert kept["filters"][0]["conditions"] == [{"actionCondition": {"action": "BLOCK"}}]
