"""What a change can touch: what it changes, and whatever reads that."""

from dataclasses import replace

import pytest

from slipway.stack.terraform.affected import affected
from slipway.stack.terraform.synthesis import Synthesis

TOPICS = {
    "a": {"name": "a"},
    "b": {"name": "${aws_sns_topic.a.arn}"},
    "c": {"name": '${base64encode("x ${aws_sns_topic.b.arn}")}'},
    "other": {"name": "other"},
}


def synthesis(topics=TOPICS, variables=None, files=None, **parts):
    document = {"provider": {"aws": [{}]}, "resource": {"aws_sns_topic": topics}, **parts}
    return Synthesis(document, {}, variables or {}, files or {}, ())


def topics(**changed):
    return {label: body for label, body in {**TOPICS, **changed}.items() if body is not None}


def touched(base, head, **places):
    same = {f"aws_sns_topic.{label}": f"aws_sns_topic.{label}" for label in
            base.document["resource"]["aws_sns_topic"]}  # fmt: skip
    moved = {f"aws_sns_topic.{k}": f"aws_sns_topic.{v}" for k, v in places.items()}
    found = affected(base, head, {**same, **moved})
    return tuple({a.removeprefix("aws_sns_topic.") for a in side} for side in
                 (found.base, found.head))  # fmt: skip


def test_nothing_is_touched_where_nothing_changed():
    assert touched(synthesis(), synthesis()) == (set(), set())
    assert affected(synthesis({}), synthesis({}), {}).nothing


def test_what_changes_is_touched_with_all_that_reads_it():
    head = synthesis(topics(a={"name": "new"}))
    assert touched(synthesis(), head) == ({"a", "b", "c"}, {"a", "b", "c"})
    head = synthesis(topics(c={"name": "new"}))
    assert touched(synthesis(), head) == ({"c"}, {"c"})


def test_what_comes_and_what_goes_is_on_its_side_alone():
    head = synthesis(topics(other=None, new={"name": "new"}))
    assert touched(synthesis(), head) == ({"other"}, {"new"})


def test_a_new_address_touches_its_readers_too():
    head = synthesis(topics(a=None, z={"name": "a"}, b={"name": "${aws_sns_topic.z.arn}"}))
    assert touched(synthesis(), head, a="z") == ({"a", "b", "c"}, {"z", "b", "c"})


@pytest.mark.parametrize(
    "part", [{"provider": {"aws": [{"region": "x"}]}}, {"data": {"aws_vpc": {"x": {}}}}], ids=str
)
def test_what_all_have_in_common_touches_all(part):
    every = set(TOPICS)
    assert touched(synthesis(), synthesis(**part)) == (every, every)


def test_a_variable_or_file_touches_who_reads_it():
    reading = topics(other={"name": "${var.secret} ${path.module}/asset"})
    base = synthesis(reading, {"secret": "1"}, {"asset": "1"})
    assert touched(base, replace(base, variables={"secret": "2"})) == ({"other"}, {"other"})
    assert touched(base, replace(base, files={"asset": "2"})) == ({"other"}, {"other"})
    assert touched(base, replace(base, variables={"secret": "1", "more": "2"})) == (set(), set())


def test_a_variable_of_a_provider_touches_all():
    base = synthesis(provider={"aws": [{"token": "${var.secret}"}]}, variables={"secret": "1"})
    every = set(TOPICS)
    assert touched(base, replace(base, variables={"secret": "2"})) == (every, every)
