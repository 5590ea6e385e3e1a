"""References to resources as made-up literals: of all of them, or of those that are left out."""

import json

import pytest

from slipway.stack.terraform.literals import cut, literal, references
from slipway.stack.terraform.made_up import MadeUp
from tests.unit.stack.terraform.provider import REQUIREMENT, schema


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    return schema(tmp_path_factory.mktemp("schema"))


@pytest.fixture(scope="module")
def made_up(known):
    return MadeUp(known, "eu-central-1")


def document(**resources):
    """`type__label` and its body."""
    found = {"terraform": REQUIREMENT, "provider": {"aws": [{"region": "eu-central-1"}]}}
    for name, body in resources.items():
        type_, label = name.split("__")
        found.setdefault("resource", {}).setdefault(type_, {})[label] = body
    return found


TEXT = (
    "${aws_sns_topic.a.arn} $${aws_sns_topic.a.id} ${aws_sns_topic.gone.id} plain "
    'aws_sns_topic.a.x ${base64encode("n ${tolist(aws_route53_zone.z.name_servers)[0]}")}'
)


def test_the_references_of_a_template_are_those_to_resources_that_are_there():
    there = document(aws_sns_topic__a={}, aws_route53_zone__z={})
    assert list(references(there, TEXT)) == [
        ("aws_sns_topic", "a", "arn"),
        ("aws_route53_zone", "z", "name_servers"),
    ]


def test_every_reference_becomes_a_local_value(known, made_up):
    found = literal(
        document(
            aws_sns_topic__a={"name": "it"},
            aws_ssm_parameter__b={
                "value": "${aws_sns_topic.a.arn} $${aws_sns_topic.a.arn}",
                "name": "${aws_sns_topic.a.name}",
                "depends_on": ["aws_sns_topic.a"],
            },
        ),
        known,
        made_up,
    )
    body = found["resource"]["aws_ssm_parameter"]["b"]
    assert body["value"] == "${local.m_aws_sns_topic__a.arn} $${aws_sns_topic.a.arn}"
    assert body["name"] == "${local.m_aws_sns_topic__a.name}"
    assert "depends_on" not in body
    given = found["locals"]["m_aws_sns_topic__a"]
    assert given["name"] == "it", "what the program says is not made up"
    assert given["arn"].startswith("arn:aws:sns:")
    assert found["output"]["made_up"]["value"] == {
        "m_aws_sns_topic__a": "${local.m_aws_sns_topic__a}"
    }


def test_the_document_itself_stays_as_it_is(known, made_up):
    before = document(
        aws_sns_topic__a={}, aws_sns_topic__b={"policy": "${aws_sns_topic.a.arn}", "depends_on": []}
    )
    copy = json.loads(json.dumps(before))
    literal(before, known, made_up)
    assert before == copy


def test_a_value_that_itself_refers_is_followed(known, made_up):
    found = literal(
        document(
            aws_sns_topic__a={},
            aws_sns_topic__b={"name": "b-${aws_sns_topic.a.id}"},
            aws_sns_topic__c={"policy": "${aws_sns_topic.b.name}"},
        ),
        known,
        made_up,
    )
    assert found["locals"]["m_aws_sns_topic__b"] == {"name": "b-${local.m_aws_sns_topic__a.id}"}


def test_a_list_that_is_read_has_an_item(known, made_up):
    found = literal(
        document(
            aws_route53_zone__z={},
            aws_ssm_parameter__p={"value": "${aws_route53_zone.z.name_servers[0]}"},
        ),
        known,
        made_up,
    )
    (server,) = found["locals"]["m_aws_route53_zone__z"]["name_servers"]
    assert server.startswith("unknown-")


def test_references_of_a_provider_are_replaced_too(known, made_up):
    stack = document(aws_sns_topic__a={})
    stack["provider"]["aws"].append({"alias": "x", "profile": "${aws_sns_topic.a.name}"})
    found = literal(stack, known, made_up)
    assert found["provider"]["aws"][1]["profile"] == "${local.m_aws_sns_topic__a.name}"


def test_what_is_cut_out_reads_made_up_values_of_what_is_left_out(known, made_up):
    whole = document(
        aws_sns_topic__a={"name": "a"},
        aws_sns_topic__b={
            "name": "${aws_sns_topic.a.arn} ${aws_sns_topic.a.name} ${aws_sns_topic.c.arn}",
            "depends_on": ["aws_sns_topic.a", "aws_sns_topic.c"],
        },
        aws_sns_topic__c={},
    )
    found = cut(whole, known, made_up, {"aws_sns_topic.b", "aws_sns_topic.c"})
    local = "local.m_aws_sns_topic__a"
    assert found["resource"] == {
        "aws_sns_topic": {
            "b": {
                "name": f"${{{local}.arn}} ${{{local}.name}} ${{aws_sns_topic.c.arn}}",
                "depends_on": ["aws_sns_topic.c"],
            },
            "c": {},
        }
    }
    assert found["locals"]["m_aws_sns_topic__a"]["name"] == "a"
    assert "output" not in found


def test_a_reader_is_given_the_same_whether_all_or_a_part_is_planned(known, made_up):
    whole = document(aws_sns_topic__a={}, aws_sns_topic__b={"name": "${aws_sns_topic.a.arn}"})
    kept = {"aws_sns_topic.b"}
    every, part, rest = (
        literal(whole, known, made_up),
        literal(whole, known, made_up, kept),
        cut(whole, known, made_up, kept),
    )
    assert every["locals"] == part["locals"] == rest["locals"]
    assert set(every["resource"]["aws_sns_topic"]) == {"a", "b"}
    assert set(part["resource"]["aws_sns_topic"]) == {"b"}
