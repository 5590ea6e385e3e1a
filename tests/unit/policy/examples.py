"""How examples of resources are written: what a rule lets through, and what it objects to."""

from dataclasses import dataclass
from typing import Any

from policy.rules.model import Checked, Stack

TOKENS = {
    token.rpartition(":")[2]: token
    for token in (
        "aws:autoscaling/group:Group",
        "aws:autoscaling/lifecycleHook:LifecycleHook",
        "aws:cloudwatch/compositeAlarm:CompositeAlarm",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:ebs/volume:Volume",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/instance:Instance",
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:ecr/repository:Repository",
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        "aws:ecs/service:Service",
        "aws:ecs/taskDefinition:TaskDefinition",
        "aws:iam/accessKey:AccessKey",
        "aws:iam/policy:Policy",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/user:User",
        "aws:kms/key:Key",
        "aws:lb/listener:Listener",
        "aws:lb/listenerRule:ListenerRule",
        "aws:lb/loadBalancer:LoadBalancer",
        "aws:lb/targetGroup:TargetGroup",
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketLogging:BucketLogging",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:sns/topic:Topic",
        "aws:sns/topicSubscription:TopicSubscription",
        "aws:sqs/queue:Queue",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "pulumi:providers:aws",
        "pulumi-python:dynamic/slipway:Rollout",
    )
}


@dataclass(frozen=True)
class Example:
    """`says` is a part of the one violation to expect; empty where none is."""

    rule: str
    says: str
    stack: Stack


def a(
    kind: str,
    *,
    name: str = "it",
    environment: str = "prod",
    protect: bool = False,
    refers: dict[str, Checked] | None = None,
    **properties: Any,
) -> Checked:
    """A resource, by the end of its type's token."""
    type_ = TOKENS[kind]
    return Checked(
        type=type_,
        name=name,
        urn=f"urn:pulumi:{environment}::slipway::{type_}::{name}",
        properties=properties,
        protect=protect,
        refers={key: (target.urn,) for key, target in (refers or {}).items()},
    )


def good(rule: str, *resources: Checked) -> Example:
    return Example(rule, "", Stack(resources))


def bad(rule: str, says: str, *resources: Checked) -> Example:
    return Example(rule, says, Stack(resources))
