"""The key that encrypts what an environment stores, and who may have it used."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.documents import Statement, allow, render
from infra.names import Names
from infra.place import Place

DELETION_DAYS = 30
"""The longest that AWS waits before a deleted key, and all it encrypted, is gone."""

_ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RetireGrant",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
_USE = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
_THIS_KEY = "in a key's own policy '*' is that key"


@dataclass(frozen=True)
class EncryptionKeyArgs:
    """`protect` keeps the key from `pulumi destroy`."""

    names: Names
    place: Place
    protect: bool


class EncryptionKey(pulumi.ComponentResource):
    """One key for the environment's bucket, images, volumes, logs and alerts.

    `autoscaling_role_arn` is the only role of EC2 Auto Scaling that can start servers whose volumes
    the key encrypts: the auto scaling group must name it.
    """

    arn: pulumi.Output[str]
    autoscaling_role_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:EncryptionKey", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # KMS refuses a policy that names a role which is not there, and AWS makes its default role
        # of Auto Scaling only with an account's first group: hence one of our own.
        autoscaling = aws.iam.ServiceLinkedRole(
            f"{name}-autoscaling",
            aws_service_name="autoscaling.amazonaws.com",
            custom_suffix=args.names.prefix,
            description=f"Starts servers of {args.names.prefix} with encrypted volumes",
            opts=child,
        )
        key = aws.kms.Key(
            f"{name}-key",
            description=f"Data of {args.names.prefix}",
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_DAYS,
            policy=render(
                *_account(args.place),
                *_volumes(autoscaling.arn),
                _logs(args),
                _alerts(args.place),
            ),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        aws.kms.Alias(
            f"{name}-alias", name=f"alias/{args.names.prefix}", target_key_id=key.key_id, opts=child
        )
        self.arn = key.arn
        self.autoscaling_role_arn = autoscaling.arn
        self.register_outputs({"arn": self.arn, "autoscalingRoleArn": self.autoscaling_role_arn})


def _account(place: Place) -> tuple[Statement, ...]:
    """The account decides by IAM who administers and who uses the key; without this nobody could.

    ECR takes grants with the rights of whoever makes the repository.
    """
    root = {"AWS": place.arn("iam", "root", region=False)}
    return (
        allow("Administration", _ADMINISTRATION, ["*"], principals=root, any_resource=_THIS_KEY),
        allow("UseByIdentities", _USE, ["*"], principals=root, any_resource=_THIS_KEY),
        allow(
            "GrantsToServices",
            ["kms:CreateGrant"],
            ["*"],
            principals=root,
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
            any_resource=_THIS_KEY,
        ),
    )


def _volumes(autoscaling_arn: pulumi.Output[str]) -> tuple[Statement, ...]:
    """What EC2 Auto Scaling needs to start a server whose volumes the key encrypts."""
    role = {"AWS": autoscaling_arn}
    return (
        allow("UseByAutoScaling", _USE, ["*"], principals=role, any_resource=_THIS_KEY),
        allow(
            "VolumesOfAutoScaling",
            ["kms:CreateGrant"],
            ["*"],
            principals=role,
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
            any_resource=_THIS_KEY,
        ),
    )


def _logs(args: EncryptionKeyArgs) -> Statement:
    """CloudWatch Logs, for this environment's groups alone."""
    groups = [
        args.place.arn("logs", f"log-group:{args.names.path}/*"),
        # The name that AWS wants of a firewall's logs.
        args.place.arn("logs", f"log-group:aws-waf-logs-{args.names.prefix}"),
    ]
    return allow(
        "LogGroups",
        _USE,
        ["*"],
        principals={"Service": f"logs.{args.place.region}.amazonaws.com"},
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        any_resource=_THIS_KEY,
    )


def _alerts(place: Place) -> Statement:
    """Alarms and budgets publish to an encrypted topic themselves."""
    sources = [place.arn("cloudwatch", "alarm:*"), place.arn("budgets", "*", region=False)]
    return allow(
        "AlertsToTopic",
        ["kms:Decrypt", "kms:GenerateDataKey"],
        ["*"],
        principals={"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]},
        conditions={
            "StringEquals": {"aws:SourceAccount": place.account},
            "ArnLike": {"aws:SourceArn": sources},
        },
        any_resource=_THIS_KEY,
    )
