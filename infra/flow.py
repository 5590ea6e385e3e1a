"""A record of every connection in the VPC, accepted or refused."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.documents import allow, render, trust
from infra.names import Names
from infra.place import Place


@dataclass(frozen=True)
class FlowLogsArgs:
    """`days` until a record expires."""

    names: Names
    place: Place
    vpc_id: pulumi.Input[str]
    days: int
    key_arn: pulumi.Input[str]


class FlowLogs(pulumi.ComponentResource):
    """Flow logs of a VPC in an encrypted log group."""

    def __init__(
        self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:FlowLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = aws.cloudwatch.LogGroup(
            f"{name}-group",
            name=f"{args.names.path}/flow",
            retention_in_days=args.days,
            kms_key_id=args.key_arn,
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            description="VPC flow logs write to their log group",
            assume_role_policy=_trust(args.place),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy", role=role.name, policy=_writes(group.arn, args.place), opts=child
        )
        aws.ec2.FlowLog(
            f"{name}-log",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.register_outputs({})


def _trust(place: Place) -> pulumi.Output[str]:
    return trust(
        "vpc-flow-logs.amazonaws.com",
        conditions={
            "StringEquals": {"aws:SourceAccount": place.account},
            "ArnLike": {"aws:SourceArn": place.arn("ec2", "vpc-flow-log/*")},
        },
    )


def _writes(group_arn: pulumi.Output[str], place: Place) -> pulumi.Output[str]:
    return render(
        allow(
            "WriteRecords",
            ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [pulumi.Output.concat(group_arn, ":*")],
        ),
        # Describing cannot be narrowed to one group: AWS asks it of all groups.
        allow("FindGroup", ["logs:DescribeLogGroups"], [place.arn("logs", "log-group:*")]),
    )
