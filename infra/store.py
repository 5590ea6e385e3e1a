"""The registry's bucket: models, releases, reports of nodes, TensorRT engines."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.archive import S3_PREFIX
from infra.bucket import PrivateBucketArgs, expire, objects, private_bucket
from infra.documents import ANYBODY, Statement, deny
from infra.settings import StoreSettings
from slipway import contract


@dataclass(frozen=True)
class ModelStoreArgs:
    """`key_arn` encrypts every object; `log_bucket` receives the access logs; `protect` keeps the
    models from `pulumi destroy`.
    """

    settings: StoreSettings
    key_arn: pulumi.Input[str]
    log_bucket: pulumi.Input[str]
    protect: bool


class ModelStore(pulumi.ComponentResource):
    """The bucket behind the registry. `url` is what SLIPWAY_STORE is set to."""

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(
        self, name: str, args: ModelStoreArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:ModelStore", name, None, opts)
        settings = args.settings
        bucket = private_bucket(
            name,
            PrivateBucketArgs(
                key_arn=args.key_arn,
                noncurrent_days=settings.noncurrent_days,
                lifecycle=[
                    # A node writes its report anew many times a minute: one that expires is of
                    # a node that is gone, and former versions would be most of the bucket.
                    expire(
                        "reports-of-nodes", contract.NODES, settings.report_days, noncurrent_days=1
                    ),
                    expire("engines", contract.ENGINES, settings.engine_days),
                ],
                statements=lambda arn: (*_one_key(arn, args.key_arn), *_conditional_writes(arn)),
                protect=args.protect,
            ),
            parent=self,
        )
        aws.s3.BucketLogging(
            f"{name}-logging",
            bucket=bucket.name,
            target_bucket=args.log_bucket,
            target_prefix=S3_PREFIX,
            target_object_key_format={"partitioned_prefix": {"partition_date_source": "EventTime"}},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.bucket = bucket.name
        self.arn = bucket.arn
        self.url = pulumi.Output.concat("s3://", bucket.name)
        self.register_outputs({"bucket": self.bucket, "arn": self.arn, "url": self.url})


def _one_key(arn: pulumi.Output[str], key_arn: pulumi.Input[str]) -> Sequence[Statement]:
    """Uploads that ask for another encryption than the bucket's are refused.

    The ones that ask for none get it. A negated comparison is true where the header is missing,
    hence `Null` beside each.
    """
    algorithm = "s3:x-amz-server-side-encryption"
    key = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    customers = "s3:x-amz-server-side-encryption-customer-algorithm"

    def refuse(sid: str, conditions: dict[str, dict[str, pulumi.Input[str]]]) -> Statement:
        return deny(
            sid,
            ["s3:PutObject"],
            [objects(arn, "*")],
            principals={"AWS": ANYBODY},
            conditions=conditions,
        )

    return (
        refuse(
            "NoOtherAlgorithm",
            {"Null": {algorithm: "false"}, "StringNotEquals": {algorithm: "aws:kms"}},
        ),
        refuse("NoOtherKey", {"Null": {key: "false"}, "StringNotEquals": {key: key_arn}}),
        refuse("NoKeyOfTheCustomer", {"Null": {customers: "false"}}),
    )


def _conditional_writes(arn: pulumi.Output[str]) -> Sequence[Statement]:
    """The registry's rules hold for whoever writes: a version's manifest is written once, a release
    only against what was read.
    """
    never, unread = "s3:if-none-match", "s3:if-match"
    return (
        deny(
            "ManifestsAreWrittenOnce",
            ["s3:PutObject"],
            [objects(arn, f"{contract.MODELS}*")],
            principals={"AWS": ANYBODY},
            conditions={"Null": {never: "true"}},
        ),
        deny(
            "ReleasesAreWrittenAgainstWhatWasRead",
            ["s3:PutObject"],
            [objects(arn, f"{contract.RELEASES}*")],
            principals={"AWS": ANYBODY},
            conditions={"Null": {never: "true", unread: "true"}},
        ),
    )
