"""The archive of access logs: only S3 and load balancers write to it, and it forgets in time."""

import asyncio
import json

import pytest

from infra.archive import LogArchive, LogArchiveArgs
from infra.place import Place
from slipway.stack.graph import Graph
from slipway.stack.program import record

PLACE = Place("eu-central-1", "123456789012", "aws", ("eu-central-1a",))
ARN = "@dev-archive-bucket.arn@"


def archive(*, protect: bool = True) -> Graph:
    def program() -> None:
        LogArchive("dev-archive", LogArchiveArgs(PLACE, 90, protect))

    return record(program)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return archive()


@pytest.fixture(scope="module")
def statements(graph) -> dict[str, dict]:
    (policy,) = graph.of("BucketPolicy")
    return {s["Sid"]: s for s in json.loads(policy.properties["policy"])["Statement"]}


def test_load_balancers_can_write_because_the_key_is_s3s_own(graph):
    (encryption,) = graph.of("BucketServerSideEncryptionConfiguration")
    (rule,) = encryption.properties["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


def test_application_load_balancers_of_this_account_write_under_any_prefix(statements):
    statement = statements["ApplicationLoadBalancers"]
    assert statement["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert statement["Action"] == ["s3:PutObject"]
    assert statement["Resource"] == [
        f"{ARN}/AWSLogs/123456789012/*",
        f"{ARN}/*/AWSLogs/123456789012/*",
    ]


def test_network_load_balancers_write_for_this_account_alone(statements):
    for sid in ("NetworkLoadBalancers", "NetworkLoadBalancersCheck"):
        assert statements[sid]["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
        condition = statements[sid]["Condition"]
        assert condition["StringEquals"]["aws:SourceAccount"] == "123456789012"
        assert condition["ArnLike"] == {"aws:SourceArn": "arn:aws:logs:eu-central-1:123456789012:*"}
    assert statements["NetworkLoadBalancersCheck"]["Action"] == ["s3:GetBucketAcl"]


def test_buckets_of_this_account_write_under_their_prefix(statements):
    statement = statements["Buckets"]
    assert statement["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert statement["Resource"] == [f"{ARN}/s3/*"]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_nothing_else_is_let_in(statements):
    allowed = [s for s in statements.values() if s["Effect"] == "Allow"]
    assert len(allowed) == 4
    assert all("Service" in s["Principal"] for s in allowed)


def test_logs_expire(graph):
    (lifecycle,) = graph.of("BucketLifecycleConfiguration")
    days = {r["id"]: r["expiration"] for r in lifecycle.properties["rules"] if "expiration" in r}
    assert days["access-logs"] == {"days": 90}


def test_what_writes_to_it_waits_for_its_policy():
    made = []

    def program() -> None:
        made.append(LogArchive("dev-archive", LogArchiveArgs(PLACE, 90, protect=False)))

    graph = record(program)

    async def before() -> set[str]:
        return {await resource.urn.future() for resource in await made[0].bucket.resources()}

    assert graph.of("BucketPolicy")[0].urn in asyncio.run(before())
