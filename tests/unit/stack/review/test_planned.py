"""The provider's verdicts as outcomes, with Pulumi's names."""

from dataclasses import replace

import pytest

from slipway.stack.review.outcome import Action, Source, Undecided
from slipway.stack.review.planned import property_path, undecided
from slipway.stack.terraform.differences import HIDDEN, LATER
from slipway.stack.terraform.values import Gap
from tests.unit.stack.review.judged import NAMES, judgement, paired, told, verdict
from tests.unit.stack.review.made import BUCKET, GROUP, TEMPLATE, VPC, graph, resource


def changes(found):
    return [(c.property, c.before, c.after) for c in found.changed]


# --- property paths -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "properties", "said"),
    [
        ("max_size", {"maxSize": 3}, "maxSize"),
        ("max_size", {}, "maxSize"),
        ("tags.Name", {"tags": {"Name": "x"}}, "tags.Name"),
        ("tags.a_b", {}, "tags.a_b"),
        ("tags.1", {"tags": {"1": "x"}}, "tags.1"),
        ("subnet_ids.1", {"subnetIds": ["a", "b"]}, "subnetIds[1]"),
        ("subnet_ids.4", {"subnetIds": ["a"]}, "subnetIds[4]"),
        # a list of one, which Pulumi flattens
        (
            "versioning_configuration.0.mfa_delete",
            {"versioningConfiguration": {"status": "Enabled"}},
            "versioningConfiguration.mfaDelete",
        ),
        (
            "load_balancer.1.target_group_arn",
            {"loadBalancers": [{"targetGroupArn": "a"}, {"targetGroupArn": "b"}]},
            "loadBalancers[1].targetGroupArn",
        ),
        # a plural of the SDK that the program does not set
        ("load_balancer.0.container_port", {"loadBalancers": None}, "loadBalancers.containerPort"),
        ("policy", {"policies": []}, "policies"),
        ("nobody_knows.0.it_self", {}, "nobody_knows.it_self"),
    ],
)
def test_a_path_is_said_as_pulumi_says_it(path, properties, said):
    assert property_path(path, NAMES, properties) == said


# --- verdicts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "expected"),
    [("create", Action.CREATED), ("update", Action.UPDATED), ("replace", Action.REPLACED)],
)
def test_a_verdict_becomes_an_outcome_of_the_provider(action, expected):
    it = resource(BUCKET)
    base = graph() if action == "create" else graph(it)
    (found,) = told(base, graph(it), (it, verdict(it, action)))
    assert (found.urn, found.action, found.source) == (it.urn, expected, Source.PROVIDER)


def test_what_is_deleted_has_the_urn_of_the_base_and_comes_last():
    gone, kept = resource(BUCKET, "gone"), resource(BUCKET, "kept")
    found = told(
        graph(gone, kept), graph(kept), (gone, verdict(gone, "delete")), (kept, verdict(kept))
    )
    assert [(o.urn, o.action) for o in found] == [
        (kept.urn, Action.UPDATED),
        (gone.urn, Action.DELETED),
    ]


def test_outcomes_are_in_the_same_order_however_the_program_registered_them():
    one, two = resource(BUCKET, "one"), resource(BUCKET, "two")
    for there in (graph(one, two), graph(two, one)):
        found = told(there, there, (two, verdict(two)), (one, verdict(one)))
        assert [o.urn for o in found] == [one.urn, two.urn]


def test_differences_and_reasons_have_pulumis_names_and_default_tags_are_tags():
    it = resource(BUCKET, "it", {"maxSize": 3, "subnetIds": ["a"]})
    (found,) = told(
        graph(it),
        graph(it),
        (
            it,
            verdict(
                it,
                "replace",
                ("max_size", 3, 4),
                ("subnet_ids.0", HIDDEN, HIDDEN),
                ("tags_all.Name", "a", "b"),
                replaced_by=("max_size", "max_size", "versioning_configuration.0.status"),
                uncertain="what AWS chose is not known here",
            ),
        ),
    )
    assert changes(found) == [
        ("maxSize", 3, 4),
        ("subnetIds[0]", HIDDEN, HIDDEN),
        ("tags.Name", "a", "b"),
    ]
    assert found.replaced_by == ("maxSize", "versioningConfiguration.status")
    assert found.uncertain == "what AWS chose is not known here"


