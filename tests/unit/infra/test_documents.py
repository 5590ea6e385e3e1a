"""Policy documents: what is written is what was meant, and what is too wide is refused."""

import json

import pytest

from infra.documents import ANYBODY, Statement, allow, deny, render, render_trust, trust
from slipway.stack.program import record

BUCKET = "arn:aws:s3:::bucket"


def written(make) -> dict:
    """The document that `make` renders, parsed; outputs exist only while a program runs."""
    found = []
    record(lambda: make().apply(found.append) and None)
    return json.loads(found[0])


@pytest.mark.parametrize("action", ["*", "s3:*", "s3:Get*"])
def test_an_allowed_action_has_no_wildcard(action):
    with pytest.raises(ValueError, match="Read: an allowed action holds a wildcard"):
        allow("Read", [action], [BUCKET])


def test_a_wildcard_may_forbid():
    assert deny("Nothing", ["s3:*"], [BUCKET]).actions == ("s3:*",)


def test_any_resource_needs_a_reason():
    with pytest.raises(ValueError, match="Measure: '\\*' as a resource needs a reason"):
        allow("Measure", ["cloudwatch:PutMetricData"], ["*"])
    allow("Measure", ["cloudwatch:PutMetricData"], ["*"], any_resource="there are none")


def test_a_statement_of_an_identity_names_no_principal():
    document = written(lambda: render(allow("Read", ["s3:GetObject"], [f"{BUCKET}/*"])))
    assert document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Action": ["s3:GetObject"],
                "Resource": [f"{BUCKET}/*"],
            }
        ],
    }


def test_conditions_and_principals_are_written_as_given():
    (statement,) = written(
        lambda: render(
            deny(
                "Tls",
                ["s3:*"],
                [BUCKET],
                principals={"AWS": ANYBODY},
                conditions={"Bool": {"aws:SecureTransport": "false"}},
            )
        )
    )["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == "*"  # without AWS around it, services are meant as well
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_services_are_trusted_without_naming_a_resource():
    (statement,) = written(
        lambda: trust(
            "ec2.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": "123456789012"}}
        )
    )["Statement"]
    assert statement == {
        "Sid": "Trust",
        "Effect": "Allow",
        "Principal": {"Service": ["ec2.amazonaws.com"]},
        "Action": ["sts:AssumeRole"],
        "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
    }


def test_an_issuer_of_tokens_is_trusted_under_its_conditions():
    (statement,) = written(
        lambda: render_trust(
            {"Federated": "arn:aws:iam::123456789012:oidc-provider/ci"},
            ["sts:AssumeRoleWithWebIdentity"],
            conditions={"StringEquals": {"ci:aud": "sts"}},
        )
    )["Statement"]
    assert "Resource" not in statement
    assert statement["Principal"] == {"Federated": "arn:aws:iam::123456789012:oidc-provider/ci"}
    assert statement["Condition"] == {"StringEquals": {"ci:aud": "sts"}}


def test_a_statement_is_a_value():
    assert Statement("A", "Allow", ("s3:GetObject",), (BUCKET,)) == allow(
        "A", ["s3:GetObject"], [BUCKET]
    )
