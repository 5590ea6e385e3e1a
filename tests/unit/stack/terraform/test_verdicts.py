"""What a plan says of each resource; which of it rests on a value that was made up."""

import pytest

from slipway.stack.terraform.base import State
from slipway.stack.terraform.differences import LATER
from slipway.stack.terraform.verdicts import verdicts

MADE = "unknown-12345678"


def planned(address, actions, before=None, after=None, unknown=None, replaced=()):
    found = {
        "actions": actions,
        "before": before,
        "after": after,
        "after_unknown": unknown or {},
        "before_sensitive": {},
        "after_sensitive": {},
    }
    if replaced:
        found["replace_paths"] = [list(path) for path in replaced]
    return {"address": address, "mode": "managed", "change": found}


def judged(*changes, made=None, values=(), **bodies):
    """`bodies` are the resources of the document by `type__label`."""
    document = {"resource": {}}
    for name, body in bodies.items():
        type_, label = name.split("__")
        document["resource"].setdefault(type_, {})[label] = body
    state = State({}, made or {}, frozenset(values))
    return verdicts({"resource_changes": list(changes)}, document, state)


@pytest.mark.parametrize(
    ("actions", "action"),
    [
        (["create"], "create"),
        (["update"], "update"),
        (["delete"], "delete"),
        (["delete", "create"], "replace"),
        (["create", "delete"], "replace"),
    ],
)
def test_every_action_has_a_word(actions, action):
    found = judged(planned("aws_vpc.a", actions, {"x": 1}, {"x": 2}))
    assert found["aws_vpc.a"].action == action


def test_what_stays_the_same_and_what_is_only_read_have_no_verdict():
    data = {**planned("data.aws_region.x", ["read"]), "mode": "data"}
    assert judged(planned("aws_vpc.a", ["no-op"], {"x": 1}, {"x": 1}), data) == {}


def test_a_replacement_says_by_what():
    change = planned(
        "aws_vpc.a", ["delete", "create"], {"cidr": "1", "id": "i"}, {"cidr": "2"},
        {"id": True, "arn": True}, [["cidr"], ["blocks", 0, "name"]],
    )  # fmt: skip
    found = judged(change)["aws_vpc.a"]
    assert found.replaced_by == ("cidr", "blocks.0.name")
    assert [d.path for d in found.differences] == ["cidr"], "what only follows says nothing"
    assert found.later == {"id", "arn"}
    assert not found.uncertain


def test_an_update_says_what_is_known_later():
    change = planned("aws_a.b", ["update"], {"v": 1, "w": 2}, {"w": 3}, {"v": True})
    found = judged(change)["aws_a.b"]
    assert [(d.path, d.after) for d in found.differences] == [("v", LATER), ("w", 3)]


READER = {"vpc_id": "${aws_vpc.net.id}", "note": "$${aws_vpc.other.id}"}
REPLACED = planned("aws_vpc.net", ["delete", "create"], {"cidr": 1}, {"cidr": 2}, None, [["cidr"]])


def reader(action=("delete", "create"), path="vpc_id"):
    replaced = [[path]] if "create" in action else ()
    return planned("aws_subnet.a", list(action), {path: "vpc-1"}, {}, {path: True}, replaced)


def test_what_is_known_later_hangs_on_the_changed_resource_that_it_reads():
    found = judged(REPLACED, reader(), aws_subnet__a=READER, aws_vpc__net={}, aws_vpc__other={})
    assert found["aws_subnet.a"].because == {"vpc_id": ("aws_vpc.net",)}
    assert not found["aws_subnet.a"].uncertain


def test_what_does_not_change_is_no_cause():
    found = judged(reader(), aws_subnet__a=READER, aws_vpc__net={})
    assert found["aws_subnet.a"].because == {}


def test_what_is_deleted_and_reads_nothing_has_no_cause():
    found = judged(planned("aws_gone.x", ["delete"], {"a": 1}))
    assert found["aws_gone.x"].because == {}


def test_an_explicit_default_against_a_made_up_value_is_uncertain():
    change = planned("aws_a.b", ["update"], {"mode": ""}, {"mode": "fast"})
    found = judged(change, made={"aws_a.b": ("mode",)})["aws_a.b"]
    assert found.made_up == {"mode"}
    assert found.uncertain == "what AWS chose for mode is not known here"