def test_a_property_that_the_program_no_longer_sets_is_named_as_it_did():
    old = resource(BUCKET, "it", {"loadBalancers": [{"targetGroupArn": "a"}]})
    new = resource(BUCKET)
    (found,) = told(
        graph(old), graph(new), (new, verdict(new, "update", ("load_balancer", [{}], None)))
    )
    assert changes(found)[0][0] == "loadBalancers"


def test_a_property_that_the_program_never_set_is_named_as_the_sdk_does():
    it = resource(BUCKET)
    there = graph(it, declared={BUCKET: ("loadBalancers", "maxSize")})
    (found,) = told(there, there, (it, verdict(it, "update", ("load_balancer", None, [{}]))))
    assert changes(found)[0][0] == "loadBalancers"


# --- what follows ---------------------------------------------------------------------------------


def following(*differences, action="update", **fields):
    cause = resource(VPC, "network")
    it = resource(BUCKET, "it", {"name": "@network.id@"})
    there = graph(cause, it)
    return told(
        there,
        there,
        (cause, verdict(cause, "replace", replaced_by=("name",))),
        (it, verdict(it, action, *differences, **fields)),
    )


def test_what_only_hangs_on_another_change_follows_from_it():
    cause, it = following(
        ("name", "net-1", LATER),
        ("arn", "arn:1", LATER),
        later=frozenset({"name", "arn"}),
        because={"name": ("aws_thing.network",)},
    )
    assert it.because == (cause.urn,)
    assert it.follows
    assert not cause.follows


def test_a_replacement_follows_where_all_that_forces_it_does():
    cause, it = following(
        ("name", "net-1", LATER),
        ("max_size", 1, 2),
        action="replace",
        replaced_by=("name",),
        because={"name": ("aws_thing.network",)},
    )
    assert it.because == (cause.urn,)


def test_with_a_change_of_its_own_it_does_not_only_follow():
    _, it = following(
        ("name", "net-1", LATER), ("max_size", 1, 2), because={"name": ("aws_thing.network",)}
    )
    assert not it.follows


def test_what_hangs_on_something_that_is_not_in_the_head_names_nobody():
    _, it = following(("name", "net-1", LATER), because={"name": ("aws_thing.elsewhere",)})
    assert it.because == ()


# --- renamed --------------------------------------------------------------------------------------


def test_a_resource_found_by_its_alias_is_only_renamed():
    old, new = resource(BUCKET, "old"), resource(BUCKET, "new")
    base, head = graph(old), graph(new)
    (found,) = told(base, head, pairing=paired(base, head, new="old"))
    assert (found.action, found.urn, found.was) == (Action.RENAMED, new.urn, old.urn)


def test_a_renamed_resource_that_changes_too_says_both():
    old, new = resource(BUCKET, "old"), resource(BUCKET, "new")
    base, head = graph(old), graph(new)
    of = verdict(new, "update", ("max_size", 1, 2))
    (found,) = told(base, head, (new, of), pairing=paired(base, head, new="old"))
    assert (found.action, found.was) == (Action.UPDATED, old.urn)


def test_a_renamed_component_is_nothing_that_aws_has():
    old = resource("slipway:infra:Network", "old", custom=False)
    new = resource("slipway:infra:Network", "new", custom=False)
    base, head = graph(old), graph(new)
    assert told(base, head, pairing=paired(base, head, new="old")) == ()


# --- options that the provider does not know ------------------------------------------------------


def forced(paths, before, after, *differences, **options):
    old = resource(BUCKET, "it", before)
    new = resource(BUCKET, "it", after, replace_on_changes=paths, **options)
    of = verdict(new, "update", *(differences or (("max_size", 1, 2),)))
    (found,) = told(graph(old), graph(new), (new, of))
    return found.replaced_by if found.action is Action.REPLACED else None


@pytest.mark.parametrize(
    ("paths", "asked"),
    [
        (("maxSize",), ("maxSize",)),
        (("*",), ("maxSize",)),
        (("name",), None),
        (("maxSize.inner",), ("maxSize",)),
        (("max",), None),
        ((), None),
    ],
)
def test_a_change_is_a_replacement_where_the_program_asks_for_it(paths, asked):
    assert forced(paths, {"maxSize": 1, "name": "a"}, {"maxSize": 2, "name": "a"}) == asked


