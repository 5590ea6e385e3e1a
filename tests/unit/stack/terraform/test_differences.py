"""What differs between two versions of a resource, and what only looks so."""

from hypothesis import given
from hypothesis import strategies as st

from slipway.stack.terraform.differences import HIDDEN, LATER, differences


def found(before, after, unknown=None, before_sensitive=None, after_sensitive=None):
    change = {
        "before": before,
        "after": after,
        "after_unknown": unknown if unknown is not None else {},
        "before_sensitive": before_sensitive or {},
        "after_sensitive": after_sensitive or {},
    }
    return [(d.path, d.before, d.after) for d in differences(change)]


def test_what_is_the_same_does_not_differ():
    both = {"a": "x", "b": [1, {"c": None}], "d": {"e": True}}
    assert found(both, dict(both)) == []


def test_a_value_that_differs_is_named_with_both():
    assert found({"a": 1}, {"a": 2}) == [("a", 1, 2)]
    assert found({"a": True}, {"a": False}) == [("a", True, False)]


def test_nested_paths_are_terraforms():
    before = {"a": [{"b": {"c": 1}}, {"b": {"c": 2}}]}
    after = {"a": [{"b": {"c": 1}}, {"b": {"c": 3}}]}
    assert found(before, after) == [("a.1.b.c", 2, 3)]


def test_empty_and_absent_are_the_same():
    for nothing in (None, "", [], {}, False, 0):
        assert found({"a": nothing}, {"a": None}) == []
        assert found({"a": None}, {"a": nothing}) == []
        assert found({}, {"a": nothing}) == []
    assert found({"a": [{"b": ""}]}, {"a": [{"b": None}]}) == []


def test_a_value_that_is_gone_or_new_differs():
    assert found({"a": "x"}, {}) == [("a", "x", None)]
    assert found({"tags": None}, {"tags": {"k": "v"}}) == [("tags.k", None, "v")]
    assert found({"a": []}, {"a": ["x"]}) == [("a", [], ["x"])]
    assert found({"a": [{"b": 1}]}, {"a": []}) == [("a", [{"b": 1}], [])]


def test_an_unknown_value_is_known_later():
    assert found({"a": "x", "b": 1}, {"b": 1}, {"a": True}) == [("a", "x", LATER)]
    assert found({"a": {"b": "x"}}, {"a": {}}, {"a": {"b": True}}) == [("a.b", "x", LATER)]
    assert found({"a": ["x"]}, {"a": [None]}, {"a": [True]}) == [("a", ["x"], LATER)]
    assert found({"a": []}, {"a": [None, None]}, {"a": [False, True]}) == [("a", [], LATER)]
    before, after = {"a": [{"b": "x", "c": 1}]}, {"a": [{"c": 1}]}
    assert found(before, after, {"a": [{"b": True}]}) == [("a.0.b", "x", LATER)]
    assert found({"a": "x"}, {"a": "x"}, {"a": False}) == []


def test_items_that_only_have_another_place_beside_one_that_changed_are_no_difference():
    one, two, three = {"p": 1}, {"p": 2, "q": [1]}, {"p": 3}
    assert found({"a": [one, two, three]}, {"a": [{"p": 4}, one, two]}) == [("a.0.p", 3, 4)]


def test_a_list_in_another_order_and_nothing_else_differs_as_a_whole():
    # Terraform writes equal sets in the same order: so it is a list, and its order tells.
    one, two = {"p": 1}, {"p": 2}
    assert found({"a": [one, two]}, {"a": [two, one]}) == [("a", [one, two], [two, one])]
    assert found({"a": ["x", "y"]}, {"a": ["y", "x"]}) == [("a", ["x", "y"], ["y", "x"])]


def test_of_a_set_in_another_order_only_what_changed_differs():
    before = {"a": [{"p": 1, "q": "a"}, {"p": 2, "q": "b"}, {"p": 3, "q": "c"}]}
    after = {"a": [{"p": 3, "q": "c"}, {"p": 2, "q": "z"}, {"p": 1, "q": "a"}]}
    assert found(before, after) == [("a.1.q", "b", "z")]


