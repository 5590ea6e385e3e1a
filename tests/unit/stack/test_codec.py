"""A graph as JSON and back."""

import dataclasses
import json

import pytest

from slipway.stack.codec import from_json, to_json
from slipway.stack.graph import Graph, Question, Reference, Resource
from tests.stacks import evaluated

FULL = Graph(
    project="slipway",
    stack="dev",
    resources=(
        Resource(
            urn="urn:pulumi:dev::slipway::x:y:Z::a",
            type="x:y:Z",
            name="a",
            parent="urn:parent",
            custom=True,
            properties={"list": [1, {"deep": [True, None, 0.5, "ü"]}], "empty": []},
            provider="urn:provider::id",
            protect=True,
            depends_on=("urn:b",),
            property_dependencies={"list": ("urn:b", "urn:c"), "none": ()},
            ignore_changes=("x",),
            replace_on_changes=("y",),
            delete_before_replace=True,
            retain_on_delete=True,
            deleted_with="urn:d",
            aliases=("urn:old",),
            import_id="i-1",
            timeouts={"create": "5m"},
            secrets=("list[0]",),
            source="a.py:1",
        ),
    ),
    outputs={"out": [1, "@a.id@"]},
    references={"@a.id@": Reference("urn:a", "id")},
    declared={"x:y:Z": ("list", "empty")},
    output_secrets=("out",),
    region="eu-central-1",
    questions=(Question("urn:q::ask", "aws:ec2/getVpc:getVpc", {"default": True}, "urn:provider"),),
)


def carried(graph):
    return from_json(json.loads(json.dumps(to_json(graph))))


def test_every_field_comes_back_as_it_was():
    assert carried(FULL) == FULL


def test_every_field_of_the_example_differs_from_its_default():
    for value in (FULL, FULL.resources[0]):
        for field in dataclasses.fields(value):
            defaults = (dataclasses.MISSING, "", (), {}, False)
            assert getattr(value, field.name) not in defaults, field.name


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_a_recorded_stack_comes_back_as_it_was(environment):
    graph = evaluated(environment)
    assert carried(graph) == graph


def test_an_empty_stack_comes_back_as_it_was():
    empty = Graph("a", "b", (), {}, {})
    assert carried(empty) == empty
