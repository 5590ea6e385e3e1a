"""Who may do what: nothing that is wider than it has to be."""

import re
from collections.abc import Iterator

from .documents import IDENTITY, RESOURCE, allowed
from .model import Checked, Level, Rule
from .values import items, prop

NAMES_NO_RESOURCE = frozenset(
    {
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLifecycleHooks",
        "autoscaling:DescribeWarmPool",
        "cloudwatch:GetMetricData",
        "cloudwatch:ListMetrics",
        "cloudwatch:PutMetricData",
        "ec2:DescribeInstances",
        "ec2:DescribeTags",
        "ec2:DescribeVolumes",
        "ec2messages:AcknowledgeMessage",
        "ec2messages:DeleteMessage",
        "ec2messages:FailMessage",
        "ec2messages:GetEndpoint",
        "ec2messages:GetMessages",
        "ec2messages:SendReply",
        "ecr:GetAuthorizationToken",
        "ecs:DiscoverPollEndpoint",
        "servicediscovery:DiscoverInstances",
        "servicediscovery:GetOperation",
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
        "sts:GetCallerIdentity",
    }
)
"""Actions for which AWS's Service Authorization Reference lists no resource type, so that only `*`
can be written. All are of the kind that a server or a CI calls; extend it from there.
"""

_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
_ANY_OF_A_SERVICE = re.compile(r"arn:[^:]*:[^:]*:[^:]*:[^:]*:\*")
_ADMINISTRATIVE = re.compile(
    r".*:policy/(job-function/)?(\w*FullAccess|\w*Administrator\w*|PowerUser\w*)"
)


def _actions(resource: Checked) -> Iterator[str]:
    for statement in allowed(resource):
        wide = [action for action in statement.actions if "*" in action or "?" in action]
        if wide:
            yield f"{statement.sid} allows {', '.join(wide)}: list the actions that are needed"
        if statement.inverted:
            yield f"{statement.sid} allows all but what it names: name what is meant"


def _resources(resource: Checked) -> Iterator[str]:
    for statement in allowed(resource):
        if not any(r == "*" or _ANY_OF_A_SERVICE.fullmatch(r) for r in statement.resources):
            continue
        narrower = sorted(set(statement.actions) - NAMES_NO_RESOURCE)
        if narrower:
            yield f"{statement.sid} allows {', '.join(narrower)} on any resource: name its ARN"


def _anybody(resource: Checked) -> Iterator[str]:
    for statement in allowed(resource):
        # An endpoint asks who may pass, not who may do: it narrows by what is named as well.
        named = resource.type == _ENDPOINT and "*" not in statement.resources
        if "*" in statement.principals and not statement.conditions and not named:
            yield f"{statement.sid} lets anybody in: name who, or add a condition"


def _managed(resource: Checked) -> Iterator[str]:
    attached = (prop(resource, "policyArn"), *items(prop(resource, "managedPolicyArns")))
    for arn in attached:
        if isinstance(arn, str) and _ADMINISTRATIVE.fullmatch(arn):
            yield f"{arn} allows far more than a server or a CI needs: write a policy of its own"


def _long_lived(resource: Checked) -> Iterator[str]:
    yield f"{resource.name} is a long-lived credential: use a role, from a CI through OIDC"


RULES = (
    Rule(
        "no-wildcard-action",
        Level.MANDATORY,
        "A policy allows actions by their names.",
        (*IDENTITY, *RESOURCE),
        _actions,
    ),
    Rule(
        "no-wildcard-resource",
        Level.MANDATORY,
        "A role's policy names resources, except for actions where AWS accepts none.",
        (*IDENTITY, "aws:iam/role:Role"),
        _resources,
    ),
    Rule(
        "no-anonymous-access",
        Level.MANDATORY,
        "No policy lets anybody in without a condition.",
        tuple(RESOURCE),
        _anybody,
    ),
    Rule(
        "no-administrator-policy",
        Level.MANDATORY,
        "No role carries one of AWS's policies for administrators.",
        ("aws:iam/role:Role", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"),
        _managed,
    ),
    Rule(
        "no-long-lived-credential",
        Level.MANDATORY,
        "There are no IAM users and no access keys.",
        ("aws:iam/user:User", "aws:iam/accessKey:AccessKey"),
        _long_lived,
    ),
)
