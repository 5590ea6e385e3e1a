"""What is stored or sent is encrypted."""

from collections.abc import Iterator

from .model import Checked, Level, Rule, Stack, StackRule
from .values import absent, among, items, known, look, on, prop

BUCKET = "aws:s3/bucket:Bucket"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_BUCKET_ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
_TLS_1_3 = ("ELBSecurityPolicy-TLS13-1-2-", "ELBSecurityPolicy-TLS13-1-3-")
_PLAIN = ("HTTP", "TCP", "UDP", "TCP_UDP")


def log_buckets(stack: Stack) -> frozenset[str]:
    """URNs of the buckets that AWS itself writes access logs into."""
    logging = stack.of("aws:s3/bucketLogging:BucketLogging")
    writers = [(each, "targetBucket") for each in logging]
    writers += [(each, "accessLogs") for each in stack.of(LOAD_BALANCER)]
    return frozenset(urn for each, name in writers for urn in stack.origins(each, name, "bucket"))


def _buckets(stack: Stack) -> Iterator[tuple[Checked, str]]:
    logs = log_buckets(stack)
    for bucket in stack.of(BUCKET):
        settings = stack.referring(bucket, _BUCKET_ENCRYPTION, "bucket", "bucket")
        if not settings:
            yield bucket, "has no server-side encryption configuration: add one with a KMS key"
        # Load balancers cannot write access logs to a bucket that is encrypted with KMS.
        allowed = ("aws:kms", "aws:kms:dsse", *(("AES256",) if bucket.urn in logs else ()))
        for setting in settings:
            for rule in items(prop(setting, "rules")):
                algorithm = look(rule, "applyServerSideEncryptionByDefault", "sseAlgorithm")
                if not among(algorithm, *allowed):
                    yield bucket, f"is encrypted with {algorithm}: use aws:kms and a key of yours"


def _volumes(resource: Checked) -> Iterator[str]:
    if resource.type == "aws:ebs/volume:Volume":
        if not on(prop(resource, "encrypted")):
            yield "the volume is not encrypted: set encrypted"
        return
    blocks = items(prop(resource, "blockDeviceMappings")) + items(prop(resource, "ebsBlockDevices"))
    volumes = [look(block, "ebs") or block for block in blocks if not look(block, "noDevice")]
    for volume in (*volumes, *items(prop(resource, "rootBlockDevice"))):
        # An instance store (virtualName) encrypts by itself and has no such switch.
        if absent(look(volume, "virtualName")) and not on(look(volume, "encrypted")):
            yield "a volume is not encrypted: set encrypted on every block device"
    if resource.type.endswith(":LaunchTemplate") and absent(prop(resource, "blockDeviceMappings")):
        yield "the root volume is left to the AMI: map it, encrypted"


def _topics(resource: Checked) -> Iterator[str]:
    if absent(prop(resource, "kmsMasterKeyId")):
        yield "messages are stored in clear: set kmsMasterKeyId"


def _queues(resource: Checked) -> Iterator[str]:
    managed = prop(resource, "sqsManagedSseEnabled")
    if absent(prop(resource, "kmsMasterKeyId")) and managed is not None and not on(managed):
        yield "messages are stored in clear: set kmsMasterKeyId"


def _repositories(resource: Checked) -> Iterator[str]:
    configured = prop(resource, "encryptionConfigurations")
    kinds = [look(each, "encryptionType") for each in items(configured)] or [None]
    if known(configured) and not all(among(kind, "KMS", "KMS_DSSE") for kind in kinds):
        yield "images are not encrypted with KMS: set encryptionConfigurations"


def _keys(resource: Checked) -> Iterator[str]:
    # Keys that sign, or are shared from outside, cannot be rotated by AWS.
    kind = prop(resource, "customerMasterKeySpec")
    if kind in (None, "SYMMETRIC_DEFAULT") and not on(prop(resource, "enableKeyRotation")):
        yield "the key is never rotated: set enableKeyRotation"


def _listeners(stack: Stack) -> Iterator[tuple[Checked, str]]:
    inner = {b.urn for b in stack.of(LOAD_BALANCER) if on(prop(b, "internal"))}
    for listener in stack.of("aws:lb/listener:Listener"):
        protocol, policy = prop(listener, "protocol"), prop(listener, "sslPolicy")
        if protocol in _PLAIN:
            actions = prop(listener, "defaultActions")
            redirects = [among(look(action, "type"), "redirect") for action in items(actions)]
            within = inner.intersection(listener.refers.get("loadBalancerArn", ()))
            if not (redirects and all(redirects)) and known(actions) and not within:
                yield listener, "answers the internet without TLS: redirect to HTTPS"
        elif known((protocol, policy)) and not str(policy).startswith(_TLS_1_3):
            yield listener, f"has the TLS policy {policy}: use an ELBSecurityPolicy-TLS13 one"


RULES = (
    StackRule(
        "bucket-encrypted",
        Level.MANDATORY,
        "Buckets are encrypted with a KMS key; those for access logs with S3's own.",
        _buckets,
    ),
    Rule(
        "volume-encrypted",
        Level.MANDATORY,
        "Volumes are encrypted.",
        ("aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/instance:Instance",
         "aws:ebs/volume:Volume"),
        _volumes,
    ),
    Rule("topic-encrypted", Level.MANDATORY, "Topics are encrypted.",
         ("aws:sns/topic:Topic",), _topics),
    Rule("queue-encrypted", Level.MANDATORY, "Queues are encrypted.",
         ("aws:sqs/queue:Queue",), _queues),
    Rule("repository-encrypted", Level.MANDATORY, "Image repositories are encrypted with KMS.",
         ("aws:ecr/repository:Repository",), _repositories),
    Rule("key-rotated", Level.MANDATORY, "KMS keys are rotated.",
         ("aws:kms/key:Key",), _keys),
    StackRule(
        "traffic-encrypted",
        Level.MANDATORY,
        "The internet is answered over TLS 1.2 or 1.3 alone; plain HTTP redirects.",
        _listeners,
    ),
)  # fmt: skip
