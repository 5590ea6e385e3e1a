"""Who may do what: statements gained and lost, whatever they are written in."""

import json

import pytest

from slipway.stack.exposure import Kind, Severity, delta
from tests.stacks import evaluated
from tests.unit.stack.exposure.graphs import (
    changed,
    closed,
    graph,
    opened,
    policy,
    resource,
    statement,
    without,
)

EC2 = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"


def role(*statements, trust=EC2, more=(), **properties):
    return graph(
        resource("Bucket", "store"),
        resource("Role", "servers", assumeRolePolicy=policy(trust), **properties),
        resource("RolePolicy", "inline", role="@servers.name@", policy=policy(*statements)),
        *more,
    )


READ = statement("s3:GetObject", "@store.arn@/*")


def test_an_action_that_is_gained_is_said_with_its_resource():
    head = role(READ, statement(["s3:DeleteObject"], "@store.arn@/blobs/*"))
    (finding,) = delta(role(READ), head)
    assert finding.said == "the role servers gains s3:DeleteObject on store/blobs/*"
    assert (finding.kind, finding.name, finding.severity) == (
        Kind.IDENTITY,
        "servers",
        Severity.LOW,
    )
    assert closed(head, role(READ)) == ["the role servers loses s3:DeleteObject on store/blobs/*"]


def test_what_a_wildcard_covers_is_not_gained():
    wide = statement("s3:*", "arn:aws:s3:::*")
    assert opened(role(wide), role(READ)) == []
    assert opened(role(READ), role(wide)) == ["the role servers gains s3:* on arn:aws:s3:::*"]
    assert delta(role(wide), role(wide, READ)) == ()


def test_a_statement_moved_to_another_policy_of_the_role_is_no_change():
    second = resource("RolePolicy", "second", role="@servers.name@", policy=policy(READ))
    own = resource("aws:iam/policy:Policy", "own", policy=policy(READ))
    link = resource(ATTACHMENT, "link", role="@servers.name@", policyArn="@own.arn@")
    base = role(READ)
    assert delta(base, role(more=[second])) == ()
    assert delta(base, role(more=[own, link])) == ()
    assert delta(base, role(inlinePolicies=[{"policy": policy(READ)}])) == ()


@pytest.mark.parametrize(
    ("action", "resources", "severity"),
    [
        ("*", "*", Severity.CRITICAL),
        ("s3:*", "@store.arn@", Severity.HIGH),
        ("iam:PassRole", "arn:x", Severity.HIGH),
        ("s3:GetObject", "*", Severity.MEDIUM),
        ("s3:GetObject", "@store.arn@/*", Severity.LOW),
    ],
)
def test_wildcards_and_what_leads_to_more_are_graver(action, resources, severity):
    (finding,) = delta(role(), role(statement(action, resources)))
    assert finding.severity == severity


def test_a_condition_that_is_dropped_is_wider_and_one_added_is_narrower():
    when = {"Condition": {"StringLike": {"s3:prefix": ["models/*"]}}}
    base = role(statement("s3:ListBucket", "@store.arn@", **when))
    head = role(statement("s3:ListBucket", "@store.arn@"))
    (finding,) = delta(base, head)
    assert finding.said == (
        "the role servers gains s3:ListBucket on store; earlier only s3:prefix StringLike models/*"
    )
    assert finding.severity == Severity.MEDIUM
    assert opened(head, base) == []
    assert len(closed(head, base)) == 1


def test_a_denial_that_is_gone_is_wider_and_a_new_one_narrower():
    deny = statement("s3:DeleteObject", "@store.arn@/*", effect="Deny")
    (finding,) = delta(role(READ, deny), role(READ))
    assert finding.said == "the role servers is no longer denied s3:DeleteObject on store/*"
    assert finding.severity == Severity.MEDIUM
    assert closed(role(READ), role(READ, deny)) == [
        "the role servers is now denied s3:DeleteObject on store/*"
    ]


def test_a_denial_on_less_is_wider():
    wide, narrow = (
        statement("s3:*", f"@store.arn@/{prefix}", effect="Deny") for prefix in ("*", "a/*")
    )
    assert len(opened(role(wide), role(narrow))) == 1
    assert opened(role(narrow), role(wide)) == []


@pytest.mark.parametrize("key", ["NotAction", "NotResource"])
def test_what_cannot_be_compared_is_said_so(key):
    (finding,) = delta(role(), role({"Effect": "Allow", key: "s3:*"}))
    assert not finding.certain
    assert finding.wider
    assert f"gains a statement that cannot be compared: it says {key}" in finding.said


