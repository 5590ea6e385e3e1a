"""What a mistake must not delete."""

from collections.abc import Iterator

from .encryption import BUCKET, LOAD_BALANCER, log_buckets
from .model import UNKNOWN, Checked, Level, Rule, Stack, StackRule
from .values import among, number, off, on, prop

_KEY = "aws:kms/key:Key"
_REPOSITORY = "aws:ecr/repository:Repository"


def _protected(resource: Checked) -> Iterator[str]:
    if resource.production and not resource.protect:
        yield "can be deleted by `pulumi destroy`: protect it"


def _balancers(resource: Checked) -> Iterator[str]:
    if resource.production and not on(prop(resource, "enableDeletionProtection")):
        yield "can be deleted in the console: set enableDeletionProtection"


def _forced(resource: Checked) -> Iterator[str]:
    switch = "forceDestroy" if resource.type == BUCKET else "forceDelete"
    if resource.production and not off(prop(resource, switch)):
        yield f"would be deleted with all it holds: leave {switch} out"


def _windows(resource: Checked) -> Iterator[str]:
    days = prop(resource, "deletionWindowInDays")
    if resource.production and days is not UNKNOWN and (number(days) or 30) < 30:
        yield f"is gone {days} days after its deletion, with all it encrypts: wait 30"


def _versions(stack: Stack) -> Iterator[tuple[Checked, str]]:
    logs = log_buckets(stack)
    for bucket in stack.of(BUCKET):
        if bucket.urn in logs:
            continue
        kind = "aws:s3/bucketVersioning:BucketVersioning"
        settings = stack.referring(bucket, kind, "bucket", "bucket")
        statuses = [prop(setting, "versioningConfiguration", "status") for setting in settings]
        if not statuses or not all(among(status, "Enabled") for status in statuses):
            yield bucket, "forgets what is overwritten: enable versioning"


def _tags(resource: Checked) -> Iterator[str]:
    if not among(prop(resource, "imageTagMutability"), "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"):
        yield "lets a tag come to mean another image: set imageTagMutability to IMMUTABLE"
    if not on(prop(resource, "imageScanningConfiguration", "scanOnPush")):
        yield "does not look for known weaknesses: set scanOnPush"


RULES = (
    Rule(
        "data-protected",
        Level.MANDATORY,
        "In prod buckets, keys and image repositories are protected.",
        (BUCKET, _KEY, _REPOSITORY),
        _protected,
    ),
    Rule(
        "load-balancer-protected",
        Level.MANDATORY,
        "In prod load balancers have deletion protection.",
        (LOAD_BALANCER,),
        _balancers,
    ),
    Rule(
        "no-forced-deletion",
        Level.MANDATORY,
        "In prod nothing is deleted with what it holds.",
        (BUCKET, _REPOSITORY),
        _forced,
    ),
    Rule(
        "key-deletion-window",
        Level.MANDATORY,
        "In prod a key's deletion can be undone for 30 days.",
        (_KEY,),
        _windows,
    ),
    StackRule(
        "bucket-versioned",
        Level.MANDATORY,
        "Buckets keep what is overwritten; those for access logs need not.",
        _versions,
    ),
    Rule(
        "repository-immutable",
        Level.MANDATORY,
        "Image tags do not move, and images are scanned.",
        (_REPOSITORY,),
        _tags,
    ),
)
