"""What a changed property means: every rule where it fires, and where it must not."""

import json

import pytest

from slipway.stack.review.outcome import Action
from slipway.stack.review.properties import _RULES, HIGH, LOW, MEDIUM, sentences
from slipway.stack.terraform.differences import HIDDEN, LATER
from tests.unit.stack.review.made import GROUP, ROLLOUT, outcome, resource

LOGS = "aws:cloudwatch/logGroup:LogGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
IMAGES = "aws:ecr/repository:Repository"
SERVICE = "aws:ecs/service:Service"
KEY = "aws:kms/key:Key"
LISTENER = "aws:lb/listener:Listener"
RULE = "aws:lb/listenerRule:ListenerRule"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TARGETS = "aws:lb/targetGroup:TargetGroup"
RECORD = "aws:route53/record:Record"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
VERSIONS = "aws:s3/bucketVersioning:BucketVersioning"
STATUS = "versioningConfiguration.status"

FIRES = [
    (GROUP, "maxSize", 12, 8, MEDIUM, "capacity is reduced: at most 8 instead of 12"),
    (GROUP, "minSize", 3, 2, MEDIUM, "capacity is reduced: at least 2 instead of 3"),
    (GROUP, "desiredCapacity", "3", 2, MEDIUM, "capacity is reduced: servers are 2 instead of 3"),
    (GROUP, "vpcZoneIdentifiers", ["a", "b"], ["a"], MEDIUM, "1 zone instead of 2"),
    (GROUP, "vpcZoneIdentifiers", ["a", "b"], LATER, HIGH, "servers move to other subnets"),
    (GROUP, "vpcZoneIdentifiers", ["a", "b"], ["a", "c"], HIGH, "servers move to other subnets"),
    (GROUP, "targetGroupArns", ["a"], ["b"], HIGH, "servers register with other target groups"),
    (GROUP, "healthCheckType", "EC2", "ELB", MEDIUM, "judged healthy by another check"),
    (LOGS, "retentionInDays", 365, 30, HIGH, "data is lost: logs older than 30 days"),
    (LOGS, "retentionInDays", 0, 30, HIGH, "data is lost: logs older than 30 days"),
    (LOGS, "retentionInDays", None, 30, HIGH, "data is lost: logs older than 30 days"),
    (ALARM, "threshold", 1, 2, MEDIUM, "when it goes off, changes"),
    (ALARM, "alarmActions[0]", "a", "b", MEDIUM, "others are told when it goes off"),
    (TEMPLATE, "userData", "a", "b", LOW, "those that run keep what they have"),
    (TEMPLATE, "imageId", "ami-1", "ami-2", LOW, "those that run keep what they have"),
    (TEMPLATE, "instanceType", "a", "b", LOW, "those that run keep what they have"),
    (TEMPLATE, "blockDeviceMappings[0].ebs.volumeSize", 1, 2, LOW, "those that run keep"),
    (ENDPOINT, "subnetIds", ["a"], ["b"], MEDIUM, "it leaves or joins a zone"),
    (ENDPOINT, "privateDnsEnabled", True, False, HIGH, "no longer go through it"),
    (IMAGES, "imageTagMutability", "IMMUTABLE", "MUTABLE", MEDIUM, "moved to another image"),
    (SERVICE, "taskDefinition", "a:1", LATER, MEDIUM, "its tasks are replaced"),
    (SERVICE, "desiredCount", 4, 3, MEDIUM, "capacity is reduced: tasks are 3 instead of 4"),
    (SERVICE, "loadBalancers[0].targetGroupArn", "a", "b", HIGH, "tasks register elsewhere"),
    (KEY, "enableKeyRotation", True, False, MEDIUM, "no longer rotated"),
    (KEY, "isEnabled", True, False, HIGH, "data is unreachable"),
    (KEY, "deletionWindowInDays", 30, 7, LOW, "only once the key is deleted"),
    (LISTENER, "sslPolicy", "new", "old", MEDIUM, "TLS versions are refused"),
    (LISTENER, "certificateArn", "a", "b", MEDIUM, "shown another certificate"),
    (LISTENER, "defaultActions[0].type", "forward", "redirect", MEDIUM, "answered otherwise"),
    (RULE, "conditions[0].pathPattern.values[0]", "/a", "/b", MEDIUM, "matches other requests"),
    (RULE, "actions[0].targetGroupArn", "a", "b", MEDIUM, "handled otherwise"),
    (BALANCER, "enableDeletionProtection", True, False, MEDIUM, "no longer refuses to delete"),
    (BALANCER, "idleTimeout", 600, 60, LOW, "longer than the new time"),
    (BALANCER, "subnets", ["a", "b"], ["a"], MEDIUM, "1 zone instead of 2"),
    (BALANCER, "subnets", ["a"], LATER, HIGH, "the load balancer moves to other subnets"),
    (BALANCER, "securityGroups", ["a"], ["b"], MEDIUM, "another firewall is in front of it"),
    (TARGETS, "healthCheck.path", "/a", "/b", MEDIUM, "if it is wrong, all of them are taken out"),
    (TARGETS, "deregistrationDelay", 300, 30, LOW, "another time to end"),
    (RECORD, "records[0]", "192.0.2.1", "192.0.2.2", HIGH, "the name leads elsewhere"),
    (RECORD, "aliases", [], LATER, HIGH, "the name leads elsewhere"),
    (RECORD, "type", "A", "AAAA", HIGH, "the name leads elsewhere"),
    (LIFECYCLE, "rules[0].expiration.days", 30, 7, MEDIUM, "deletes by itself"),
    (VERSIONS, STATUS, "Enabled", "Suspended", HIGH, "data can be lost"),
    (ROLLOUT, "desired", "{}", LATER, MEDIUM, "all servers are replaced"),
]
SILENT = [
    (GROUP, "maxSize", 8, 12),
    (GROUP, "maxSize", 8, LATER),
    (GROUP, "maxSize", None, 3),
    (GROUP, "maxSize", "some", 3),
    (GROUP, "maxSizeOfAll", 12, 8),
    (GROUP, "vpcZoneIdentifiers", ["a"], ["a", "b"]),
    (GROUP, "tags[0].value", "a", "b"),
    (LOGS, "retentionInDays", 30, 365),
    (LOGS, "retentionInDays", 30, 0),  # for ever
    (LOGS, "retentionInDays", 30, LATER),
    (ALARM, "alarmDescription", "a", "b"),
    (ALARM, "thresholdMetricId", "a", "b"),
    (ENDPOINT, "privateDnsEnabled", False, True),
    (IMAGES, "imageTagMutability", "MUTABLE", "IMMUTABLE"),
    (KEY, "enableKeyRotation", False, True),
    (KEY, "isEnabled", None, True),
    (BALANCER, "enableDeletionProtection", False, True),
    (VERSIONS, STATUS, "Suspended", "Enabled"),
    (VERSIONS, "versioningConfiguration.mfaDelete", "Enabled", "Disabled"),
    (ROLLOUT, "preferences", "{}", "[]"),
    ("aws:s3/bucket:Bucket", "maxSize", 2, 1),
]


