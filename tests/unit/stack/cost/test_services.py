"""What storage, keys, names, messages and watching cost, against sums done by hand."""

import pytest

from slipway.stack.cost import Range, Usage, estimate
from tests.stacks import evaluated
from tests.unit.stack.cost.graphs import changed, graph, group, resource, template

NOTHING = Usage(
    bucket_gb=Range.of(100),
    bucket_writes=Range.of(1000),
    bucket_reads=Range.of(0),
    log_gb=Range.of(10),
    kms_requests=Range.of(0),
    dns_queries=Range.of(0),
    notifications=Range.of(100_000),
    image_gb=Range.of(20),
    insights_metrics=Range.of(100),
)
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
LOGS = "aws:cloudwatch/logGroup:LogGroup"


def query(period=60):
    return {"id": "a", "metric": {"metricName": "A", "period": period}}


def cost(*resources):
    return estimate(graph(*resources), NOTHING).total


@pytest.mark.parametrize(
    ("priced", "usd"),
    [
        (resource("aws:s3/bucket:Bucket"), "2.31"),  # 100 * 0.023 + 1 * 0.005
        (resource("aws:kms/key:Key"), "1"),
        (resource("aws:ecr/repository:Repository"), "2"),
        (resource("aws:ssm/parameter:Parameter"), "0"),
        (resource("aws:ssm/parameter:Parameter", tier="Advanced"), "0.05"),
        (resource("aws:secretsmanager/secret:Secret"), "0.40"),
        (resource("aws:route53/zone:Zone"), "0.50"),
        (resource("aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"), "0.50"),
        (resource("aws:servicediscovery/instance:Instance"), "0.10"),
        (resource("aws:sns/topicSubscription:TopicSubscription", protocol="email"), "2"),
        (resource("aws:sns/topic:Topic"), "0.05"),
        (resource("aws:acm/certificate:Certificate"), "0"),
        (resource("aws:cloudwatch/dashboard:Dashboard"), "3"),
        (resource(ALARM, metricName="A", period=60), "0.10"),
        (resource(ALARM, metricName="A", period=10), "0.30"),
        (resource(ALARM, metricQueries=[query(), query(), {"expression": "a / b"}]), "0.20"),
        (resource("aws:autoscaling/policy:Policy", policyType="TargetTrackingScaling"), "0.20"),
        (resource("aws:autoscaling/policy:Policy", policyType="StepScaling"), "0"),
        (resource(LOGS, retentionInDays=365), "5.54"),  # 5 + 10 * 12 * 0.15 * 0.03
        (resource(LOGS), "5.54"),  # kept for ever: as after a year
        (resource("aws:ec2/flowLog:FlowLog"), "0"),
        (resource("aws:ecs/cluster:Cluster"), "0"),
        (
            resource(
                "aws:ecs/cluster:Cluster",
                settings=[{"name": "containerInsights", "value": "enhanced"}],
            ),
            "7",
        ),
        (resource("aws:ecs/service:Service", launchType="EC2"), "0"),
    ],
)
def test_the_price_is_the_one_that_was_computed_by_hand(priced, usd):
    assert cost(priced) == Range.of(usd)


def test_a_rotated_key_costs_up_to_three_times_as_much():
    assert cost(resource("aws:kms/key:Key", enableKeyRotation=True)) == Range.of(1, 3)


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (resource("aws:sns/topicSubscription:TopicSubscription", protocol="sms"), "by sms"),
        (resource("aws:ec2/flowLog:FlowLog", logDestinationType="s3"), "flow logs"),
        (resource("aws:ecs/service:Service", launchType="FARGATE"), "Fargate"),
        (resource("aws:acm/certificate:Certificate", certificateAuthorityArn="arn"), "private"),
        (resource("aws:ec2/launchTemplate:LaunchTemplate", userData="IyE="), "metrics"),
    ],
)
def test_what_has_no_price_is_named_with_the_reason(odd, why):
    found = estimate(graph(odd))
    assert why in found.unpriced[0].why
    assert found.lines == ()


def test_servers_register_themselves_where_the_stack_registers_nothing():
    service = resource("aws:servicediscovery/service:Service", "found")
    alone = estimate(graph(service, group(most=3), template()))
    assert alone.of(service.urn) == Range.of("0.10", "0.30")
    balancer = resource("aws:servicediscovery/instance:Instance", "balancer")
    behind = estimate(graph(service, group(most=3), template(), balancer))
    assert behind.of(service.urn) == Range.of(0)


def test_metrics_are_those_of_the_agent_s_own_configuration():
    found = evaluated("prod")
    (launched,) = found.of("aws:ec2/launchTemplate:LaunchTemplate")
    (line,) = estimate(found, Usage(models=Range.of(2, 4))).lines_of(launched.urn)
    # A server: CPU, memory, two disks, four of the GPU. A model: five of Triton. The environment:
    # the host's seven again, seven of Triton, five of the node.
    assert line.charged == (
        "custom metrics: 8 of each server, 5 of each model, 19 of the environment"
    )
    # (3 * 8 + 2 * 5 + 19) * 0.3 to (12 * 8 + 4 * 5 + 19) * 0.3
    assert line.cost == Range.of("15.90", "40.50")


def test_each_gpu_has_metrics_of_its_own():
    found = changed(
        evaluated("prod"), "aws:ec2/launchTemplate:LaunchTemplate", instanceType="g6.12xlarge"
    )
    (launched,) = found.of("aws:ec2/launchTemplate:LaunchTemplate")
    assert "20 of each server" in estimate(found).lines_of(launched.urn)[0].charged


def test_servers_that_are_asleep_publish_nothing():
    awake = evaluated("dev")
    (launched,) = awake.of("aws:ec2/launchTemplate:LaunchTemplate")
    never = changed(awake, "aws:autoscaling/schedule:Schedule", minSize=0, maxSize=0)
    assert estimate(never).of(launched.urn).high == 0
    assert estimate(awake).of(launched.urn).low > 0
