"""Which statement covers which: wildcards, principals, and conditions that imply others."""

import json

import pytest

from slipway.stack.exposure.statements import Condition, Document, Grant, document, matches
from slipway.stack.exposure.view import View
from tests.unit.stack.exposure.graphs import graph, policy, resource, statement


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("s3:*", "s3:GetObject", True),
        ("s3:Get*", "s3:*", False),
        ("*", "s3:Get*", True),
        ("a/*", "a/b/*", True),
        ("a/b/*", "a/*", False),
        ("a?", "ab", True),
        ("a?", "a*", False),
        ("a.c", "abc", False),
    ],
)
def test_a_pattern_matches_what_the_other_one_matches(pattern, text, expected):
    assert matches(pattern, text) is expected


def grant(*conditions, **more):
    fields = {"effect": "Allow", "principal": "", "action": "s3:GetObject", "resource": "a/*"}
    return Grant(**{**fields, **more}, conditions=frozenset(conditions))


def test_actions_are_compared_without_case_and_resources_with_it():
    assert grant(action="S3:get*").covers(grant())
    assert not grant(resource="A/*").covers(grant())


def test_anybody_covers_a_principal_and_an_account_covers_no_role_of_it():
    root, role = ("AWS:arn:aws:iam::1:root", "AWS:arn:aws:iam::1:role/r")
    assert grant(principal="*").covers(grant(principal=role))
    assert not grant(principal=root).covers(grant(principal=role))


def when(operator, *values, key="aws:x"):
    return Condition(operator, key, tuple(sorted(values)))


@pytest.mark.parametrize(
    ("given", "wanted", "expected"),
    [
        (when("StringEquals", "a"), when("StringEquals", "a", "b"), True),
        (when("StringEquals", "a", "b"), when("StringEquals", "a"), False),
        (when("StringEquals", "ab"), when("StringLike", "a*"), True),
        (when("StringLike", "a*"), when("StringEquals", "a*"), False),
        (when("StringEquals", "a"), when("StringEqualsIfExists", "a"), True),
        (when("StringEqualsIfExists", "a"), when("StringEquals", "a"), False),
        (when("StringEqualsIfExists", "a"), when("StringLike", "a"), False),
        (when("StringNotEquals", "a", "b"), when("StringNotEquals", "a"), True),
        (when("StringNotEquals", "a"), when("StringNotEquals", "a", "b"), False),
        (when("IpAddress", "10.1.0.0/16"), when("IpAddress", "10.0.0.0/8"), True),
        (when("IpAddress", "10.0.0.0/8"), when("IpAddress", "10.1.0.0/16"), False),
        (when("IpAddress", "fd00::/8"), when("IpAddress", "10.1.0.0/16"), False),
        (when("IpAddress", "@vpc.cidr@"), when("IpAddress", "10.1.0.0/16"), False),
        (when("ArnLike", "arn:a:*"), when("ArnEquals", "arn:*"), True),
        (when("Bool", "true"), when("Bool", "true", key="aws:y"), False),
        (when("NumericLessThan", "5"), when("NumericLessThan", "9"), False),
    ],
)
def test_a_condition_implies_one_that_holds_whenever_it_does(given, wanted, expected):
    assert grant(wanted).covers(grant(given)) is expected


def test_fewer_conditions_cover_more_and_more_cover_fewer_not():
    assert grant().covers(grant(when("Bool", "true")))
    assert not grant(when("Bool", "true")).covers(grant())


def test_what_is_denied_in_every_case_is_not_allowed():
    both = Document(frozenset({grant(), grant(effect="Deny", resource="*")}))
    sometimes = Document(frozenset({grant(), grant(when("Bool", "true"), effect="Deny")}))
    assert both.allows() == frozenset()
    assert sometimes.allows() == frozenset({grant()})


def read(*statements):
    return document(View(graph()), policy(*statements))


def test_a_statement_is_taken_apart_into_one_action_on_one_resource():
    found = read(statement(["a:B", "a:C"], ["x", "y"], Principal={"AWS": ["1", "*"]}))
    assert len(found.grants) == 8
    assert {each.principal for each in found.grants} == {"AWS:arn:aws:iam::1:root", "*"}


def test_lists_of_one_and_the_order_of_values_make_no_difference():
    one = statement("a:B", "x", Condition={"StringEquals": {"k": ["2", "1"]}})
    other = statement(["a:B"], ["x"], Condition={"StringEquals": {"k": ["1", "2"]}}, Sid="S")
    assert read(one) == read(other)
    assert document(View(graph()), json.loads(policy(one))) == read(other)


@pytest.mark.parametrize("key", ["NotAction", "NotResource", "NotPrincipal"])
def test_a_statement_on_what_it_does_not_match_is_opaque(key):
    found = read({"Effect": "Allow", "Action": "a:B", key: "x"})
    assert found.grants == frozenset()
    assert len(found.opaque) == 1


def test_what_is_no_policy_is_opaque():
    assert document(View(graph()), "@policy.json@").opaque == {"@policy.json@"}
    assert document(View(graph()), '{"Statement": [1]}').opaque


def test_the_arn_of_a_bucket_is_that_of_its_name():
    stack = graph(
        resource("Bucket", "b"), resource("Bucket", "user", x="@b.arn@ @b.id@ @b.bucket@")
    )
    view = View(stack)
    assert view.plain("@b.arn@/x") == view.plain("arn:aws:s3:::@b.id@/x")
    assert view.plain("@b.id@") == view.plain("@b.bucket@")
    assert view.plain("@c.id@") == "@c.id@"