def said(type_, *changed, properties=None):
    of = outcome(type_, "it", Action.UPDATED, *changed)
    return list(sentences(of, resource(type_, properties=properties)))


@pytest.mark.parametrize(("type_", "path", "before", "after", "grade", "text"), FIRES)
def test_a_rule_says_what_a_change_means_and_how_grave_it_is(
    type_, path, before, after, grade, text
):
    ((found, sentence),) = said(type_, (path, before, after))
    assert found == grade
    assert text in sentence


@pytest.mark.parametrize(("type_", "path", "before", "after"), SILENT)
def test_a_rule_says_nothing_of_what_it_is_not_about(type_, path, before, after):
    assert said(type_, (path, before, after)) == []


def test_every_rule_is_in_the_table_above():
    told = {(type_, path.split("[")[0]) for type_, path, *_ in FIRES}
    alike = {"comparisonOperator", "evaluationPeriods", "datapointsToAlarm", "period",
             "treatMissingData", "metricName", "statistic", "extendedStatistic"}  # fmt: skip
    rules = {(type_, prefix) for type_, found in _RULES.items() for prefix in found}
    rules -= {(ALARM, name) for name in alike}
    assert rules == {
        next(r for r in rules if t == r[0] and (p == r[1] or p.startswith(f"{r[1]}.")))
        for t, p in told
    }


def test_each_sentence_is_said_once_with_its_gravest_grade():
    found = said(ALARM, ("threshold", 1, 2), ("period", 60, 300), ("alarmActions", [], ["a"]))
    assert [grade for grade, _ in found] == [MEDIUM, MEDIUM]
    assert len({sentence for _, sentence in found}) == 2


@pytest.mark.parametrize(
    ("option", "after", "text"),
    [
        ("protect", False, "no longer protected"),
        ("retainOnDelete", False, "no longer be kept"),
    ],
)
def test_options_of_pulumi_that_guarded_it_are_missed(option, after, text):
    ((grade, sentence),) = said(GROUP, (f"option {option}", not after, after))
    assert grade == MEDIUM
    assert text in sentence
    assert said(GROUP, (f"option {option}", after, not after)) == []


def test_ignoring_changes_from_now_on_says_nothing_more():
    assert said(GROUP, ("option ignoreChanges", [], ["tags"])) == []


def test_a_secret_is_no_number():
    assert said(GROUP, ("maxSize", HIDDEN, HIDDEN)) == []


def test_a_rollout_tells_how_it_goes():
    preferences = json.dumps({"MinHealthyPercentage": 90, "CheckpointPercentages": [25, 100]})
    ((_, sentence),) = said(
        ROLLOUT, ("desired", "{}", LATER), properties={"preferences": preferences}
    )
    assert "at least 90 % of them healthy, with pauses at 25 %, 100 %" in sentence


@pytest.mark.parametrize("preferences", [None, "@group.arn@", "[1]", "secret-01234567", 7])
def test_a_rollout_whose_preferences_are_not_known_is_still_one(preferences):
    properties = {"preferences": preferences}
    ((_, sentence),) = said(ROLLOUT, ("desired", "{}", "[]"), properties=properties)
    assert sentence == "all servers are replaced, some at a time"
