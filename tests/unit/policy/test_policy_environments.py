"""The rules over the stack itself: three environments, three shapes."""

from dataclasses import replace

import pytest

from policy.rules.catalogue import ALL
from policy.rules.model import Rule, Stack
from policy.rules.offline import check_graph, stack_of
from tests.stacks import ENVIRONMENTS, SHAPES, evaluated

ABSENT = {"no-long-lived-credential", "queue-encrypted"}
"""Rules about what no environment has; they are there for whoever adds it."""


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_rule_is_broken(environment, shape):
    found = check_graph(evaluated(environment, shape))
    assert [f"{v.urn.rpartition('::')[2]} {v.message} ({v.rule})" for v in found] == []


def test_every_rule_about_single_resources_meets_some():
    stacks = [stack_of(evaluated("prod", shape)) for shape in SHAPES]
    met = {
        rule.name
        for rule in ALL
        if isinstance(rule, Rule)
        for stack in stacks
        if any(rule.applies(resource) for resource in stack.resources)
    }
    assert {rule.name for rule in ALL if isinstance(rule, Rule)} - met == ABSENT


@pytest.mark.parametrize(
    ("gone", "rules"),
    [
        ("BucketPublicAccessBlock", {"bucket-private"}),
        ("BucketPolicy", {"bucket-tls-only"}),
        ("BucketVersioning", {"bucket-versioned"}),
        ("BucketServerSideEncryptionConfiguration", {"bucket-encrypted"}),
        ("DefaultSecurityGroup", {"default-security-group-empty"}),
        ("MetricAlarm", {"servers-watched"}),
        ("TopicSubscription", {"alarm-heard"}),
    ],
)
def test_what_is_taken_away_from_prod_is_missed(gone, rules):
    graph = evaluated("prod", "cluster")
    kept = [r for r in graph.resources if r.type.rpartition(":")[2] != gone]
    found = check_graph(replace(graph, resources=tuple(kept)))
    assert rules <= {violation.rule for violation in found}


@pytest.mark.parametrize(
    ("kind", "change", "rule"),
    [
        ("LaunchTemplate", {"metadataOptions": {"httpTokens": "optional"}}, "metadata-v2"),
        ("LaunchTemplate", {"metadataOptions": {}}, "metadata-hop-limit"),
        ("LaunchTemplate", {"userData": "docker run nvcr.io/a/b:1"}, "container-image-pinned"),
        ("LifecycleHook", {"heartbeatTimeout": 30}, "launch-time"),
        ("Group", {"instanceRefresh": {"strategy": "Rolling"}}, "rollout-of-groups"),
        ("Rollout", {"preferences": "{}"}, "rollout-rolls-back"),
        ("Group", {"capacityRebalance": False}, "spot-interruptions"),
        ("Group", {"tags": []}, "group-tags"),
        ("TargetGroup", {"deregistrationDelay": 300}, "drain-time"),
        ("TargetGroup", {"healthCheck": {"path": "/v2/health/ready"}}, "readiness-checked"),
        ("SecurityGroupIngressRule", {"cidrIpv4": "0.0.0.0/0"}, "no-open-port"),
        ("LogGroup", {"retentionInDays": 0}, "log-retention"),
    ],
)
def test_what_is_changed_in_prod_for_the_worse_is_found(kind, change, rule):
    stack = stack_of(evaluated("prod", "cluster"))
    changed = [
        replace(r, properties={**r.properties, **change})
        if r.type.rpartition(":")[2] == kind
        else r
        for r in stack.resources
    ]
    (judge,) = (each for each in ALL if each.name == rule)
    assert list(judge.violations(Stack(tuple(changed))))


def test_a_route_that_refused_what_a_later_one_would_let_through_is_missed():
    graph = evaluated("prod", "cluster")
    (refusing,) = (r for r in graph.of("ListenerRule") if r.properties["priority"] == 130)
    assert refusing.properties["actions"][0]["type"] == "fixed-response"
    kept = tuple(r for r in graph.resources if r is not refusing)
    (found,) = check_graph(replace(graph, resources=kept))
    assert found.rule == "management-not-routed"
    assert "/v2/models/m/config" in found.message


def test_prod_has_spot_on_top_of_a_base_so_that_the_rules_about_both_are_tried():
    (group,) = evaluated("prod", "cluster").of("aws:autoscaling/group:Group")
    spread = group.properties["mixedInstancesPolicy"]["instancesDistribution"]
    assert spread["onDemandBaseCapacity"] >= 1
    assert spread["onDemandPercentageAboveBaseCapacity"] < 100
