"""The model store: private, encrypted by one key, and the registry's rules hold for everybody."""

import json

import pytest

from infra.settings import StoreSettings
from infra.store import ModelStore, ModelStoreArgs
from slipway.stack.graph import Graph
from slipway.stack.program import record

KEY = "arn:aws:kms:eu-central-1:123456789012:key/k"
ARN = "@prod-store-bucket.arn@"
SETTINGS = StoreSettings(
    noncurrent_days=30, report_days=14, engine_days=60, access_log_days=90, images_kept=20
)


def store(*, protect: bool = True) -> tuple[Graph, ModelStore]:
    made: list[ModelStore] = []

    def program() -> None:
        made.append(ModelStore("prod-store", ModelStoreArgs(SETTINGS, KEY, "logs", protect)))

    return record(program, stack="prod"), made[0]


@pytest.fixture(scope="module")
def graph() -> Graph:
    return store()[0]


@pytest.fixture(scope="module")
def statements(graph) -> dict[str, dict]:
    (policy,) = graph.of("BucketPolicy")
    return {s["Sid"]: s for s in json.loads(policy.properties["policy"])["Statement"]}


@pytest.fixture(scope="module")
def rules(graph) -> dict[str, dict]:
    (lifecycle,) = graph.of("BucketLifecycleConfiguration")
    return {rule["id"]: rule for rule in lifecycle.properties["rules"]}


def test_every_object_is_encrypted_with_the_environments_key(graph):
    (encryption,) = graph.of("BucketServerSideEncryptionConfiguration")
    (rule,) = encryption.properties["rules"]
    assert rule["bucketKeyEnabled"] is True
    assert rule["applyServerSideEncryptionByDefault"] == {
        "sseAlgorithm": "aws:kms",
        "kmsMasterKeyId": KEY,
    }


def test_overwritten_objects_can_be_restored(graph, rules):
    (versioning,) = graph.of("BucketVersioning")
    assert versioning.properties["versioningConfiguration"] == {"status": "Enabled"}
    old = rules["old-versions"]
    assert old["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    assert old["filter"] == {"prefix": ""}
    (lifecycle,) = graph.of("BucketLifecycleConfiguration")
    assert versioning.urn in lifecycle.depends_on


def test_nothing_can_be_public(graph):
    (closed,) = graph.of("BucketPublicAccessBlock")
    switches = (
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    )
    assert all(closed.properties[switch] is True for switch in switches)
    (ownership,) = graph.of("BucketOwnershipControls")
    assert ownership.properties["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_the_policy_comes_after_the_block_of_public_access(graph):
    (policy,) = graph.of("BucketPolicy")
    (closed,) = graph.of("BucketPublicAccessBlock")
    assert closed.urn in policy.depends_on


def test_nobody_is_let_in_by_the_buckets_policy(statements):
    assert {s["Effect"] for s in statements.values()} == {"Deny"}
    assert {s["Principal"] for s in statements.values()} == {"*"}


def test_only_encrypted_connections_are_answered(statements):
    tls = statements["EncryptedTransportOnly"]
    assert tls["Resource"] == [ARN, f"{ARN}/*"]
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(
    ("sid", "header", "wanted"),
    [
        ("NoOtherAlgorithm", "s3:x-amz-server-side-encryption", "aws:kms"),
        ("NoOtherKey", "s3:x-amz-server-side-encryption-aws-kms-key-id", KEY),
    ],
)
def test_another_encryption_is_refused_and_none_given_is_the_buckets(
    statements, sid, header, wanted
):
    # Both must hold: without Null, an upload that names no encryption would be refused as well.
    assert statements[sid]["Condition"] == {
        "Null": {header: "false"},
        "StringNotEquals": {header: wanted},
    }


def test_a_key_that_a_client_brings_along_is_refused(statements):
    assert statements["NoKeyOfTheCustomer"]["Condition"] == {
        "Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}
    }


def test_a_manifest_can_be_written_only_where_there_is_none(statements):
    once = statements["ManifestsAreWrittenOnce"]
    assert once["Resource"] == [f"{ARN}/models/*"]
    assert once["Action"] == ["s3:PutObject"]
    assert once["Condition"] == {"Null": {"s3:if-none-match": "true"}}


def test_a_release_is_changed_only_from_what_was_read(statements):
    read = statements["ReleasesAreWrittenAgainstWhatWasRead"]
    assert read["Resource"] == [f"{ARN}/releases/*"]
    assert read["Condition"] == {
        "Null": {"s3:if-none-match": "true", "s3:if-match": "true"}  # neither header
    }


def test_unfinished_uploads_end(rules):
    assert rules["unfinished-uploads"]["abortIncompleteMultipartUpload"] == {
        "daysAfterInitiation": 3
    }


def test_reports_and_engines_expire_and_models_never(rules):
    expiring = {
        rule["filter"]["prefix"]: rule["expiration"]["days"]
        for rule in rules.values()
        if "days" in rule.get("expiration", {})
    }
    assert expiring == {"nodes/": 14, "engines/": 60}
    assert rules["reports-of-nodes"]["noncurrentVersionExpiration"] == {"noncurrentDays": 1}


def test_who_asked_for_what_is_logged(graph):
    (logging,) = graph.of("BucketLogging")
    assert logging.properties["targetBucket"] == "logs"
    assert logging.properties["targetPrefix"] == "s3/"


@pytest.mark.parametrize("protect", [True, False])
def test_a_protected_bucket_is_neither_destroyed_nor_emptied(protect):
    bucket = store(protect=protect)[0].named("prod-store-bucket")
    assert bucket.protect is protect
    assert bucket.properties["forceDestroy"] is not protect


def test_the_url_is_what_the_kit_opens():
    found = []

    def program() -> None:
        args = ModelStoreArgs(SETTINGS, KEY, "logs", protect=True)
        ModelStore("prod-store", args).url.apply(found.append)

    record(program, stack="prod")
    assert found == ["s3://@prod-store-bucket.bucket@"]
