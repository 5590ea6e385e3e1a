"""A resource that is created while another just like it is deleted."""

from dataclasses import replace

import pytest

from slipway.stack.review.impact import Grade
from slipway.stack.review.outcome import Action
from slipway.stack.review.renames import Twin, consequence, likely
from tests.unit.stack.review.made import BUCKET, VPC, graph, outcome, resource


def found(old, new, *, gone=Action.DELETED):
    """The twins of what is created, by name, where all of `old` goes and all of `new` comes."""
    told = [
        *(outcome(r.type, r.name, Action.CREATED) for r in new),
        *(outcome(r.type, r.name, gone) for r in old),
    ]
    twins = likely(told, graph(*old), graph(*new, *(old if gone is not Action.DELETED else ())))
    return {urn.rpartition("::")[2]: twin.old.name for urn, twin in twins.items()}


def bucket(name, /, **properties):
    return resource(BUCKET, name, properties)


def test_it_seems_to_be_the_same_under_another_name():
    assert found([bucket("old", bucket="a")], [bucket("new", bucket="a")]) == {"new": "old"}


def test_what_it_refers_to_may_have_another_name_too():
    old, new = bucket("old", key="@old-key.arn@"), bucket("new", key="@new-key.arn@")
    assert found([old], [new]) == {"new": "old"}


@pytest.mark.parametrize(
    "new", [bucket("new", bucket="b"), bucket("new"), resource(VPC, "new", {"bucket": "a"})]
)
def test_another_type_or_other_properties_make_it_another(new):
    assert found([bucket("old", bucket="a")], [new]) == {}


def test_each_of_those_that_go_is_the_twin_of_one_alone():
    one, two, old = (bucket(name, bucket="a") for name in ("one", "two", "old"))
    assert found([old], [one, two]) == {}, "a component is renamed as a whole"
    assert found([old], [one, replace(two, parent="elsewhere")]) == {"one": "old"}


def test_a_component_of_which_something_is_new_is_no_rename():
    one, more, old = (
        bucket("one", bucket="a"),
        bucket("more", bucket="b"),
        bucket("old", bucket="a"),
    )
    assert found([old], [one, more]) == {}


def test_what_has_no_properties_is_like_nothing():
    assert found([bucket("old")], [bucket("new")]) == {}


def test_what_stays_is_nobodys_twin():
    assert found([bucket("old")], [bucket("new")], gone=Action.UPDATED) == {}


def test_an_alias_would_keep_it():
    told = consequence(Twin(bucket("new"), bucket("old"), ""))
    assert told.grade is Grade.MEDIUM
    assert "it looks like old under another name: an alias would keep it" in told.sentence
    assert "like store under" in consequence(Twin(bucket("new"), bucket("old"), "store")).sentence


@pytest.mark.parametrize("key", ["name", "bucket"])
def test_a_name_that_is_taken_is_refused(key):
    told = consequence(Twin(bucket("new", **{key: "a"}), bucket("old", **{key: "a"}), ""))
    assert told.grade is Grade.HIGH
    assert f"AWS refuses to make it while the old {key} is taken" in told.sentence