def test_items_that_are_there_twice_are_counted():
    x, y = {"p": 1}, {"p": 2}
    assert found({"a": [x, x, y]}, {"a": [x, y, y]}) == [("a.2.p", 1, 2)]


def test_an_item_with_something_unknown_is_never_taken_for_another():
    before = {"a": [{"p": 1, "q": None}, {"p": 2, "q": "b"}]}
    after = {"a": [{"p": 1, "q": None}, {"p": 2, "q": None}]}
    assert found(before, after, {"a": [{}, {"q": True}]}) == [("a.1.q", "b", LATER)]


def test_secrets_are_hidden_and_still_differ():
    assert found({"a": "x"}, {"a": "y"}, None, {"a": True}) == [("a", HIDDEN, HIDDEN)]
    assert found({"a": "x"}, {"a": "y"}, None, None, {"a": True}) == [("a", HIDDEN, HIDDEN)]
    before, after = {"v": [{"n": "a", "s": "x"}]}, {"v": [{"n": "b", "s": "y"}]}
    assert found(before, after, None, {"v": [{"s": True}]}) == [
        ("v.0.n", "a", "b"),
        ("v.0.s", HIDDEN, HIDDEN),
    ]
    assert found({"m": {"k": "x"}}, {"m": {"k": "y"}}, None, {"m": True}) == [
        ("m.k", HIDDEN, HIDDEN)
    ]
    assert found({"a": "x"}, {}, {"a": True}, {"a": True}) == [("a", HIDDEN, HIDDEN)]
    assert "secret" in repr(HIDDEN)
    assert "known after" in repr(LATER)


def test_a_list_that_holds_a_secret_is_hidden_as_a_whole():
    assert found({"a": ["x"]}, {"a": ["x", "y"]}, None, {"a": [True]}) == [("a", HIDDEN, HIDDEN)]
    before, after = {"a": [{"b": {"c": "x"}}]}, {"a": []}
    assert found(before, after, None, {"a": [{"b": {"c": True}}]}) == [("a", HIDDEN, HIDDEN)]


def test_a_secret_whose_item_moved_in_a_set_stays_hidden():
    before = {"v": [{"s": "new", "n": 1}, {"s": "old", "n": 2}]}
    after = {"v": [{"s": "third", "n": 2}, {"s": "new", "n": 1}]}
    shown = found(before, after, None, {"v": [{}, {"s": True}]}, {"v": [{}, {}]})
    assert "old" not in str(shown)


def test_a_secret_under_a_key_with_dots_is_hidden():
    before, after = {"tags": {"a.b/c": "x"}}, {"tags": {"a.b/c": "y"}}
    marked = {"tags": {"a.b/c": True}}
    assert found(before, after, None, marked) == [("tags.a.b/c", HIDDEN, HIDDEN)]


def test_the_marks_of_a_plan_file_count_as_those_that_terraform_shows():
    before, after = {"v": [{"s": "x"}]}, {"v": [{"s": "y"}]}
    for marks in ({"v": [{"s": True}]}, {"v": {0: {"s": True}}}, {"v": True}):
        assert found(before, after, None, marks) == [("v.0.s", HIDDEN, HIDDEN)]


def test_a_value_of_another_kind_differs_as_a_whole():
    assert found({"a": {"b": 1}}, {"a": "x"}) == [("a", {"b": 1}, "x")]
    assert found({"a": [{"b": 1}]}, {"a": {"b": 1}}) == [("a", [{"b": 1}], {"b": 1})]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "x", "y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)
BODIES = st.dictionaries(st.sampled_from("abc"), VALUES)


@given(BODIES)
def test_nothing_differs_from_itself(body):
    assert found(body, body) == []


@given(BODIES, BODIES)
def test_every_difference_is_one(before, after):
    for path, old, new in found(before, after):
        assert old != new, path


@given(BODIES, BODIES)
def test_a_wholly_secret_resource_shows_nothing(before, after):
    secret = dict.fromkeys("abc", True)
    assert all(d[1:] == (HIDDEN, HIDDEN) for d in found(before, after, None, secret, secret))
