"""A stack at a glance."""

import json

import pytest

from slipway.stack.overview import HEADER, document, rows, summary
from slipway.stack.summary import components, total
from tests.stacks import evaluated
from tests.unit.stack.review.made import BUCKET, STACK, graph, resource


@pytest.fixture(scope="module")
def prod():
    return evaluated("prod")


def small(**more):
    """Two buckets in a component, and something that has no price."""
    stack = resource(STACK, "slipway-test", custom=False)
    store = resource("slipway:infra:Store", "store", custom=False, parent=stack.urn)
    inner = [resource(BUCKET, name, parent=store.urn) for name in ("one", "two")]
    odd = resource("aws:braket/job:Job", "odd", parent=store.urn)
    return graph(stack, store, *inner, odd, **more)


def test_a_row_is_a_component_with_its_size_and_its_cost():
    ((name, number, cost, of_which),) = rows(small())
    assert (name, number, of_which) == ("store", 3, "2 Bucket, Job")
    assert cost.startswith("$")
    assert len(HEADER) == 4


def test_below_the_table_stand_what_has_no_price_and_the_outputs():
    lines = list(summary(small(outputs={"b": 1, "a": "2"})))
    assert lines[0].startswith("3 resources, $")
    assert lines[1].startswith("without a price: odd, ")
    assert lines[2] == "outputs: a, b"


def test_a_stack_of_one_resource_without_outputs_needs_no_plural_and_no_line():
    (line,) = summary(graph(resource(BUCKET)))
    assert line.startswith("1 resource, $")


def test_a_stack_without_servers_has_no_line_on_them():
    assert not any(line.startswith("servers:") for line in summary(small()))


def test_an_empty_stack_costs_nothing():
    assert rows(graph()) == []
    assert next(iter(summary(graph()))).startswith("0 resources, $0 a month")
    assert document(graph())["usdAMonth"] == [0.0, 0.0]


def test_a_real_stack_says_what_its_servers_are(prod):
    lines = list(summary(prod))
    assert lines[0].startswith("servers: ")
    assert f"{total(prod)} resources" in lines[1]


def test_rows_and_document_have_every_component_and_the_same_numbers(prod):
    told = document(prod)
    names = [c.name for c in components(prod)]
    assert [row[0] for row in rows(prod)] == [c["name"] for c in told["components"]] == names
    for row, component in zip(rows(prod), told["components"], strict=True):
        assert row[1] == sum(component["resources"].values())


def test_the_lines_of_the_document_add_up_to_the_whole(prod):
    told = document(prod)
    for bound in (0, 1):
        added = sum(line["usdAMonth"][bound] for line in told["lines"])
        assert added == pytest.approx(told["usdAMonth"][bound], abs=0.01)
    assert told["assumptions"]


def test_the_document_is_json_and_names_outputs_without_their_values(prod):
    told = document(prod)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["outputs"] == sorted(prod.outputs)
