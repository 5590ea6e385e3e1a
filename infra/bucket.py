"""What every bucket here has: private, versioned, encrypted, reached over TLS alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.documents import ANYBODY, Statement, deny, render

UNFINISHED_UPLOAD_DAYS = 3
"""Parts of an upload that was never completed are paid for, but not listed."""


@dataclass(frozen=True)
class PrivateBucketArgs:
    """`key_arn` is None for S3's own key. `lifecycle` comes after the rules that all buckets have.
    `statements` makes the rest of the bucket's policy from its ARN. A bucket without `protect` is
    emptied when it is destroyed.
    """

    key_arn: pulumi.Input[str] | None
    noncurrent_days: int
    lifecycle: Sequence[aws.s3.BucketLifecycleConfigurationRuleArgsDict]
    statements: Callable[[pulumi.Output[str]], Sequence[Statement]]
    protect: bool


@dataclass(frozen=True)
class PrivateBucket:
    """`name` is known once the bucket's policy is in force, so what uses it comes after that."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]


def private_bucket(
    name: str, args: PrivateBucketArgs, parent: pulumi.ComponentResource
) -> PrivateBucket:
    """Declare a bucket and all that makes it private, as children of `parent`."""
    child = pulumi.ResourceOptions(parent=parent)
    bucket = aws.s3.Bucket(
        f"{name}-bucket",
        force_destroy=not args.protect,
        opts=pulumi.ResourceOptions(parent=parent, protect=args.protect),
    )
    aws.s3.BucketOwnershipControls(
        f"{name}-ownership",
        bucket=bucket.bucket,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=child,
    )
    versioning = aws.s3.BucketVersioning(
        f"{name}-versioning",
        bucket=bucket.bucket,
        versioning_configuration={"status": "Enabled"},
        opts=child,
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        f"{name}-encryption", bucket=bucket.bucket, rules=[_encryption(args.key_arn)], opts=child
    )
    aws.s3.BucketLifecycleConfiguration(
        f"{name}-lifecycle",
        bucket=bucket.bucket,
        rules=[*_housekeeping(args.noncurrent_days), *args.lifecycle],
        # Rules about old versions are refused before there are versions.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[versioning]),
    )
    closed = aws.s3.BucketPublicAccessBlock(
        f"{name}-closed",
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
    )
    policy = aws.s3.BucketPolicy(
        f"{name}-policy",
        bucket=bucket.bucket,
        policy=render(_encrypted_transport(bucket.arn), *args.statements(bucket.arn)),
        # S3 refuses to change both at once.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[closed]),
    )
    return PrivateBucket(name=policy.bucket, arn=bucket.arn)


def objects(bucket_arn: pulumi.Input[str], pattern: str) -> pulumi.Output[str]:
    """The ARN of the objects whose keys match a pattern."""
    return pulumi.Output.concat(bucket_arn, "/", pattern)


def expire(
    rule: str, prefix: str, days: int, *, noncurrent_days: int | None = None
) -> aws.s3.BucketLifecycleConfigurationRuleArgsDict:
    """Objects below a prefix go so many days after they were written; what they were before goes
    after `noncurrent_days`, where that is sooner than in the rest of the bucket.
    """
    written: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
        "id": rule,
        "status": "Enabled",
        "filter": {"prefix": prefix},
        "expiration": {"days": days},
    }
    if noncurrent_days is not None:
        written["noncurrent_version_expiration"] = {"noncurrent_days": noncurrent_days}
    return written


def _encryption(
    key_arn: pulumi.Input[str] | None,
) -> aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
    if key_arn is None:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    return {
        # One request to KMS for many objects instead of one for each.
        "bucket_key_enabled": True,
        "apply_server_side_encryption_by_default": {
            "sse_algorithm": "aws:kms",
            "kms_master_key_id": key_arn,
        },
    }


def _housekeeping(
    noncurrent_days: int,
) -> tuple[aws.s3.BucketLifecycleConfigurationRuleArgsDict, ...]:
    return (
        {
            "id": "old-versions",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrent_version_expiration": {"noncurrent_days": noncurrent_days},
            "expiration": {"expired_object_delete_marker": True},
        },
        {
            "id": "unfinished-uploads",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": UNFINISHED_UPLOAD_DAYS},
        },
    )


def _encrypted_transport(arn: pulumi.Output[str]) -> Statement:
    return deny(
        "EncryptedTransportOnly",
        ["s3:*"],
        [arn, objects(arn, "*")],
        principals={"AWS": ANYBODY},
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )
