"""The publisher: who is let in, what it may write, and that it cannot release."""

import json
from dataclasses import replace
from fnmatch import fnmatchcase

import pytest

from infra.publisher import Publisher, PublisherArgs
from infra.settings import PublisherSettings
from slipway.stack.graph import Graph
from slipway.stack.program import record

STORE = "arn:aws:s3:::models"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/k"
IMAGES = "arn:aws:ecr:eu-central-1:123456789012:repository/slipway-prod"
ISSUER = "token.actions.githubusercontent.com"
SUBJECT = "repo:acme/models:ref:refs/heads/main"
SETTINGS = PublisherSettings(
    publisher_issuer=ISSUER,
    publisher_audience="sts.amazonaws.com",
    publisher_subjects=(SUBJECT,),
)


@pytest.fixture(scope="module")
def graph() -> Graph:
    def program() -> None:
        Publisher("prod-publisher", PublisherArgs(SETTINGS, KEY, STORE, IMAGES))

    return record(program, stack="prod")


@pytest.fixture(scope="module")
def statements(graph) -> list[dict]:
    return json.loads(graph.named("prod-publisher-policy").properties["policy"])["Statement"]


def decided(statements: list[dict], action: str, resource: str) -> str:
    """What IAM decides: a denial counts above everything."""
    effects = {
        s["Effect"]
        for s in statements
        if action in s["Action"] and any(fnmatchcase(resource, r) for r in s["Resource"])
    }
    return "Deny" if "Deny" in effects else "Allow" if effects else "nothing"


def test_the_issuer_is_asked_for_tokens_meant_for_aws(graph):
    (provider,) = graph.of("OpenIdConnectProvider")
    assert provider.properties["url"] == f"https://{ISSUER}"
    assert provider.properties["clientIdLists"] == ["sts.amazonaws.com"]


def test_only_the_named_jobs_are_let_in(graph):
    role = graph.named("prod-publisher-role")
    (trusted,) = json.loads(role.properties["assumeRolePolicy"])["Statement"]
    assert trusted["Action"] == ["sts:AssumeRoleWithWebIdentity"]
    assert trusted["Principal"] == {"Federated": "@prod-publisher-issuer.arn@"}
    assert trusted["Condition"] == {
        "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"},
        "StringLike": {f"{ISSUER}:sub": [SUBJECT]},
    }
    assert role.properties["maxSessionDuration"] == 3600


@pytest.mark.parametrize("key", ["blobs/sha256/ab/abc", "models/m/2/manifest.json"])
@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"])
def test_versions_and_their_content_can_be_published(statements, action, key):
    assert decided(statements, action, f"{STORE}/{key}") == "Allow"


@pytest.mark.parametrize("action", ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"])
def test_releasing_is_denied_whatever_else_is_allowed(statements, action):
    assert decided(statements, action, f"{STORE}/releases/prod/m.json") == "Deny"


@pytest.mark.parametrize("key", ["nodes/prod/i-1.json", "engines/k/e.plan"])
def test_what_servers_write_is_not_the_publishers(statements, key):
    assert decided(statements, "s3:PutObject", f"{STORE}/{key}") == "nothing"


def test_nothing_published_can_be_deleted(statements):
    allowed = {a for s in statements if s["Effect"] == "Allow" for a in s["Action"]}
    assert not {action for action in allowed if "Delete" in action}
    assert not {action for action in allowed if "*" in action}


def test_images_are_pushed_to_the_environments_repository(statements):
    assert decided(statements, "ecr:PutImage", IMAGES) == "Allow"
    assert decided(statements, "ecr:PutImage", f"{IMAGES}-other") == "nothing"
    wide = [s for s in statements if "*" in s["Resource"]]
    assert [s["Action"] for s in wide] == [["ecr:GetAuthorizationToken"]]


def test_uploads_are_encrypted_with_the_stores_key_and_nothing_else_is(statements):
    (use,) = [s for s in statements if "kms:GenerateDataKey" in s["Action"]]
    assert use["Resource"] == [KEY]
    assert use["Condition"] == {
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": [STORE, f"{STORE}/*"]}
    }


def test_the_provider_that_an_account_has_already_is_used_and_not_made_again():
    arn = f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"
    settings = replace(SETTINGS, publisher_issuer=arn)
    graph = record(
        lambda: Publisher("dev-publisher", PublisherArgs(settings, KEY, STORE, IMAGES)) and None
    )
    assert not graph.of("OpenIdConnectProvider")
    role = graph.named("dev-publisher-role")
    (trusted,) = json.loads(role.properties["assumeRolePolicy"])["Statement"]
    assert trusted["Principal"] == {"Federated": arn}
    assert trusted["Condition"]["StringEquals"] == {f"{ISSUER}:aud": "sts.amazonaws.com"}