@pytest.mark.parametrize(("path", "asked"), [("tags.Name", ("tags",)), ("tags.Owner", None)])
def test_only_the_part_that_is_named_forces_a_replacement(path, asked):
    before, after = ({"tags": {"Name": name, "Owner": "us"}} for name in ("a", "b"))
    assert forced((path,), before, after, ("tags.Name", "a", "b")) == asked


def test_any_item_of_a_list_may_be_named():
    before, after = ({"subnetIds": [name]} for name in ("a", "b"))
    assert forced(("subnetIds[*]",), before, after) == ("subnetIds",)


def test_a_change_that_is_ignored_forces_nothing():
    before, after = {"maxSize": 1, "name": "a"}, {"maxSize": 1, "name": "b"}
    assert forced(("name",), before, after, ignore_changes=("name",)) is None


def test_a_value_that_is_only_known_later_forces_it_as_well():
    same = {"name": "@network.id@"}
    assert forced(("name",), same, same, ("name", "net-1", LATER)) == ("name",)


def test_what_aws_computes_forces_nothing():
    assert forced(("*",), {"name": "a"}, {"name": "a"}, ("arn", "arn:1", LATER)) is None


def test_protection_that_goes_together_with_another_change_is_not_lost():
    old, new = resource(BUCKET, "it", protect=True), resource(BUCKET)
    of = verdict(new, "update", ("max_size", 1, 2))
    (found,) = told(graph(old), graph(new), (new, of))
    assert found.source is Source.PROVIDER
    assert changes(found) == [("maxSize", 1, 2), ("option protect", True, False)]


def test_what_changes_by_itself_as_well_does_not_follow():
    cause = resource(VPC, "network")
    old = resource(BUCKET, "it", {"name": "@network.id@"}, protect=True)
    new = replace(old, protect=False)
    of = verdict(new, "update", ("name", "net-1", LATER), because={"name": ("aws_thing.network",)})
    changed = verdict(cause, "replace")
    _, found = told(graph(cause, old), graph(cause, new), (cause, changed), (new, of))
    assert not found.follows


# --- what cannot be said --------------------------------------------------------------------------


def open_points(base, head, before=(), after=(), unstable=()):
    found = judgement(base, head, gaps=(before, after), unstable=unstable)
    return undecided(found, base, head)


GAP = Gap(resource(BUCKET).urn, "region", "this version of the provider does not know it")


def test_a_gap_that_is_the_same_on_both_sides_is_left_out():
    there = graph(resource(BUCKET, "it", {"region": "a"}))
    assert open_points(there, there, [GAP], [GAP]) == ()


@pytest.mark.parametrize("base", [graph(), graph(resource(BUCKET, "it", {"region": "b"}))])
def test_a_gap_whose_values_differ_is_listed(base):
    before = [GAP] if base.resources else []
    head = graph(resource(BUCKET, "it", {"region": "a"}))
    assert open_points(base, head, before, [GAP]) == (Undecided(GAP.urn, GAP.property, GAP.why),)


def test_a_gap_of_the_head_alone_is_listed_once():
    there = graph(resource(BUCKET, "it", {"region": "a"}))
    assert len(open_points(there, there, [], [GAP, GAP])) == 1


def test_a_gap_of_the_stack_itself_is_listed_where_its_outputs_differ():
    gap = Gap("", "url", "it is no text")
    one, other = graph(outputs={"url": "a"}), graph(outputs={"url": "b"})
    assert open_points(one, one, [gap], [gap]) == ()
    assert [u.urn for u in open_points(one, other, [gap], [gap])] == [""]


def test_what_the_provider_always_wants_to_change_is_listed_and_named():
    it = resource(GROUP)
    wanted = verdict(it, "update", ("max_size", 1, 2), ("name", "a", "b"))
    (found,) = open_points(graph(it), graph(it), unstable=[(it, wanted)])
    assert (found.urn, found.what) == (it.urn, "max_size, name")
    assert "nothing changed" in found.why
    (found,) = open_points(graph(it), graph(it), unstable=[(it, verdict(it, "replace"))])
    assert found.what == "replace"


def test_nothing_that_changes_is_no_outcome():
    there = graph(resource(TEMPLATE), resource(BUCKET, "other"))
    assert told(there, there) == ()
