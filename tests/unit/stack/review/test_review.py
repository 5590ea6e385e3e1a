"""The review as a whole: its grade, its reasons, and what is put together from where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.stack.exposure.finding import Kind, Severity
from slipway.stack.pairing import Pairing
from slipway.stack.policies import Finding
from slipway.stack.review.impact import About, Consequence, Grade
from slipway.stack.review.outcome import Action, Changed, Source
from slipway.stack.review.review import Sides, graded
from slipway.stack.review.review import review as put_together
from tests.unit.stack.review.made import (
    BUCKET,
    FINE,
    LOOK,
    LOST,
    STACK,
    STOPPED,
    costs,
    exposed,
    graph,
    outcome,
    resource,
    review,
    reviewed,
    urn,
)

BROKEN = Finding("encrypted", "it", "is not encrypted", "mandatory")
REMARK = Finding("tagged", "it", "has no owner", "advisory")
NAT = "aws:ec2/natGateway:NatGateway"


def sentences(found):
    return [reason.sentence for reason in found.reasons]


# --- grade and reasons ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "grade"),
    [
        (review(), Grade.LOW),
        (review(reviewed(None, FINE)), Grade.LOW),
        (review(reviewed(None, FINE), reviewed(None, LOOK)), Grade.MEDIUM),
        (review(reviewed(None, LOOK), reviewed(None, LOST)), Grade.HIGH),
        (review(broken=(BROKEN,)), Grade.HIGH),
        (review(broken=(REMARK,)), Grade.MEDIUM),
        (review(mended=(BROKEN,)), Grade.LOW),
        (review(elsewhere=(exposed(Severity.LOW),)), Grade.MEDIUM),
        (review(elsewhere=(exposed(Severity.MEDIUM),)), Grade.HIGH),
        (review(elsewhere=(exposed(Severity.NONE),)), Grade.MEDIUM),  # somebody is cut off
        (review(elsewhere=(exposed(Severity.NONE, kind=Kind.IDENTITY),)), Grade.LOW),
        (review(reviewed(exposed=(exposed(Severity.CRITICAL),))), Grade.HIGH),
        (review(cost=costs(1000, 1200)), Grade.MEDIUM),
    ],
)
def test_the_grade_is_that_of_the_gravest_reason_and_a_high_one_needs_a_yes(found, grade):
    assert found.grade is grade
    assert found.needs_a_yes is (grade is Grade.HIGH)


CONSEQUENCES = st.lists(st.sampled_from([FINE, LOOK, LOST, STOPPED]), max_size=3)


@given(st.lists(st.tuples(CONSEQUENCES, st.booleans()), max_size=5))
def test_the_grade_is_the_maximum_whether_things_follow_or_not(made):
    because = [("urn",) if follows else () for _, follows in made]
    resources = [
        reviewed(outcome(name=f"r{n}", because=because[n]), *consequences)
        for n, (consequences, _) in enumerate(made)
    ]
    found = review(*resources)
    assert found.grade is max((r.grade for r in resources), default=Grade.LOW)
    grades = [reason.grade for reason in found.reasons]
    assert grades == sorted(grades, reverse=True)
    assert len(set(found.reasons)) == len(found.reasons)


def test_reasons_name_their_resource_the_gravest_first_and_each_once():
    found = review(
        reviewed(outcome(name="alias"), FINE),
        reviewed(outcome(name="alarm"), LOOK, LOOK),
        reviewed(outcome(name="bucket"), LOST),
        broken=(BROKEN, BROKEN),
    )
    assert sentences(found) == [
        "it breaks the rule encrypted",
        "bucket: data is lost: the objects in it",
        "alarm: others are told when it goes off",
        "alias: only the key's name",
    ]


@pytest.mark.parametrize(("number", "said"), [(1, "1 more is"), (3, "3 more are")])
def test_what_is_interrupted_with_what_it_hangs_on_is_summarised(number, said):
    followers = [reviewed(outcome(name=f"f{n}", because=("urn",)), STOPPED) for n in range(number)]
    cause = reviewed(outcome(name="cause"), STOPPED)
    assert sentences(review(cause, *followers)) == [
        "cause: traffic is interrupted: servers go",
        f"{said} interrupted with what they hang on",
    ]


def test_data_lost_is_named_even_where_it_only_follows():
    found = review(reviewed(outcome(name="table", because=("urn",)), LOST))
    assert sentences(found) == ["table: data is lost: the objects in it"]


def test_what_gets_narrower_is_no_reason_unless_it_cuts_somebody_off():
    narrower = exposed(Severity.NONE, kind=Kind.IDENTITY)
    assert review(elsewhere=(narrower,)).reasons == ()
    (reason,) = review(elsewhere=(exposed(Severity.NONE, "nobody reaches it"),)).reasons
    assert (reason.grade, reason.sentence) == (Grade.MEDIUM, "nobody reaches it")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (1000, 1200, ["it costs up to 200 USD a month more"]),
        (0, 100, ["it costs up to 100 USD a month more"]),
        (1000, 1199, []),  # less than a fifth
        (100, 199, []),  # less than 100 USD
        (1000, 10, []),
    ],
)
def test_a_rise_of_a_fifth_and_a_hundred_dollars_is_worth_a_look(before, after, said):
    found = review(cost=costs(before, after))
    assert sentences(found) == said
    assert {reason.about for reason in found.reasons} <= {About.COST}


@pytest.mark.parametrize(
    ("severity", "grade"),
    [
        (Severity.NONE, Grade.LOW),
        (Severity.LOW, Grade.MEDIUM),
        (Severity.MEDIUM, Grade.HIGH),
        (Severity.HIGH, Grade.HIGH),
        (Severity.CRITICAL, Grade.HIGH),
    ],
)
def test_whatever_opens_more_than_one_precise_thing_needs_a_yes(severity, grade):
    assert graded(exposed(severity)) is grade


# --- empty and counts -----------------------------------------------------------------------------


def test_a_review_of_nothing_is_empty():
    assert review().empty
    assert review().reasons == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"outputs": (Changed("url", "a", "b"),)},
        {"elsewhere": (exposed(Severity.NONE),)},
        {"broken": (REMARK,)},
    ],
)
def test_anything_that_changes_makes_it_not_empty(fields):
    assert not review(**fields).empty


def test_resources_are_counted_by_what_becomes_of_them():
    found = review(
        reviewed(outcome(action=Action.CREATED)),
        reviewed(outcome(action=Action.UPDATED)),
        reviewed(outcome(action=Action.UPDATED)),
    )
    assert [found.count(action) for action in Action] == [1, 2, 0, 0, 0]


def test_a_resource_without_consequences_is_of_low_grade_and_costs_what_it_did():
    assert reviewed().grade is Grade.LOW
    assert not reviewed().costs_otherwise


# --- put together ---------------------------------------------------------------------------------


def of(base, head, *outcomes, findings=((), ()), former=None):
    same = {r.urn: r.urn for r in head.resources if r in base.resources}
    sides = Sides(base, head, Pairing(same if former is None else former), "main", "head")
    return put_together(sides, outcomes, (), findings, Source.PROVIDER)


def test_a_rule_is_broken_only_where_the_base_did_not_break_it():
    found = of(graph(), graph(), findings=((BROKEN,), (BROKEN, REMARK)))
    assert (found.broken, found.mended) == ((REMARK,), ())
    found = of(graph(), graph(), findings=((BROKEN, REMARK), (REMARK,)))
    assert (found.broken, found.mended) == ((), (BROKEN,))


def test_a_resource_is_told_with_its_component_place_and_kind():
    stack = resource(STACK, "slipway-test", custom=False)
    store = resource("slipway:infra:Store", "store", custom=False, parent=stack.urn)
    inner = resource("slipway:infra:Inner", "inner", custom=False, parent=store.urn)
    it = resource(BUCKET, parent=inner.urn, source="bucket.py:3")
    lone = resource(BUCKET, "lone", parent=stack.urn)
    there = graph(stack, store, inner, it, lone)
    found = of(there, there, outcome(), outcome(name="lone"))
    assert [(r.name, r.kind, r.component, r.place) for r in found.resources] == [
        ("it", "Bucket", "store", "bucket.py:3"),
        ("lone", "Bucket", "", ""),
    ]


def test_what_is_deleted_is_told_as_the_base_had_it():
    it = resource(BUCKET, source="bucket.py:3", protect=True)
    found = of(graph(it), graph(), outcome(action=Action.DELETED))
    (told,) = found.resources
    assert told.place == "bucket.py:3"
    assert [c.about for c in told.consequences] == [About.PROTECTION, About.DATA]


def test_a_renamed_resource_is_compared_with_what_it_was():
    old, new = resource(BUCKET, "old", protect=True), resource(BUCKET, "new")
    of_it = outcome(name="new", action=Action.REPLACED, was=old.urn)
    found = of(graph(old), graph(new), of_it, former={new.urn: old.urn})
    assert About.PROTECTION in {c.about for c in found.resources[0].consequences}


def test_an_outcome_of_a_resource_that_nobody_has_is_a_mistake_of_ours():
    with pytest.raises(LookupError, match="it"):
        of(graph(), graph(), outcome())


RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def opened():
    """A firewall rule that opens to the internet, and belongs to a group that stays as it is."""
    group = resource("aws:ec2/securityGroup:SecurityGroup", "group")

    def side(range_):
        to = {"fromPort": 22, "toPort": 22, "ipProtocol": "tcp", "cidrIpv4": range_}
        return graph(group, resource(RULE, "in", {"securityGroupId": "@group.id@", **to}))

    return side("10.0.0.0/8"), side("0.0.0.0/0")


def test_a_finding_belongs_to_the_resource_that_changes_or_else_is_elsewhere():
    base, head = opened()
    found = of(base, head)
    assert any(finding.wider for finding in found.elsewhere)
    assert found.needs_a_yes
    urns = {finding.urn for finding in found.elsewhere}
    changed = [
        outcome(each.type, each.name, Action.UPDATED) for each in head.resources if each.urn in urns
    ]
    found = of(base, head, *changed)
    assert found.elsewhere == ()
    assert any(r.exposed for r in found.resources)
    assert found.needs_a_yes


def test_cost_is_compared_and_belongs_to_the_resource():
    provider = resource("pulumi:providers:aws", "aws", {"region": "eu-central-1"})
    gateway = resource(NAT, "nat")
    base, head = graph(provider), graph(provider, gateway)
    found = of(base, head, outcome(NAT, "nat", Action.CREATED))
    (told,) = found.resources
    assert told.costs_otherwise
    assert told.after.high > 0
    assert found.cost.after.high == told.after.high
    assert found.assumptions


def test_outputs_that_differ_are_listed_by_name():
    base = graph(outputs={"b": 1, "same": 1, "gone": 1})
    head = graph(outputs={"b": 2, "same": 1, "come": 1})
    assert of(base, head).outputs == (
        Changed("b", 1, 2),
        Changed("come", None, 1),
        Changed("gone", 1, None),
    )


def test_an_unchanged_program_makes_an_empty_review():
    there = graph(resource(BUCKET))
    assert of(there, there).empty
    assert of(there, there, findings=((BROKEN,), (BROKEN,))).empty


def test_reasons_are_consequences_with_what_they_are_about():
    found = review(reviewed(outcome(name="bucket"), LOST))
    assert found.reasons == (
        Consequence(Grade.HIGH, "bucket: data is lost: the objects in it", About.DATA),
    )
    assert urn(BUCKET, "bucket").endswith("bucket")
