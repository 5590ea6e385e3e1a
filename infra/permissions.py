"""What a server needs of AWS, one concern a function. All but the reasons given are exact."""

from collections.abc import Sequence

import pulumi

from infra.bucket import objects
from infra.documents import Statement, allow
from infra.metrics import HOST_NAMESPACE, TRITON_NAMESPACE
from infra.names import PROJECT, Names
from infra.place import Place
from slipway import contract

Arn = pulumi.Input[str]

_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_PUSH = (
    *_PULL,
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)


def list_store(store_arn: Arn, *prefixes: str) -> Statement:
    """See which keys there are below some prefixes.

    `IfExists`: whether a missing object is said to be missing, or denied, is decided by this action
    too, and then without a prefix. Who asks for no prefix at all may list the bucket by it; keys
    are no secret here.
    """
    patterns = [f"{prefix}*" for prefix in prefixes]
    return allow(
        "ListStore",
        ["s3:ListBucket"],
        [store_arn],
        conditions={"StringLikeIfExists": {"s3:prefix": patterns}},
    )


def use_key(key_arn: Arn, store_arn: Arn) -> Statement:
    """Decrypt and encrypt objects of the store, and nothing else that the key protects.

    S3 names the bucket to KMS where the bucket's own data key is used, else the object.
    """
    return allow(
        "UseKeyForStore",
        ["kms:Decrypt", "kms:GenerateDataKey"],
        [key_arn],
        conditions={
            "StringLike": {"kms:EncryptionContext:aws:s3:arn": [store_arn, objects(store_arn, "*")]}
        },
    )


def serve_from_store(environment: str, store_arn: Arn, key_arn: Arn) -> tuple[Statement, ...]:
    """Read what this environment releases; write this environment's reports, and engines."""
    releases = contract.releases_prefix(environment)
    reports = f"{contract.NODES}{environment}/"
    read = (contract.BLOBS, contract.MODELS, releases, contract.ENGINES)
    write = (reports, contract.ENGINES)
    return (
        list_store(store_arn, releases, contract.MODELS, contract.ENGINES),
        allow("ReadStore", ["s3:GetObject"], [objects(store_arn, f"{p}*") for p in read]),
        allow(
            "WriteReportsAndEngines",
            ["s3:AbortMultipartUpload", "s3:PutObject"],
            [objects(store_arn, f"{p}*") for p in write],
        ),
        use_key(key_arn, store_arn),
    )


def publish_metrics() -> Statement:
    """The node's own metrics, and what the CloudWatch agent measures of the host and of Triton."""
    namespaces = [contract.METRICS_NAMESPACE, HOST_NAMESPACE, TRITON_NAMESPACE]
    return allow(
        "PublishMetrics",
        ["cloudwatch:PutMetricData"],
        ["*"],
        conditions={"StringEquals": {"cloudwatch:namespace": namespaces}},
        any_resource="PutMetricData knows no resources; the namespace limits it",
    )


def write_logs(group_arns: Sequence[Arn]) -> Statement:
    return allow(
        "WriteLogs",
        ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        [pulumi.Output.concat(arn, ":*") for arn in group_arns],
    )


def complete_lifecycle(names: Names, place: Place) -> Statement:
    """Say that a server of this environment's group is ready, has drained, or must be replaced.

    The group is made after the role, so its ARN is known but for the id in the middle.
    """
    group = f"autoScalingGroup:*:autoScalingGroupName/{names.group}"
    return allow(
        "CompleteLifecycle",
        [
            "autoscaling:CompleteLifecycleAction",
            "autoscaling:RecordLifecycleActionHeartbeat",
            "autoscaling:SetInstanceHealth",
        ],
        [place.arn("autoscaling", group)],
    )


def register(names: Names, place: Place, namespace: str) -> tuple[Statement, ...]:
    """Enter this environment's services, which are made after the role and known by their tags.

    Cloud Map writes the address into the namespace's zone with the caller's rights.
    """
    tags = {
        "aws:ResourceTag/Project": PROJECT,
        "aws:ResourceTag/Environment": names.environment,
    }
    below = f"*.{names.environment}.{namespace}"
    return (
        allow(
            "Register",
            [
                "servicediscovery:DeregisterInstance",
                "servicediscovery:GetInstance",
                "servicediscovery:RegisterInstance",
            ],
            [place.arn("servicediscovery", "service/*")],
            conditions={"StringEquals": tags},
        ),
        allow(
            "WriteAddress",
            ["route53:ChangeResourceRecordSets"],
            [place.arn("route53", "hostedzone/*", region=False, account=False)],
            conditions={
                "ForAllValues:StringLike": {
                    "route53:ChangeResourceRecordSetsNormalizedRecordNames": [below]
                },
                "ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": ["A"]},
            },
        ),
    )


def pull_images(images_arn: Arn) -> tuple[Statement, ...]:
    return allow("PullImages", _PULL, [images_arn]), _sign_in()


def push_images(images_arn: Arn) -> tuple[Statement, ...]:
    return allow("PushImages", _PUSH, [images_arn]), _sign_in()


def _sign_in() -> Statement:
    return allow(
        "SignInToRegistry",
        ["ecr:GetAuthorizationToken"],
        ["*"],
        any_resource="the token is of the account's registry, not of a repository",
    )


def open_sessions(place: Place) -> tuple[Statement, ...]:
    """A shell through Session Manager, in the place of SSH."""
    return (
        allow(
            "ReportToSystemsManager",
            ["ssm:UpdateInstanceInformation"],
            [place.arn("ec2", "instance/*")],
        ),
        allow(
            "OpenSessions",
            [
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            ["*"],
            any_resource="the agent's channels are no resources; the instance's identity limits it",
        ),
    )


def join_cluster(names: Names, place: Place) -> tuple[Statement, ...]:
    """What the agent of ECS calls: AmazonEC2ContainerServiceforEC2Role for one cluster, which is
    called like the group. It makes no cluster, reads no tags of instances, and leaves pulling to
    the execution role.
    """
    cluster = place.arn("ecs", f"cluster/{names.group}")
    instances = place.arn("ecs", f"container-instance/{names.group}/*")
    return (
        allow(
            "JoinCluster",
            [
                "ecs:DeregisterContainerInstance",
                "ecs:RegisterContainerInstance",
                "ecs:SubmitAttachmentStateChanges",
                "ecs:SubmitContainerStateChange",
                "ecs:SubmitTaskStateChange",
            ],
            [cluster],
        ),
        allow(
            "WorkForCluster",
            ["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"],
            [instances],
        ),
        allow(
            "TagItself",
            ["ecs:TagResource"],
            [instances],
            conditions={"StringEquals": {"ecs:CreateAction": "RegisterContainerInstance"}},
        ),
        allow(
            "FindCluster",
            ["ecs:DiscoverPollEndpoint"],
            ["*"],
            any_resource="asked before there is a container instance to name",
        ),
    )
