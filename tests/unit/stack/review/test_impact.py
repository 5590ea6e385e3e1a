"""What a change means, and how grave it is."""

import pytest

from slipway.stack.review.impact import About, Grade, consequences
from slipway.stack.review.kinds import DATA, HARMLESS, TRAFFIC
from slipway.stack.review.outcome import Action
from tests.unit.stack.review.made import BUCKET, GROUP, VPC, outcome, resource

TOPIC = "aws:sns/topic:Topic"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"


def found(action, type_=BUCKET, before=None, after=None, changed=()):
    old = resource(type_, **(before or {})) if action is not Action.CREATED else None
    new = resource(type_, **(after or {})) if action is not Action.DELETED else None
    return consequences(outcome(type_, "it", action, *changed), old, new)


@pytest.mark.parametrize("action", [Action.DELETED, Action.REPLACED])
@pytest.mark.parametrize("type_", DATA)
def test_what_holds_data_loses_it(type_, action):
    (one,) = found(action, type_)
    assert (one.grade, one.about) == (Grade.HIGH, About.DATA)
    assert one.sentence == f"data is lost: {DATA[type_]}"


@pytest.mark.parametrize("action", [Action.DELETED, Action.REPLACED])
@pytest.mark.parametrize("type_", TRAFFIC)
def test_what_carries_traffic_interrupts_it(type_, action):
    (one,) = found(action, type_)
    assert (one.grade, one.about) == (Grade.HIGH, About.TRAFFIC)
    assert one.sentence.startswith(f"traffic is interrupted: {TRAFFIC[type_]}")


@pytest.mark.parametrize("action", [Action.DELETED, Action.REPLACED])
@pytest.mark.parametrize("type_", HARMLESS)
def test_what_changes_by_new_versions_is_nothing_to_think_of(type_, action):
    (one,) = found(action, type_)
    assert (one.grade, one.sentence) == (Grade.LOW, HARMLESS[type_])


@pytest.mark.parametrize(
    ("action", "said"),
    [(Action.DELETED, "no longer there"), (Action.REPLACED, "made anew under another identifier")],
)
def test_of_any_other_type_it_is_worth_a_look(action, said):
    (one,) = found(action, TOPIC)
    assert (one.grade, one.about) == (Grade.MEDIUM, About.OTHER)
    assert said in one.sentence


@pytest.mark.parametrize("action", [Action.DELETED, Action.REPLACED])
def test_what_is_protected_is_refused_whatever_it_is(action):
    first, *_ = found(action, TOPIC, before={"protect": True})
    assert (first.grade, first.about) == (Grade.HIGH, About.PROTECTION)


@pytest.mark.parametrize("action", [Action.CREATED, Action.UPDATED, Action.RENAMED])
def test_protection_does_not_matter_to_what_stays(action):
    told = found(action, TOPIC, before={"protect": True}, after={"protect": True})
    assert About.PROTECTION not in {one.about for one in told}


def test_protection_given_by_the_same_change_does_not_count():
    told = found(Action.REPLACED, TOPIC, before={"protect": False}, after={"protect": True})
    assert [one.about for one in told] == [About.OTHER]


def test_data_that_pulumi_leaves_in_the_account_is_not_lost():
    (one,) = found(Action.DELETED, BUCKET, before={"retain_on_delete": True})
    assert one.grade is Grade.MEDIUM
    assert "forgets it" in one.sentence


def test_data_is_lost_where_it_is_kept_only_from_now_on():
    (one,) = found(Action.REPLACED, BUCKET, after={"retain_on_delete": True})
    assert one.about is About.DATA


@pytest.mark.parametrize(
    ("before", "after", "order"),
    [
        ({}, {}, "the new one comes first"),
        ({"name": "a"}, {"name": "a"}, "the old one goes first, because the name stays the same"),
        ({"name": "a"}, {"name": "b"}, "the new one comes first"),
        ({"name": "a"}, {}, "the new one comes first"),
    ],
)
def test_a_replacement_says_which_one_goes_first(before, after, order):
    (one,) = found(Action.REPLACED, BALANCER, {"properties": before}, {"properties": after})
    assert one.sentence.endswith(f"({order})")


def test_the_program_may_ask_for_the_old_one_to_go_first():
    (one,) = found(Action.REPLACED, BALANCER, after={"delete_before_replace": True})
    assert one.sentence.endswith("(the old one goes first, as the program asks)")


def test_a_deletion_has_no_order():
    (one,) = found(Action.DELETED, VPC, before={"properties": {"name": "a"}})
    assert "first" not in one.sentence


def test_what_is_created_means_nothing_for_what_is_there():
    assert found(Action.CREATED, BALANCER) == ()


def test_another_name_in_the_program_is_nothing_to_think_of():
    (one,) = found(Action.RENAMED)
    assert (one.grade, one.about) == (Grade.LOW, About.OTHER)


def test_an_update_says_what_its_properties_mean_the_gravest_first():
    changed = [("maxSize", 3, 2), ("targetGroupArns", ["a"], ["b"])]
    told = found(Action.UPDATED, GROUP, changed=changed)
    assert [one.about for one in told] == [About.TRAFFIC, About.OTHER]
    assert [one.grade for one in told] == [Grade.HIGH, Grade.MEDIUM]


def test_an_update_that_loses_data_is_about_data():
    changed = [("retentionInDays", 30, 7)]
    (one,) = found(Action.UPDATED, "aws:cloudwatch/logGroup:LogGroup", changed=changed)
    assert one.about is About.DATA


def test_a_replacement_is_not_told_as_an_update_too():
    told = found(Action.REPLACED, GROUP, changed=[("maxSize", 3, 2)])
    assert len(told) == 1


def test_grades_are_ordered_and_have_names():
    assert Grade.LOW < Grade.MEDIUM < Grade.HIGH
    assert [str(grade) for grade in Grade] == ["low", "medium", "high"]
