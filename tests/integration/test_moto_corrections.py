"""Every correction of moto is still needed, and mends what it says.

A case that fails because moto answers rightly without the correction says that it can go: from
tests/moto_corrections.py, and its cases from here.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests import moto_corrections as corrections
from tests.aws_servers import REGION, as_of_aws

ACCOUNT = "123456789012"
BUDGET = {
    "BudgetName": "monthly",
    "BudgetLimit": {"Amount": "100", "Unit": "USD"},
    "TimeUnit": "MONTHLY",
    "BudgetType": "COST",
}
NOTIFICATION = {
    "NotificationType": "ACTUAL",
    "ComparisonOperator": "GREATER_THAN",
    "Threshold": 80.0,
    "ThresholdType": "PERCENTAGE",
}
SUBSCRIBER = {"SubscriptionType": "EMAIL", "Address": "somebody@example.com"}
KEY_FORMAT = {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}


def client(service: str) -> Any:
    return boto3.Session(region_name=REGION).client(service)


def group(**arguments: Any) -> dict[str, Any]:
    """A new auto scaling group of several types, as it describes itself."""
    client("ec2").create_launch_template(
        LaunchTemplateName="servers", LaunchTemplateData={"ImageId": "ami-12345678"}
    )
    template = {
        "LaunchTemplateSpecification": {"LaunchTemplateName": "servers", "Version": "1"},
        "Overrides": [{"InstanceType": "g5.xlarge"}, {"InstanceType": "g6.xlarge"}],
    }
    autoscaling = client("autoscaling")
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="servers",
        MixedInstancesPolicy={"LaunchTemplate": template},
        AvailabilityZones=[f"{REGION}a"],
        MinSize=0,
        MaxSize=1,
        **arguments,
    )
    (found,) = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    return found


def targets_of_a_hook():
    group()
    autoscaling = client("autoscaling")
    autoscaling.put_lifecycle_hook(
        AutoScalingGroupName="servers",
        LifecycleHookName="ready",
        LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
    )
    found = autoscaling.describe_lifecycle_hooks(AutoScalingGroupName="servers")
    (hook,) = found["LifecycleHooks"]
    return {"RoleARN", "NotificationTargetARN"} & hook.keys()


def a_scaling_policy():
    group()
    autoscaling = client("autoscaling")
    autoscaling.put_scaling_policy(
        AutoScalingGroupName="servers",
        PolicyName="processors",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": 50,
        },
    )
    (policy,) = autoscaling.describe_policies()["ScalingPolicies"]
    return policy.get("Enabled"), policy.get("PredictiveScalingConfiguration")


def settings_of_a_group():
    made = group(
        DefaultInstanceWarmup=120,
        InstanceMaintenancePolicy={"MinHealthyPercentage": 90, "MaxHealthyPercentage": 120},
        ServiceLinkedRoleARN="arn:aws:iam::123456789012:role/of-our-own",
    )
    return (
        made.get("DefaultInstanceWarmup"),
        made.get("InstanceMaintenancePolicy", {}).get("MinHealthyPercentage"),
        made["ServiceLinkedRoleARN"].rpartition("/")[2],
    )


def types_of_a_group_that_grew():
    group()
    autoscaling = client("autoscaling")
    autoscaling.update_auto_scaling_group(AutoScalingGroupName="servers", MaxSize=2)
    (grown,) = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    if "MixedInstancesPolicy" not in grown:
        return None
    overrides = grown["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    return [override["InstanceType"] for override in overrides]


def tagged_types_of_a_template():
    ec2 = client("ec2")
    tags = [{"Key": "Name", "Value": "servers"}]
    ec2.create_launch_template(
        LaunchTemplateName="servers",
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags}],
        LaunchTemplateData={"TagSpecifications": [{"ResourceType": "instance", "Tags": tags}]},
    )
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateName="servers")[
        "LaunchTemplateVersions"
    ]
    return [each["ResourceType"] for each in version["LaunchTemplateData"]["TagSpecifications"]]


def state_of_a_new_load_balancer():
    ec2 = client("ec2")
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
    made = client("elbv2").create_load_balancer(Name="edge", Subnets=subnets)
    return made["LoadBalancers"][0]["State"]["Code"]


def whether_all_zones_begin_with_z():
    route53 = client("route53")
    made = [
        route53.create_hosted_zone(Name=f"{number}.example.com", CallerReference=str(number))
        for number in range(10)
    ]
    return all(zone["HostedZone"]["Id"].startswith("/hostedzone/Z") for zone in made)


def bucket_with_access_logs(*, resource: Any, others: list[dict[str, Any]], **settings: Any):
    """A bucket whose access logs go to itself, which its policy allows."""
    s3 = client("s3")
    s3.create_bucket(Bucket="logged", CreateBucketConfiguration={"LocationConstraint": REGION})
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": ["s3:PutObject"],
        "Resource": resource,
    }
    policy = {"Version": "2012-10-17", "Statement": [*others, allowed]}
    s3.put_bucket_policy(Bucket="logged", Policy=json.dumps(policy))
    target = {"TargetBucket": "logged", "TargetPrefix": "s3/", **settings}
    s3.put_bucket_logging(Bucket="logged", BucketLoggingStatus={"LoggingEnabled": target})
    return s3.get_bucket_logging(Bucket="logged")["LoggingEnabled"]


def access_logs_beside_a_rule_for_everybody():
    everybody = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::logged/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    resource = "arn:aws:s3:::logged/s3/*"
    return bucket_with_access_logs(resource=resource, others=[everybody])["TargetPrefix"]


def access_logs_for_a_list_of_resources():
    resource = ["arn:aws:s3:::logged/s3/*"]
    return bucket_with_access_logs(resource=resource, others=[])["TargetPrefix"]


def key_format_of_access_logs():
    return bucket_with_access_logs(
        resource="arn:aws:s3:::logged/s3/*", others=[], TargetObjectKeyFormat=KEY_FORMAT
    ).get("TargetObjectKeyFormat")


def budget() -> Any:
    budgets = client("budgets")
    budgets.create_budget(
        AccountId=ACCOUNT,
        Budget=BUDGET,
        NotificationsWithSubscribers=[{"Notification": NOTIFICATION, "Subscribers": [SUBSCRIBER]}],
        ResourceTags=[{"Key": "Owner", "Value": "somebody"}],
    )
    return budgets


def tags_of_a_budget():
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/monthly"
    return budget().list_tags_for_resource(ResourceARN=arn)["ResourceTags"]


def subscribers_of_a_budget():
    return budget().describe_subscribers_for_notification(
        AccountId=ACCOUNT, BudgetName="monthly", Notification=NOTIFICATION
    )["Subscribers"]


def cluster_with_a_task(**memory: int) -> Any:
    ecs = client("ecs")
    ecs.create_cluster(clusterName="servers")
    ecs.register_task_definition(
        family="server",
        requiresCompatibilities=["EC2"],
        containerDefinitions=[{"name": "server", "image": "server", **memory}],
    )
    return ecs


def memory_that_a_task_reserves():
    ecs = cluster_with_a_task(memoryReservation=512)
    task = ecs.describe_task_definition(taskDefinition="server")["taskDefinition"]
    return task["containerDefinitions"][0]["memoryReservation"]


def settings_of_a_service():
    ecs = cluster_with_a_task(memory=512)
    ecs.create_service(
        cluster="servers",
        serviceName="server",
        taskDefinition="server",
        desiredCount=1,
        capacityProviderStrategy=[{"capacityProvider": "servers", "weight": 1}],
        placementConstraints=[{"type": "distinctInstance"}],
        healthCheckGracePeriodSeconds=60,
    )
    (service,) = ecs.describe_services(cluster="servers", services=["server"])["services"]
    return {
        name: service.get(name)
        for name in (
            "launchType",
            "networkConfiguration",
            "capacityProviderStrategy",
            "placementConstraints",
            "healthCheckGracePeriodSeconds",
        )
    }


def tags_of_a_scalable_target():
    ecs = cluster_with_a_task(memory=512)
    ecs.create_service(
        cluster="servers", serviceName="server", taskDefinition="server", desiredCount=1
    )
    scaling = client("application-autoscaling")
    target = scaling.register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/servers/server",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=2,
        Tags={"Owner": "somebody"},
    )
    return scaling.list_tags_for_resource(ResourceARN=target["ScalableTargetARN"])["Tags"]


def signature_version_of_a_topic():
    sns = client("sns")
    topic = sns.create_topic(Name="alerts", Attributes={"SignatureVersion": "2"})["TopicArn"]
    return sns.get_topic_attributes(TopicArn=topic)["Attributes"].get("SignatureVersion")


def description_of_a_rule_for_a_group():
    ec2 = client("ec2")
    made = ec2.create_security_group(GroupName="servers", Description="servers")["GroupId"]
    described = {"GroupId": made, "Description": "HTTP requests"}
    port = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [described]}
    ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[port])
    only = [{"Name": "group-id", "Values": [made]}]
    rules = ec2.describe_security_group_rules(Filters=only)["SecurityGroupRules"]
    (rule,) = [rule for rule in rules if not rule["IsEgress"]]
    return rule.get("Description")


@dataclass(frozen=True)
class Case:
    """`ask` gets the answer `plain` (or fails so) from moto, and `mended` with the correction."""

    correction: Callable[[pytest.MonkeyPatch], None]
    ask: Callable[[], Any]
    plain: Any
    mended: Any


CASES = (
    Case(
        corrections.hooks_notify_nobody,
        targets_of_a_hook,
        plain={"RoleARN", "NotificationTargetARN"},
        mended=set(),
    ),
    Case(
        corrections.scaling_policies_are_enabled,
        a_scaling_policy,
        plain=(None, {}),
        mended=(True, None),
    ),
    Case(
        corrections.groups_keep_their_mixed_instances,
        types_of_a_group_that_grew,
        plain=None,
        mended=["g5.xlarge", "g6.xlarge"],
    ),
    Case(
        corrections.groups_keep_what_they_are_given,
        settings_of_a_group,
        plain=(None, None, "AWSServiceRoleForAutoScaling"),
        mended=(120, 90, "of-our-own"),
    ),
    Case(
        corrections.template_tags_are_no_template_data,
        tagged_types_of_a_template,
        plain=["instance", "launch-template"],
        mended=["instance"],
    ),
    Case(
        corrections.load_balancers_are_active_at_once,
        state_of_a_new_load_balancer,
        plain="provisioning",
        mended="active",
    ),
    Case(
        corrections.zones_begin_with_z,
        whether_all_zones_begin_with_z,
        plain=False,
        mended=True,
    ),
    Case(
        corrections.access_logs_read_every_policy,
        access_logs_beside_a_rule_for_everybody,
        plain="AttributeError",
        mended="s3/",
    ),
    Case(
        corrections.access_logs_read_every_policy,
        access_logs_for_a_list_of_resources,
        plain="InvalidTargetBucketForLogging",
        mended="s3/",
    ),
    Case(
        corrections.access_logs_keep_their_key_format,
        key_format_of_access_logs,
        plain=None,
        mended=KEY_FORMAT,
    ),
    Case(
        corrections.budgets_have_tags,
        tags_of_a_budget,
        plain="NotImplementedError",
        mended=[{"Key": "Owner", "Value": "somebody"}],
    ),
    Case(
        corrections.budgets_say_whom_they_tell,
        subscribers_of_a_budget,
        plain="NotImplementedError",
        mended=[SUBSCRIBER],
    ),
    Case(
        corrections.scalable_targets_have_tags,
        tags_of_a_scalable_target,
        plain="NotImplementedError",
        mended={"Owner": "somebody"},
    ),
    Case(
        corrections.services_keep_what_they_are_given,
        settings_of_a_service,
        plain={
            "launchType": "EC2",
            "networkConfiguration": {},
            "capacityProviderStrategy": None,
            "placementConstraints": None,
            "healthCheckGracePeriodSeconds": None,
        },
        mended={
            "launchType": None,
            "networkConfiguration": None,
            "capacityProviderStrategy": [{"capacityProvider": "servers", "weight": 1}],
            "placementConstraints": [{"type": "distinctInstance"}],
            "healthCheckGracePeriodSeconds": 60,
        },
    ),
    Case(
        corrections.tasks_may_reserve_memory,
        memory_that_a_task_reserves,
        plain="ClientException",
        mended=512,
    ),
    Case(
        corrections.topics_say_their_signature_version,
        signature_version_of_a_topic,
        plain=None,
        mended="2",
    ),
    Case(
        corrections.rules_for_groups_keep_their_description,
        description_of_a_rule_for_a_group,
        plain=None,
        mended="HTTP requests",
    ),
)
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.ask.__name__)


def answer(case: Case) -> Any:
    """What is asked for, from an AWS with nothing in it; or the name of the failure."""
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        as_of_aws(patch)
        try:
            return case.ask()
        except (NotImplementedError, AttributeError) as error:  # moto's own, in this process
            return type(error).__name__
        except ClientError as error:
            return error.response["Error"]["Code"]


@each
def test_moto_still_needs_the_correction(case):
    assert answer(case) == case.plain, (
        f"moto has changed: where it answers {case.mended!r} now, remove "
        f"{case.correction.__name__} from tests/moto_corrections.py"
    )


@each
def test_the_correction_mends_it(case):
    with pytest.MonkeyPatch.context() as patch:
        case.correction(patch)
        assert answer(case) == case.mended


@each
def test_the_corrections_do_not_get_in_each_others_way(case):
    with pytest.MonkeyPatch.context() as patch:
        for correct in corrections.CORRECTIONS:
            correct(patch)
        assert answer(case) == case.mended


def test_every_correction_has_a_case():
    assert {case.correction for case in CASES} == set(corrections.CORRECTIONS)
