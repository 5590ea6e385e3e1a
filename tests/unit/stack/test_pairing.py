"""Which resource is which: by name, by alias, and never twice."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from slipway.stack.graph import Graph, Resource
from slipway.stack.pairing import pair


def resource(urn, *aliases):
    return Resource(urn, "aws:sns/topic:Topic", urn, "", True, {}, aliases=aliases)


def graph(*resources):
    return Graph("slipway", "test", resources, {}, {})


def test_what_is_called_the_same_is_the_same():
    found = pair(graph(resource("a"), resource("b")), graph(resource("b"), resource("c")))
    assert found.former == {"b": "b"}
    assert found.now == {"b": "b"}
    assert found.renamed == {}


def test_what_has_an_alias_is_what_was_called_so():
    found = pair(graph(resource("a")), graph(resource("b", "x", "a")))
    assert found.former == {"b": "a"}
    assert found.now == {"a": "b"}
    assert found.renamed == {"b": "a"}


def test_an_alias_that_another_resource_is_called_by_now_does_not_count():
    found = pair(graph(resource("a")), graph(resource("a"), resource("b", "a")))
    assert found.former == {"a": "a"}


def test_an_alias_does_not_count_where_the_resource_itself_was_there():
    found = pair(graph(resource("a"), resource("b")), graph(resource("b", "a")))
    assert found.former == {"b": "b"}


def test_of_two_that_claim_one_former_resource_the_first_gets_it():
    found = pair(
        graph(resource("a"), resource("x")), graph(resource("b", "a"), resource("c", "a", "x"))
    )
    assert found.former == {"b": "a", "c": "x"}


def test_a_base_that_is_empty_has_nothing_to_pair():
    assert pair(graph(), graph(resource("a", "b"))).former == {}


NAMES = st.sampled_from("abcdef")
GRAPHS = st.lists(
    st.builds(lambda urn, aliases: resource(urn, *aliases), NAMES, st.lists(NAMES, max_size=3)),
    unique_by=lambda r: r.urn,
).map(lambda found: graph(*found))


@given(GRAPHS, GRAPHS)
def test_every_resource_has_one_counterpart_at_most(base, head):
    found = pair(base, head)
    assert len(found.now) == len(found.former)
    assert set(found.former) <= {r.urn for r in head.resources}
    assert set(found.former.values()) <= {r.urn for r in base.resources}
    for now, before in found.renamed.items():
        assert before in next(r for r in head.resources if r.urn == now).aliases


@given(GRAPHS)
def test_a_graph_pairs_wholly_with_itself(both):
    assert pair(both, replace(both)).former == {r.urn: r.urn for r in both.resources}
