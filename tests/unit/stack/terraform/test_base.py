"""A stack of made-up values as a state: what its readers were given is what it has."""

import json

import pytest

from slipway.stack.terraform.base import literal, references, state_of
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


def planned(address, after, unknown, sensitive=None):
    change = {"after": after, "after_unknown": unknown, "after_sensitive": sensitive or {}}
    return {
        "address": address,
        "type": address.split(".")[0],
        "mode": "managed",
        "provider": 'provider["x/hashicorp/aws"]',
        "change": change,
    }


def state(made_up, known, *changes, given=None, places=None):
    outputs = {"made_up": {"value": given}} if given else {}
    found = {"resource_changes": list(changes), "planned_values": {"outputs": outputs}}
    return state_of(found, known, made_up, places or {})


def test_a_plan_becomes_a_state_that_is_whole(known, made_up):
    found = state(
        made_up,
        known,
        planned("aws_sns_topic.a", {"name": "x"}, {"id": True, "arn": True}),
        given={"m_aws_sns_topic__a": {"arn": "arn:0123abcd"}},
    )
    (resource,) = found.document["resources"]
    (instance,) = resource["instances"]
    assert found.document["version"] == 4
    assert (resource["mode"], resource["type"], resource["name"]) == (
        "managed", "aws_sns_topic", "a",
    )  # fmt: skip
    assert instance["attributes"]["arn"] == "arn:0123abcd"
    assert instance["attributes"]["name"] == "x"
    assert instance["attributes"]["id"]
    assert set(found.made["aws_sns_topic.a"]) == {"id", "arn"}
    assert found.values == {
        "arn:0123abcd": "aws_sns_topic.a.arn",
        instance["attributes"]["id"]: "aws_sns_topic.a.id",
    }
    json.dumps(found.document)


def test_a_state_has_the_version_of_the_types_schema(known, made_up):
    found = state(made_up, known, planned("aws_vpc.net", {}, {"id": True}))
    assert found.document["resources"][0]["instances"][0]["schema_version"] == 1


def test_a_resource_is_where_it_is_called_now(known, made_up):
    places = {"aws_sns_topic.old": "aws_sns_topic.new"}
    found = state(made_up, known, planned("aws_sns_topic.old", {}, {"id": True}), places=places)
    assert found.document["resources"][0]["name"] == "new"
    assert set(found.made) == {"aws_sns_topic.new"}
    same = state(made_up, known, planned("aws_sns_topic.old", {}, {"id": True}))
    ids = [s.document["resources"][0]["instances"][0]["attributes"]["id"] for s in (found, same)]
    assert ids[0] == ids[1], "its values are those of the place where its readers read them"


def test_what_is_sensitive_is_marked_in_the_state(known, made_up):
    sensitive = {"value": True, "tags": {"a.b": True}, "list": [{"x": True}, {}]}
    found = state(made_up, known, planned("aws_ssm_parameter.p", {"value": "x"}, {}, sensitive))
    marks = found.document["resources"][0]["instances"][0]["sensitive_attributes"]
    assert marks == [
        [{"type": "get_attr", "value": "value"}],
        [{"type": "get_attr", "value": "tags"}, {"type": "get_attr", "value": "a.b"}],
        [
            {"type": "get_attr", "value": "list"},
            {"type": "index", "value": {"value": 0, "type": "number"}},
            {"type": "get_attr", "value": "x"},
        ],
    ]


def test_what_is_only_read_is_no_resource_of_the_state(known, made_up):
    data = {**planned("aws_sns_topic.a", {}, {}), "mode": "data"}
    assert state(made_up, known, data).document["resources"] == []


def test_a_made_up_value_that_people_could_have_written_is_not_looked_for(known, made_up):
    given = {"m_aws_sns_topic__a": {"arn": "slipway-prod"}}
    found = state(made_up, known, planned("aws_sns_topic.a", {}, {"arn": True}), given=given)
    assert found.made["aws_sns_topic.a"] == ("arn",)
    assert not found.values


def test_short_made_up_values_are_not_looked_for_in_texts(known, made_up):
    found = state(made_up, known, planned("aws_launch_template.a", {}, {"latest_version": True}))
    assert found.made["aws_launch_template.a"] == ("latest_version",)
    assert not found.values
