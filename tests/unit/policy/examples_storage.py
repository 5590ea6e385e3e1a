"""Encryption, exposure of buckets, protection and retention."""

import json

from policy.rules.model import UNKNOWN
from tests.unit.policy.examples import a, bad, good

BUCKET = a("Bucket", name="store", bucket="slipway-store")
LOGS = a("Bucket", name="logs", bucket="slipway-logs")
POLICY = a("BucketPolicy", name="logs", refers={"bucket": LOGS})
LOGGING = a("BucketLogging", refers={"bucket": BUCKET, "targetBucket": LOGS})
SERVER_SIDE = "BucketServerSideEncryptionConfiguration"


def encrypted(bucket, algorithm, **more):
    rule = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm}}
    return a(SERVER_SIDE, name=bucket.name, refers={"bucket": bucket}, rules=[rule], **more)


def document(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


TLS_ONLY = document(
    Sid="TlsOnly",
    Effect="Deny",
    Principal="*",
    Action="s3:*",
    Resource=["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
    Condition={"Bool": {"aws:SecureTransport": "false"}},
)
TOO_LITTLE = (
    ('"s3:*"', '"s3:GetObject"'),
    ('"Principal": "*"', '"Principal": {"AWS": "arn:aws:iam::123456789012:root"}'),
    ('"arn:aws:s3:::b", ', ""),
    (', "arn:aws:s3:::b/*"', ""),
)
"""What turns the whole into a part."""
ALL_BLOCKED = {
    "blockPublicAcls": True,
    "blockPublicPolicy": True,
    "ignorePublicAcls": True,
    "restrictPublicBuckets": True,
}
MAPPED = {"deviceName": "/dev/sda1", "ebs": {"encrypted": "true"}}
BALANCER = a("LoadBalancer", internal=False)
INNER = a("LoadBalancer", internal=True)
REDIRECT = {"type": "redirect", "redirect": {"protocol": "HTTPS", "statusCode": "HTTP_301"}}

EXAMPLES = (
    good("bucket-encrypted", BUCKET, encrypted(BUCKET, "aws:kms")),
    good("bucket-encrypted", BUCKET, encrypted(BUCKET, UNKNOWN)),
    good("bucket-encrypted", BUCKET, a(SERVER_SIDE, bucket="slipway-store", rules=UNKNOWN)),
    good(
        "bucket-encrypted",
        *(BUCKET, encrypted(BUCKET, "aws:kms"), LOGS, encrypted(LOGS, "AES256"), LOGGING),
    ),
    good(
        "bucket-encrypted",
        *(LOGS, encrypted(LOGS, "AES256"), a("LoadBalancer", refers={"accessLogs": LOGS})),
    ),
    good(
        "bucket-encrypted",
        *(LOGS, encrypted(LOGS, "AES256"), POLICY),
        a("LoadBalancer", refers={"accessLogs": POLICY}),
    ),
    bad("bucket-encrypted", "no server-side encryption", BUCKET),
    bad("bucket-encrypted", "AES256: use aws:kms", BUCKET, encrypted(BUCKET, "AES256")),
    bad(
        "bucket-encrypted",
        "no server-side encryption",
        *(BUCKET, LOGS, encrypted(LOGS, "aws:kms")),
    ),
    good("volume-encrypted", a("LaunchTemplate", blockDeviceMappings=[MAPPED])),
    good("volume-encrypted", a("LaunchTemplate", blockDeviceMappings=UNKNOWN)),
    good(
        "volume-encrypted",
        a(
            "LaunchTemplate",
            blockDeviceMappings=[MAPPED, {"deviceName": "/dev/sdb", "virtualName": "ephemeral0"}],
        ),
    ),
    good("volume-encrypted", a("Volume", encrypted=True)),
    good("volume-encrypted", a("Instance", rootBlockDevice={"encrypted": True})),
    bad("volume-encrypted", "left to the AMI", a("LaunchTemplate")),
    bad(
        "volume-encrypted",
        "encrypted on every",
        a("LaunchTemplate", blockDeviceMappings=[MAPPED, {"ebs": {"encrypted": "false"}}]),
    ),
    bad(
        "volume-encrypted",
        "encrypted on every",
        a("LaunchTemplate", blockDeviceMappings=[{"ebs": {"volumeSize": 100}}]),
    ),
    bad("volume-encrypted", "not encrypted", a("Volume", size=10)),
    bad("volume-encrypted", "not encrypted", a("Instance", rootBlockDevice={"volumeSize": 8})),
    good("topic-encrypted", a("Topic", kmsMasterKeyId="alias/slipway")),
    good("topic-encrypted", a("Topic", kmsMasterKeyId=UNKNOWN)),
    bad("topic-encrypted", "in clear", a("Topic")),
    good("queue-encrypted", a("Queue", kmsMasterKeyId=UNKNOWN, sqsManagedSseEnabled=False)),
    good("queue-encrypted", a("Queue")),
    bad("queue-encrypted", "in clear", a("Queue", sqsManagedSseEnabled=False)),
    good(
        "repository-encrypted",
        a("Repository", encryptionConfigurations=[{"encryptionType": "KMS"}]),
    ),
    good("repository-encrypted", a("Repository", encryptionConfigurations=UNKNOWN)),
    bad("repository-encrypted", "with KMS", a("Repository")),
    bad(
        "repository-encrypted",
        "with KMS",
        a("Repository", encryptionConfigurations=[{"encryptionType": "AES256"}]),
    ),
    good("key-rotated", a("Key", enableKeyRotation=True)),
    good("key-rotated", a("Key", customerMasterKeySpec="RSA_2048")),
    bad("key-rotated", "never rotated", a("Key")),
    good(
        "traffic-encrypted",
        BALANCER,
        a(
            "Listener",
            protocol="HTTPS",
            sslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
            refers={"loadBalancerArn": BALANCER},
        ),
        a("Listener", name="80", protocol="HTTP", defaultActions=[REDIRECT]),
    ),
    good(
        "traffic-encrypted",
        INNER,
        a(
            "Listener",
            protocol="HTTP",
            defaultActions=[{"type": "forward"}],
            refers={"loadBalancerArn": INNER},
        ),
    ),
    good("traffic-encrypted", a("Listener", protocol="TLS", sslPolicy=UNKNOWN)),
    bad("traffic-encrypted", "TLS policy None", a("Listener", protocol="HTTPS")),
    bad(
        "traffic-encrypted",
        "TLS policy ELBSecurityPolicy-2016-08",
        a("Listener", protocol="TLS", sslPolicy="ELBSecurityPolicy-2016-08"),
    ),
    bad(
        "traffic-encrypted",
        "without TLS",
        BALANCER,
        a(
            "Listener",
            protocol="HTTP",
            defaultActions=[{"type": "forward"}],
            refers={"loadBalancerArn": BALANCER},
        ),
    ),
    bad("traffic-encrypted", "without TLS", BALANCER, a("Listener", protocol="TCP", port=8001)),
    good(
        "bucket-private",
        BUCKET,
        a("BucketPublicAccessBlock", refers={"bucket": BUCKET}, **ALL_BLOCKED),
    ),
    bad("bucket-private", "no public access block", BUCKET),
    bad(
        "bucket-private",
        "set blockPublicPolicy",
        BUCKET,
        a(
            "BucketPublicAccessBlock",
            bucket="slipway-store",
            **{**ALL_BLOCKED, "blockPublicPolicy": False},
        ),
    ),
    good("bucket-tls-only", BUCKET, a("BucketPolicy", refers={"bucket": BUCKET}, policy=TLS_ONLY)),
    good("bucket-tls-only", BUCKET, a("BucketPolicy", refers={"bucket": BUCKET}, policy=UNKNOWN)),
    good(
        "bucket-tls-only",
        BUCKET,
        a(
            "BucketPolicy",
            refers={"bucket": BUCKET},
            policy=document(
                Effect="Deny",
                Principal="*",
                Action="*",
                Resource="*",
                Condition={"Bool": {"aws:SecureTransport": "false"}},
            ),
        ),
    ),
    bad("bucket-tls-only", "without TLS", BUCKET),
    *(
        bad(
            "bucket-tls-only",
            "without TLS",
            BUCKET,
            a("BucketPolicy", refers={"bucket": BUCKET}, policy=TLS_ONLY.replace(whole, part)),
        )
        for whole, part in TOO_LITTLE
    ),
    bad(
        "bucket-tls-only",
        "without TLS",
        BUCKET,
        a(
            "BucketPolicy",
            refers={"bucket": BUCKET},
            policy=TLS_ONLY.replace('"Deny"', '"Allow"'),
        ),
    ),
    good("data-protected", a("Bucket", protect=True), a("Key", protect=True)),
    good("data-protected", a("Bucket", environment="dev"), a("Repository", environment="staging")),
    bad("data-protected", "protect it", a("Bucket")),
    bad("data-protected", "protect it", a("Key")),
    bad("data-protected", "protect it", a("Repository")),
    good("load-balancer-protected", a("LoadBalancer", enableDeletionProtection=True)),
    good("load-balancer-protected", a("LoadBalancer", environment="dev")),
    bad("load-balancer-protected", "enableDeletionProtection", a("LoadBalancer")),
    good("no-forced-deletion", a("Bucket"), a("Repository", forceDelete=False)),
    good("no-forced-deletion", a("Bucket", environment="dev", forceDestroy=True)),
    bad("no-forced-deletion", "leave forceDestroy out", a("Bucket", forceDestroy=True)),
    bad("no-forced-deletion", "leave forceDelete out", a("Repository", forceDelete=True)),
    good("key-deletion-window", a("Key"), a("Key", name="b", deletionWindowInDays=30)),
    good("key-deletion-window", a("Key", environment="dev", deletionWindowInDays=7)),
    bad("key-deletion-window", "7 days after", a("Key", deletionWindowInDays=7)),
    good(
        "bucket-versioned",
        *(BUCKET, LOGS, LOGGING),
        a(
            "BucketVersioning",
            refers={"bucket": BUCKET},
            versioningConfiguration={"status": "Enabled"},
        ),
    ),
    bad("bucket-versioned", "enable versioning", BUCKET),
    bad(
        "bucket-versioned",
        "enable versioning",
        BUCKET,
        a(
            "BucketVersioning",
            refers={"bucket": BUCKET},
            versioningConfiguration={"status": "Suspended"},
        ),
    ),
    good(
        "repository-immutable",
        a(
            "Repository",
            imageTagMutability="IMMUTABLE",
            imageScanningConfiguration={"scanOnPush": True},
        ),
    ),
    bad(
        "repository-immutable",
        "to IMMUTABLE",
        a("Repository", imageScanningConfiguration={"scanOnPush": True}),
    ),
    bad("repository-immutable", "scanOnPush", a("Repository", imageTagMutability="IMMUTABLE")),
    good("log-retention", a("LogGroup", retentionInDays=90)),
    good("log-retention", a("LogGroup", environment="dev", retentionInDays=7)),
    good("log-retention", a("LogGroup", retentionInDays=UNKNOWN)),
    bad("log-retention", "for ever", a("LogGroup", environment="dev")),
    bad("log-retention", "after 7 days", a("LogGroup", retentionInDays=7.0)),
    good("log-encrypted", a("LogGroup", kmsKeyId="arn:aws:kms:...")),
    bad("log-encrypted", "set kmsKeyId", a("LogGroup")),
)
