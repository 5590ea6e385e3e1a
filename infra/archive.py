"""Who asked for what: the access logs of the load balancer and of the model store."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra.bucket import PrivateBucketArgs, expire, objects, private_bucket
from infra.documents import Statement, allow
from infra.place import Place

S3_PREFIX = "s3/"
"""Where S3 may write the access logs of buckets. Load balancers write to `[prefix/]AWSLogs/`."""

_NONCURRENT_DAYS = 7
"""Nobody overwrites a log; should somebody, there is a week to notice."""


@dataclass(frozen=True)
class LogArchiveArgs:
    """`days` until a log expires; `protect` keeps the archive from `pulumi destroy`."""

    place: Place
    days: int
    protect: bool


class LogArchive(pulumi.ComponentResource):
    """A bucket that S3 and load balancers of this account write their access logs to."""

    bucket: pulumi.Output[str]

    def __init__(
        self, name: str, args: LogArchiveArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:LogArchive", name, None, opts)
        bucket = private_bucket(
            name,
            PrivateBucketArgs(
                key_arn=None,  # application load balancers cannot write with a KMS key
                noncurrent_days=_NONCURRENT_DAYS,
                lifecycle=[expire("access-logs", "", args.days)],
                statements=lambda arn: _writers(arn, args.place),
                protect=args.protect,
            ),
            parent=self,
        )
        self.bucket = bucket.name
        self.register_outputs({"bucket": self.bucket})


def _writers(arn: pulumi.Output[str], place: Place) -> Sequence[Statement]:
    """AWS puts the account into the path, so no other account's balancer writes where ours may."""
    ours = {"aws:SourceAccount": place.account}
    delivery = {"aws:SourceArn": place.arn("logs", "*")}
    balancers = [
        objects(arn, f"AWSLogs/{place.account}/*"),
        objects(arn, f"*/AWSLogs/{place.account}/*"),
    ]
    return (
        allow(
            "ApplicationLoadBalancers",
            ["s3:PutObject"],
            balancers,
            principals={"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        ),
        allow(
            "NetworkLoadBalancers",
            ["s3:PutObject"],
            balancers,
            principals={"Service": "delivery.logs.amazonaws.com"},
            conditions={
                "StringEquals": {**ours, "s3:x-amz-acl": "bucket-owner-full-control"},
                "ArnLike": delivery,
            },
        ),
        # Delivery looks at the bucket before it writes.
        allow(
            "NetworkLoadBalancersCheck",
            ["s3:GetBucketAcl"],
            [arn],
            principals={"Service": "delivery.logs.amazonaws.com"},
            conditions={"StringEquals": ours, "ArnLike": delivery},
        ),
        allow(
            "Buckets",
            ["s3:PutObject"],
            [objects(arn, f"{S3_PREFIX}*")],
            principals={"Service": "logging.s3.amazonaws.com"},
            conditions={"StringEquals": ours},
        ),
    )
