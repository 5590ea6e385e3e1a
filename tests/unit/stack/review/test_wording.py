"""Values, amounts and counts as people read them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.stack.review import wording
from slipway.stack.review.outcome import Action, Changed
from slipway.stack.terraform.differences import HIDDEN, LATER
from tests.unit.stack.review.made import LOST, costs, outcome, review, reviewed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def said(before, after):
    return wording.change(Changed("p", before, after))


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (None, "none"),
        ("", "none"),
        ([], "none"),
        ({}, "none"),
        (0, "0"),
        (False, "false"),
        ("a\n  b", "a b"),
        (["a", 1], '["a", 1]'),
        ({"ä": None}, '{"ä": null}'),
        (LATER, "known after the update"),
        (HIDDEN, "[secret]"),
        ([LATER], '["known after the update"]'),
        ("  ", "white space"),
        ("@network.id@", "{network.id}"),
        ("arn:@key.arn@/x", "arn:{key.arn}/x"),
        ("me@example.com", "me@example.com"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
    ],
)
def test_a_value_is_short_and_on_one_line(found, text):
    assert wording.value(found) == text


@given(JSON)
def test_no_value_is_longer_than_the_longest_or_on_two_lines(found):
    text = wording.value(found)
    assert len(text) <= wording.LONGEST
    assert text.splitlines() in ([text], [])


@given(JSON, JSON)
def test_every_change_can_be_said_on_one_line(before, after):
    text = said(before, after)
    assert text.startswith("p: ")
    assert "\n" not in text
    assert len(text) < 2 * wording.LONGEST + 40


def test_values_that_nobody_has_are_not_made_up():
    assert said(None, None) == "p: from what to what is not known"


def test_a_change_says_both_values():
    assert said(12, 8) == "p: 12 → 8"
    assert said(None, "a") == "p: none → a"
    assert said("a", LATER) == "p: a → known after the update"


@pytest.mark.parametrize("pair", [(HIDDEN, HIDDEN), ("hunter2", HIDDEN), (HIDDEN, "hunter2")])
def test_of_a_secret_neither_side_is_said(pair):
    assert said(*pair) == "p: a secret"


@pytest.mark.parametrize(("before", "after"), [("a  b", "a b"), (1, "1"), (True, "true")])
def test_what_would_look_the_same_is_said_to_be_written_otherwise(before, after):
    assert said(before, after).endswith(", written in another way")


def test_of_two_long_texts_the_part_that_differs_is_shown():
    start = "x" * 500
    text = said(f"{start}before{start}", f"{start}after{start}")
    assert "before" in text
    assert "after" in text
    assert "…" in text


def test_of_two_long_objects_too():
    before, after = ({"a": "x" * 100, "z": n} for n in ("one", "two"))
    assert "one" in said(before, after)
    assert "two" in said(before, after)


@pytest.mark.parametrize("cut", [0, 5, 200])
def test_a_long_text_that_goes_on_shows_where(cut):
    start = "word " * 40
    text = said(start, start + "more"[: 4 + cut])
    assert "more" in text


def test_base64_is_opened():
    before, after = (base64.b64encode(f"#!/bin/sh\n{w}".encode()).decode() for w in ("aa", "bb"))
    assert said(before, after) == "p: #!/bin/sh aa → #!/bin/sh bb"


def test_of_two_lists_what_goes_and_what_comes_is_shown():
    assert said(["a", "b", "c"], ["a", "c", "d"]) == 'p: ["b"] → ["d"]'
    assert said(["a", "b"], ["a", "b", "c"]) == 'p: none → ["c"]'
    assert said(["a", "b"], ["c", "d"]) == 'p: ["a", "b"] → ["c", "d"]'
    assert said(["a", "b"], ["b", "a"]) == 'p: ["a", "b"] → ["b", "a"]'


def test_the_cost_is_one_phrase():
    assert wording.cost(review(cost=costs(100, 100))) == "$100 a month, as before"
    assert wording.cost(review(cost=costs(1000, 1234))) == "$1,000 → $1,234 a month"


def test_the_cost_of_a_part_is_said_to_be_one():
    assert wording.cost(review(cost=costs(1, 2), whole=False)).endswith(" for what changes")


def test_counts_leave_out_what_there_is_none_of():
    assert wording.counts(review()) == "no resource changes"
    made = (Action.CREATED, Action.REPLACED, Action.REPLACED, Action.RENAMED)
    found = review(*(reviewed(outcome(action=action)) for action in made))
    assert wording.counts(found) == "1 created, 2 replaced, 1 renamed"


def test_the_verdict_asks_for_a_yes_or_for_nothing():
    assert wording.verdict(review()) == "Nothing changes."
    assert "needs a yes" in wording.verdict(review(reviewed()))
    assert wording.verdict(review(reviewed(None, LOST))) == "Somebody has to say yes to this."
