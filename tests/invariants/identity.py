"""Who may do what."""

from tests.invariants.reading import documents, invariant, kind, listed

NOWHERE_ELSE = {
    "autoscaling:DescribeAutoScalingInstances",
    "cloudwatch:PutMetricData",
    "ec2:DescribeInstances",
    "ec2:DescribeTags",
    "ec2:DescribeVolumes",
    "ecr:GetAuthorizationToken",
    "ecs:DiscoverPollEndpoint",
    "servicediscovery:DiscoverInstances",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}
"""Actions for which AWS knows no resource (Service Authorization Reference)."""


@invariant
def no_allowed_action_has_a_wildcard(graph):
    found = list(documents(graph))
    assert found
    for resource, statement in found:
        if statement["Effect"] == "Allow":
            assert "NotAction" not in statement, resource.name
            assert not any("*" in action for action in listed(statement["Action"])), resource.name


@invariant
def a_wildcard_resource_is_where_aws_knows_no_other(graph):
    for resource, statement in documents(graph):
        of_an_identity = kind(resource) in {"Policy", "RolePolicy"}
        wide = statement["Effect"] == "Allow" and "*" in listed(statement.get("Resource", []))
        if of_an_identity and wide:
            assert set(listed(statement["Action"])) <= NOWHERE_ELSE, resource.name


@invariant
def nobody_is_trusted_blindly(graph):
    """The policy of an endpoint is apart: it narrows what its VPC reaches, and grants nothing."""
    for resource, statement in documents(graph):
        if statement["Effect"] == "Allow" and kind(resource) != "VpcEndpoint":
            assert statement.get("Principal") not in ("*", {"AWS": "*"}), resource.name


@invariant
def no_role_has_more_than_its_own_policies(graph):
    """Managed policies grow without notice."""
    for attachment in graph.of("RolePolicyAttachment"):
        assert graph.target(attachment.properties["policyArn"]).type == "aws:iam/policy:Policy"
    for role in graph.of("Role"):
        assert not role.properties.get("managedPolicyArns")
