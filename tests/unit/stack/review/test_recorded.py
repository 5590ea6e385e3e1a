"""Changes that no provider says anything of."""

import pytest

from slipway.stack.graph import Reference
from slipway.stack.review.outcome import Action, Source
from slipway.stack.review.recorded import changed_properties, within
from slipway.stack.terraform.differences import HIDDEN, LATER
from slipway.stack.terraform.values import Gap
from tests.unit.stack.review.judged import paired, told, verdict
from tests.unit.stack.review.made import BUCKET, ROLLOUT, TEMPLATE, graph, resource, urn


def changes(found):
    return [(c.property, c.before, c.after) for c in found.changed]


def alone(before, after, type_=ROLLOUT, **options):
    """What is said of a resource that no plan has."""
    old, new = options.pop("old", {}), options.pop("new", {})
    base = graph(resource(type_, "it", before, **old))
    head = graph(resource(type_, "it", after, **new))
    return told(base, head, unplanned=("it",), **options)


# --- Python code of the program -------------------------------------------------------------------

DESIRED = {"desired": '{"template": "@template.id@", "version": "@template.latestVersion@"}'}


def rollout(of, desired=None, **options):
    """What becomes of a rollout of a launch template that this verdict is on."""
    template = resource(TEMPLATE, "template")
    it = resource(ROLLOUT, "rollout", {"group": "a", **(desired or DESIRED)}, **options)
    there = graph(template, it)
    found = told(there, there, (template, of(template)), unplanned=("rollout",))
    return [outcome for outcome in found if outcome.urn == it.urn]


def updated(*later):
    return lambda template: verdict(template, "update", later=frozenset(later))


def replaced(template):
    return verdict(template, "replace")


def test_it_changes_with_an_output_that_is_only_known_later():
    (found,) = rollout(updated("latest_version"))
    assert (found.action, found.source) == (Action.UPDATED, Source.RECORDED)
    assert changes(found) == [("desired", DESIRED["desired"], LATER)]


def test_it_stays_where_the_output_that_it_uses_stays():
    assert rollout(updated("tags_all")) == []


def test_it_changes_with_any_output_of_what_is_replaced():
    (found,) = rollout(replaced, {"desired": "@template.id@"})
    assert found.changed[0].after is LATER


def test_it_stays_where_it_uses_nothing_of_what_changes():
    assert rollout(replaced, {"desired": "lt-0123456789"}) == []


def test_numbers_that_stand_for_outputs_count_too():
    template = resource(TEMPLATE, "template")
    it = resource(ROLLOUT, "rollout", {"desired": '{"version": 7000000042}'})
    there = graph(template, it, references={"7000000042": Reference(template.urn, "latestVersion")})
    of = verdict(template, "update", later=frozenset({"latest_version"}))
    found = told(there, there, (template, of), unplanned=("rollout",))
    assert [o.urn for o in found] == [template.urn, it.urn]


def test_a_value_that_changes_anyway_is_not_told_twice():
    template = resource(TEMPLATE, "template")
    base = graph(template, resource(ROLLOUT, "it", {"desired": {"a": 1, "b": "@template.id@"}}))
    head = graph(template, resource(ROLLOUT, "it", {"desired": {"a": 2, "b": "@template.id@"}}))
    of = (template, verdict(template, "replace"))
    _, found = told(base, head, of, unplanned=("it",))
    assert changes(found) == [("desired.a", 1, 2)]


def test_a_secret_that_will_be_another_is_not_shown():
    (found,) = rollout(replaced, secrets=("desired",))
    assert changes(found) == [("desired", HIDDEN, HIDDEN)]


def test_what_is_ignored_does_not_follow_either():
    assert rollout(replaced, ignore_changes=("desired",)) == []


# --- of what nobody plans -------------------------------------------------------------------------


def test_what_is_recorded_on_both_sides_is_compared():
    (found,) = alone({"a": 1, "b": {"c": [1, 2]}, "d": [1]}, {"a": 1, "b": {"c": [1, 3]}, "e": 4})
    assert changes(found) == [("b.c[1]", 2, 3), ("d", [1], None), ("e", None, 4)]


def test_the_same_on_both_sides_is_no_outcome():
    assert alone({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}) == ()


@pytest.mark.parametrize(
    ("ignored", "said"),
    [
        (("a",), ["b"]),
        (("a.b",), ["a.c", "b"]),
        (("*",), []),
        (("a.c", "b"), ["a.b"]),
        (("other",), ["a.b", "a.c", "b"]),
    ],
)
def test_changes_that_the_program_ignores_are_ignored(ignored, said):
    before, after = {"a": {"b": 1, "c": 1}, "b": 1}, {"a": {"b": 2, "c": 2}, "b": 2}
    both = {"ignore_changes": ignored}
    found = alone(before, after, old=both, new=both)
    assert [c.property for o in found for c in o.changed] == said