def test_a_part_of_what_was_made_up_and_what_holds_a_part_are_uncertain_too():
    for made, path in (("rules", "rules.0.port"), ("rules.0.port", "rules")):
        replaced = [path.split(".")]
        change = planned(
            "aws_a.b", ["delete", "create"], {"rules": [{"port": 1}]}, {"rules": [{"port": 2}]},
            None, replaced,
        )  # fmt: skip
        assert judged(change, made={"aws_a.b": (made,)})["aws_a.b"].uncertain


def test_a_made_up_text_within_another_is_uncertain():
    change = planned("aws_a.b", ["update"], {"policy": f"x {MADE}"}, {"policy": "x real"})
    found = judged(change, values=[MADE])["aws_a.b"]
    assert found.uncertain


def test_a_made_up_text_on_both_sides_says_nothing():
    change = planned("aws_a.b", ["update"], {"p": f"x {MADE}"}, {"p": f"y {MADE}"})
    assert not judged(change, values=[MADE])["aws_a.b"].uncertain


def test_one_certain_difference_makes_a_verdict_certain():
    change = planned("aws_a.b", ["update"], {"mode": "", "size": 1}, {"mode": "fast", "size": 2})
    found = judged(change, made={"aws_a.b": ("mode",)})["aws_a.b"]
    assert not found.uncertain
    assert found.made_up == {"mode"}


def test_a_replacement_is_uncertain_where_all_that_replaces_was_made_up():
    def replacement(*paths):
        return planned(
            "aws_a.b", ["delete", "create"], {"m": "", "n": 1, "o": 1}, {"m": "x", "n": 2, "o": 2},
            None, [[path] for path in paths],
        )  # fmt: skip

    made = {"aws_a.b": ("m",)}
    assert judged(replacement("m"), made=made)["aws_a.b"].uncertain, (
        "that o differs replaces nothing"
    )
    assert not judged(replacement("m", "n"), made=made)["aws_a.b"].uncertain


def doubtful():
    return planned("aws_vpc.net", ["delete", "create"], {"m": ""}, {"m": "x"}, None, [["m"]])


def test_what_hangs_on_an_uncertain_verdict_is_uncertain():
    third = planned("aws_x.y", ["update"], {"s": "1"}, {}, {"s": True})
    found = judged(
        doubtful(), reader(), third,
        made={"aws_vpc.net": ("m",)},
        aws_subnet__a=READER, aws_vpc__net={}, aws_x__y={"s": "${aws_subnet.a.id}"},
    )  # fmt: skip
    assert found["aws_subnet.a"].uncertain == "it hangs on aws_vpc.net, which is uncertain"
    assert found["aws_x.y"].uncertain == "it hangs on aws_subnet.a, which is uncertain"


def test_what_hangs_on_a_certain_verdict_as_well_is_certain():
    other = planned("aws_key.k", ["delete", "create"], {"a": 1}, {"a": 2}, None, [["a"]])
    change = planned("aws_x.y", ["update"], {"s": "1"}, {}, {"s": True})
    body = {"s": "${aws_vpc.net.id} ${aws_key.k.id}"}
    found = judged(
        doubtful(), other, change, made={"aws_vpc.net": ("m",)},
        aws_vpc__net={}, aws_key__k={}, aws_x__y=body,
    )  # fmt: skip
    assert not found["aws_x.y"].uncertain


def test_verdicts_that_hang_on_each_other_come_to_an_end():
    one = planned("aws_a.a", ["update"], {"s": "1"}, {}, {"s": True})
    two = planned("aws_b.b", ["update"], {"s": "1"}, {}, {"s": True})
    found = judged(one, two, aws_a__a={"s": "${aws_b.b.id}"}, aws_b__b={"s": "${aws_a.a.id}"})
    assert {v.uncertain for v in found.values()} == {""}


def test_what_is_created_or_deleted_is_certain():
    found = judged(
        planned("aws_a.a", ["create"], None, {"m": "x"}),
        planned("aws_b.b", ["delete"], {"m": MADE}, None),
        made={"aws_a.a": ("m",), "aws_b.b": ("m",)},
        values=[MADE],
    )
    assert {v.uncertain for v in found.values()} == {""}
