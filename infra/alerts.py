"""Where alarms go: a topic, who reads it, and the month's budget."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.documents import ANYBODY, allow, deny, render
from infra.names import Names
from infra.place import Place
from infra.settings import ObservabilitySettings

_SPENT_PERCENT = 80
_EXPECTED_PERCENT = 100


@dataclass(frozen=True)
class AlertsArgs:
    """`key_arn` encrypts the topic; its policy must let CloudWatch and Budgets use it."""

    settings: ObservabilitySettings
    names: Names
    place: Place
    key_arn: pulumi.Input[str]


class Alerts(pulumi.ComponentResource):
    """A topic that CloudWatch alarms and AWS Budgets of this account publish to."""

    topic_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Alerts", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            f"{name}-topic",
            display_name=f"Slipway {args.names.environment}",
            kms_master_key_id=args.key_arn,
            signature_version=2,  # SHA-256; the default signs with SHA-1
            opts=child,
        )
        policy = aws.sns.TopicPolicy(
            f"{name}-policy", arn=topic.arn, policy=_policy(topic.arn, args.place), opts=child
        )
        for address in args.settings.alarm_emails:
            # AWS mails a link to confirm; until it is followed nothing is delivered.
            aws.sns.TopicSubscription(
                f"{name}-{address}", topic=topic.arn, protocol="email", endpoint=address, opts=child
            )
        if args.settings.budget_usd > 0:
            aws.budgets.Budget(
                f"{name}-budget",
                name=f"{args.names.prefix}-monthly",
                budget_type="COST",
                time_unit="MONTHLY",
                limit_amount=str(args.settings.budget_usd),
                limit_unit="USD",
                # The tag counts once it is activated as a cost allocation tag of the account.
                cost_filters=[
                    {"name": "TagKeyValue", "values": [f"user:Stack${args.names.tags['Stack']}"]}
                ],
                notifications=[
                    _notification("ACTUAL", _SPENT_PERCENT, topic.arn),
                    _notification("FORECASTED", _EXPECTED_PERCENT, topic.arn),
                ],
                # Budgets tries the topic when it is subscribed, and needs to be let in by then.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
            )
        self.topic_arn = topic.arn
        self.register_outputs({"topicArn": self.topic_arn})


def _policy(topic_arn: pulumi.Output[str], place: Place) -> pulumi.Output[str]:
    ours = {"aws:SourceAccount": place.account}
    return render(
        allow(
            "Alarms",
            ["sns:Publish"],
            [topic_arn],
            principals={"Service": "cloudwatch.amazonaws.com"},
            conditions={
                "StringEquals": ours,
                "ArnLike": {"aws:SourceArn": place.arn("cloudwatch", "alarm:*")},
            },
        ),
        allow(
            "Budgets",
            ["sns:Publish"],
            [topic_arn],
            principals={"Service": "budgets.amazonaws.com"},
            conditions={
                "StringEquals": ours,
                "ArnLike": {"aws:SourceArn": place.arn("budgets", "*", region=False)},
            },
        ),
        deny(
            "EncryptedTransportOnly",
            ["sns:Publish", "sns:Subscribe"],
            [topic_arn],
            principals={"AWS": ANYBODY},
            conditions={"Bool": {"aws:SecureTransport": "false"}},
        ),
    )


def _notification(
    kind: str, percent: int, topic_arn: pulumi.Output[str]
) -> aws.budgets.BudgetNotificationArgsDict:
    return {
        "comparison_operator": "GREATER_THAN",
        "notification_type": kind,
        "threshold": percent,
        "threshold_type": "PERCENTAGE",
        "subscriber_sns_topic_arns": [topic_arn],
    }