@pytest.mark.parametrize("side", ["old", "new"])
def test_a_secret_on_either_side_is_not_shown(side):
    (found,) = alone({"a": {"b": "one"}}, {"a": {"b": "two"}}, **{side: {"secrets": ("a",)}})
    assert changes(found) == [("a.b", HIDDEN, HIDDEN)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"protect": True}, ("option protect", False, True)),
        ({"retain_on_delete": True}, ("option retainOnDelete", False, True)),
        ({"ignore_changes": ("b", "a")}, ("option ignoreChanges", [], ["a", "b"])),
    ],
)
def test_options_that_only_pulumi_has_are_told_of_any_resource(options, said):
    old, new = resource(BUCKET), resource(BUCKET, "it", **options)
    (found,) = told(graph(old), graph(new))
    assert (found.action, changes(found)) == (Action.UPDATED, [said])


def test_the_order_of_what_is_ignored_means_nothing():
    old, new = (resource(BUCKET, "it", ignore_changes=i) for i in (("a", "b"), ("b", "a")))
    assert told(graph(old), graph(new)) == ()


def test_what_is_created_and_deleted_is_told_the_deleted_last():
    gone, new = resource(ROLLOUT, "gone"), resource(ROLLOUT, "new")
    found = told(graph(gone), graph(new), unplanned=("gone", "new"))
    assert [(o.action, o.urn) for o in found] == [
        (Action.CREATED, new.urn),
        (Action.DELETED, gone.urn),
    ]
    assert {o.source for o in found} == {Source.RECORDED}


def test_a_renamed_one_that_changes_says_what_it_was():
    base = graph(resource(ROLLOUT, "old", {"a": 1}))
    head = graph(resource(ROLLOUT, "new", {"a": 2}))
    (found,) = told(base, head, pairing=paired(base, head, new="old"), unplanned=("old", "new"))
    assert (found.action, found.was) == (Action.UPDATED, urn(ROLLOUT, "old"))


@pytest.mark.parametrize(
    "it",
    [
        {"type_": "pulumi:providers:aws"},
        {"type_": "slipway:infra:Network", "custom": False},
    ],
)
def test_providers_and_components_are_nothing_that_changes(it):
    type_, options = it.pop("type_"), it
    one, other = (resource(type_, "it", {"a": n}, **options) for n in (1, 2))
    for base, head in ((graph(one), graph(other)), (graph(one), graph()), (graph(), graph(one))):
        assert told(base, head, unplanned=("it",)) == ()


def test_what_the_program_asks_to_replace_is_replaced_though_nobody_plans_it():
    (found,) = alone({"a": 1}, {"a": 2}, new={"replace_on_changes": ("a",)})
    assert (found.action, found.replaced_by) == (Action.REPLACED, ("a",))


# --- arguments that the provider does not know ----------------------------------------------------


def test_an_argument_that_the_provider_does_not_know_is_compared_as_recorded():
    before, after = {"jwt": {"issuer": "a"}, "port": 1}, {"jwt": {"issuer": "b"}, "port": 2}
    gap = Gap(urn(BUCKET, "it"), "jwt", "this version of the provider does not know it")
    base, head = graph(resource(BUCKET, "it", before)), graph(resource(BUCKET, "it", after))
    (found,) = told(base, head, gaps=([gap], [gap]))
    assert found.source is Source.RECORDED
    assert changes(found) == [("jwt.issuer", "a", "b")]  # of the port the provider says nothing


def test_it_is_told_beside_what_the_provider_says():
    gap = Gap(urn(BUCKET, "it"), "jwt", "this version of the provider does not know it")
    base, head = (graph(resource(BUCKET, "it", {"jwt": n, "maxSize": n})) for n in (1, 2))
    of = (head.resources[0], verdict(head.resources[0], "update", ("max_size", 1, 2)))
    (found,) = told(base, head, of, gaps=([gap], [gap]))
    assert changes(found) == [("maxSize", 1, 2), ("jwt", 1, 2)]


def test_a_gap_of_a_whole_resource_is_no_argument():
    gap = Gap(urn(BUCKET, "it"), "", "nobody knows this type")
    base, head = (graph(resource(BUCKET, "it", {"a": n})) for n in (1, 2))
    assert told(base, head, gaps=([gap], [gap])) == ()


# --- paths ----------------------------------------------------------------------------------------


def test_changed_properties_have_both_values():
    old, new = resource(BUCKET, "it", {"a": [{"b": 1}]}), resource(BUCKET, "it", {"a": [{"b": 2}]})
    assert changed_properties(old, new) == {"a[0].b": (1, 2)}


@pytest.mark.parametrize(
    ("path", "of", "inside"),
    [
        ("a", "a", True),
        ("a.b", "a", True),
        ("a[0]", "a", True),
        ("a[0].b", "a[*].b", True),
        ("a[0].b", "a[*]", True),
        ("ab", "a", False),
        ("a", "a.b", False),
        ("a[0].c", "a[*].b", False),
    ],
)
def test_a_path_is_within_another(path, of, inside):
    assert within(path, [of]) is inside
