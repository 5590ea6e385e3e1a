"""A stack of made-up values as a state: what its readers were given is what it has."""

import json

import pytest

from slipway.stack.terraform.base import state_of
from slipway.stack.terraform.made_up import MadeUp
from tests.unit.stack.terraform.provider import schema


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    return schema(tmp_path_factory.mktemp("schema"))


@pytest.fixture(scope="module")
def made_up(known):
    return MadeUp(known, "eu-central-1")


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