def test_a_managed_policy_of_aws_is_said_by_its_arn():
    arn = "arn:aws:iam::aws:policy/{}"
    ssm = resource(ATTACHMENT, "link", role="@servers.name@", policyArn=arn.format("Ssm"))
    admin = changed(role(), "servers", managedPolicyArns=[arn.format("AdministratorAccess")])
    (finding,) = delta(role(), role(more=[ssm]))
    assert "gains the managed policy arn:aws:iam::aws:policy/Ssm" in finding.said
    assert finding.severity == Severity.MEDIUM
    assert [f.severity for f in delta(role(), admin)] == [Severity.CRITICAL]
    assert [f.wider for f in delta(admin, role())] == [False]


def test_who_may_assume_a_role_is_said():
    other = {**EC2, "Principal": {"AWS": "111122223333"}}
    base, head = role(), role(trust=other)
    assert opened(base, head) == [
        "arn:aws:iam::111122223333:root is now allowed to assume the role servers"
    ]
    assert closed(base, head) == [
        "ec2.amazonaws.com is no longer allowed to assume the role servers"
    ]
    anybody = delta(base, role(trust={**EC2, "Principal": "*"}))
    assert [(f.kind, f.severity) for f in anybody if f.wider] == [(Kind.PUBLIC, Severity.CRITICAL)]


def test_a_boundary_that_is_gone_is_wider():
    base = role(permissionsBoundary="arn:aws:iam::aws:policy/Limits")
    assert opened(base, role()) == [
        "the role servers is no longer held within a permissions boundary"
    ]
    assert closed(role(), base) == ["the role servers is now held within a permissions boundary"]
    other = changed(base, "servers", permissionsBoundary="arn:aws:iam::aws:policy/Others")
    assert [f.certain for f in delta(base, other)] == [False, False]


def bucket(*statements):
    return graph(
        resource("Bucket", "store"),
        resource(
            "aws:s3/bucketPolicy:BucketPolicy",
            "policy",
            bucket="@store.id@",
            policy=policy(*statements),
        ),
    )


def test_a_bucket_that_lets_in_anybody_is_public():
    anybody = statement("s3:GetObject", "@store.arn@/*", Principal="*")
    (finding,) = delta(bucket(), bucket(anybody))
    assert finding.said == (
        "anybody is now allowed s3:GetObject on store/*, by the policy of store"
    )
    assert (finding.kind, finding.severity, finding.name) == (
        Kind.PUBLIC,
        Severity.CRITICAL,
        "store",
    )


def test_a_policy_that_is_deleted_takes_its_denials_with_it():
    deny = statement("s3:*", "@store.arn@/*", effect="Deny", Principal="*")
    base = bucket(deny)
    assert opened(base, without(base, "policy")) == [
        "anybody is no longer denied s3:* on store/*, by the policy of store"
    ]
    assert delta(base, without(base, "policy", "store")) == ()


def test_a_key_without_a_policy_has_that_of_its_account():
    given = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Principal": {"AWS": "1"}}
    own = graph(resource("Key", "key", policy=policy(given)))
    assert opened(own, graph(resource("Key", "key"))) == [
        "the account of the stack is now allowed kms:* on *, by the policy of key"
    ]


def endpoint(*statements, **properties):
    if statements:
        properties = {"policy": policy(*statements)}
    return graph(resource("aws:ec2/vpcEndpoint:VpcEndpoint", "to-s3", **properties))


def test_an_endpoint_without_a_policy_lets_all_through():
    own = statement("s3:GetObject", "arn:aws:s3:::own/*", Principal="*")
    (finding,) = delta(endpoint(own), endpoint())
    assert finding.said == "the endpoint to-s3 now lets through * on * by anybody"
    assert finding.severity == Severity.MEDIUM
    assert [f.wider for f in delta(endpoint(), endpoint(own))] == [False]
    assert opened(endpoint(own), graph()) == [
        "the endpoint to-s3 is gone, and with it the limits of its policy"
    ]
    assert delta(endpoint(), graph()) == ()


def test_a_token_of_a_renamed_resource_is_the_same_one():
    base = role(READ)
    head = graph(
        resource("Bucket", "models"),
        *changed(
            without(base, "store"),
            "inline",
            policy=policy(statement("s3:GetObject", "@models.arn@/*")),
        ).resources,
    )
    renamed = {base.named("store").urn: head.named("models").urn}
    assert delta(base, head, renamed) == ()
    assert opened(base, head)


def test_the_real_roles_are_compared_statement_by_statement():
    base = evaluated("prod")
    held = json.loads(base.named("prod-server-instance", "RolePolicy").properties["policy"])
    held["Statement"].append(statement("s3:DeleteObject", "@prod-store-bucket.arn@/*"))
    held["Statement"].reverse()
    head = changed(base, "prod-server-instance", "RolePolicy", policy=json.dumps(held))
    assert [f.said for f in delta(base, head)] == [
        "the role prod-server-instance gains s3:DeleteObject on prod-store-bucket/*"
    ]
