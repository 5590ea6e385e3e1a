"""Reviews of what `pulumi preview --json` writes; tests/data/preview has samples of it."""

import contextlib
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.errors import StackError
from slipway.stack.review.document import document
from slipway.stack.review.impact import About, Grade
from slipway.stack.review.markdown import markdown
from slipway.stack.review.outcome import Action, Source
from slipway.stack.review.page import page
from slipway.stack.review.preview import of_preview, read_steps
from slipway.stack.terraform.differences import HIDDEN, LATER
from tests.stacks import ROOT

SAMPLES = ROOT / "tests/data/preview"
URN = "urn:pulumi:prod::slipway::aws:s3/bucket:Bucket::models"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def sample(name):
    return of_preview(ROOT, SAMPLES / f"{name}.json")


@pytest.fixture(scope="module")
def everything():
    return sample("everything")


def changes(reviewed):
    return {c.property: (c.before, c.after) for c in reviewed.outcome.changed}


def named(found, name):
    (one,) = [r for r in found.resources if r.name == name]
    return one


# --- a part of a stack ----------------------------------------------------------------------------


def test_an_update_is_told_with_its_values_and_what_it_means():
    found = sample("update")
    (one,) = found.resources
    assert (one.name, one.action, one.outcome.source) == (
        "prod-fleet-group",
        Action.UPDATED,
        Source.PULUMI,
    )
    assert changes(one) == {"maxSize": (12, 8)}
    assert [c.sentence for c in one.consequences] == [
        "capacity is reduced: at most 8 instead of 12"
    ]
    assert (found.stack, found.grade) == ("prod", Grade.MEDIUM)


def test_a_preview_of_what_changes_alone_says_what_is_left_out():
    found = sample("update")
    assert not found.whole
    (missing,) = found.undecided
    assert "rules" in missing.what
    assert "total cost" in missing.what
    assert "--show-sames" in missing.why
    assert (found.broken, found.mended) == ((), ())
    assert "for what changes" in markdown(found)


def test_a_preview_without_a_change_has_no_steps_and_nothing_to_say():
    found = sample("nothing")
    assert found.empty
    assert markdown(found).startswith("## 🟢 The stack: no resource changes")
    assert found.undecided == ()


def test_states_that_pulumi_left_out_are_not_made_up():
    found = sample("without-states")
    assert {r.name: r.action for r in found.resources} == {
        "prod-fleet-group": Action.UPDATED,
        "prod-store-models": Action.DELETED,
        "prod-new": Action.CREATED,
    }
    assert "maxSize: from what to what is not known" in markdown(found)
    assert About.DATA in {c.about for c in named(found, "prod-store-models").consequences}


# --- a whole one ----------------------------------------------------------------------------------


def test_every_step_becomes_what_it_does_and_a_replacement_is_told_once(everything):
    assert {r.name: r.action for r in everything.resources} == {
        "prod-store-models": Action.REPLACED,
        "prod-store-policy": Action.UPDATED,
        "prod-fleet-template": Action.UPDATED,
        "prod-balancer-in": Action.UPDATED,
        "prod-token": Action.UPDATED,
        "prod-alarms": Action.CREATED,
        "prod-logs": Action.CREATED,
        "prod-store-key": Action.RENAMED,
        "prod-fleet-rollout": Action.UPDATED,
        "prod-jobs": Action.DELETED,
    }
    assert everything.whole
    assert everything.undecided == ()


def test_a_replacement_says_by_what_and_what_is_lost(everything):
    bucket = named(everything, "prod-store-models")
    assert bucket.outcome.replaced_by == ("bucket",)
    assert changes(bucket) == {"bucket": ("models-1", "models-2")}
    assert {c.about for c in bucket.consequences} == {About.PROTECTION, About.DATA}
    assert bucket.component == "prod-store"


def test_what_is_only_known_later_is_said_to_be(everything):
    assert changes(named(everything, "prod-store-policy"))["bucket"] == ("models-1", LATER)
    assert changes(named(everything, "prod-fleet-rollout"))["desired"][1] is LATER


def test_a_resource_found_by_its_alias_says_what_it_was(everything):
    assert named(everything, "prod-store-key").outcome.was.endswith("::prod-key")


def test_what_an_earlier_update_left_to_delete_is_nothing_new(everything):
    assert "prod-store-old" not in {r.name for r in everything.resources}


def test_costs_exposure_and_rules_are_those_of_the_whole_stack(everything):
    assert everything.cost.before.low > 0  # the servers, by the template that the group names
    assert any("can now reach" in finding.said for finding in everything.elsewhere)
    assert "no-open-port" in {f.rule for f in everything.broken}
    assert everything.needs_a_yes


def test_outputs_are_compared_and_secret_ones_are_equal(everything):
    assert [c.property for c in everything.outputs] == ["url"]


@pytest.mark.parametrize("form", [markdown, page, lambda found: json.dumps(document(found))])
def test_secrets_appear_in_no_form(everything, form):
    text = form(everything)
    assert "correct-horse" not in text
    assert "djE6cG" not in text
    assert SIGNATURE not in text
    assert UNKNOWN not in text
    assert changes(named(everything, "prod-token")) == {
        "value": (HIDDEN, HIDDEN),
        'tags["a.b"]': ("one", "two"),
    }


# --- values ---------------------------------------------------------------------------------------


def state(inputs, **more):
    return {"urn": URN, "type": "aws:s3/bucket:Bucket", "custom": True, "inputs": inputs, **more}


def updated(folder, old, new, *paths, outputs=None, kind="update"):
    """The one outcome of an update of these inputs."""
    step = {
        "op": "update",
        "urn": URN,
        "oldState": state(old, outputs=outputs or {}),
        "newState": state(new),
        "detailedDiff": {path: {"kind": kind, "inputDiff": True} for path in paths},
        "diffReasons": ["reason"],
    }
    file = folder / "preview.json"
    file.write_text(json.dumps({"steps": [step]}))
    (found,) = of_preview(ROOT, file).resources
    return found.outcome


@pytest.mark.parametrize(
    ("path", "old", "new", "before", "after"),
    [
        ("a", {"a": 1}, {"a": 2}, 1, 2),
        ("a.b", {"a": {"b": 1}}, {"a": {"b": 2}}, 1, 2),
        ("a[1].b", {"a": [0, {"b": 1}]}, {"a": [0, {"b": 2}]}, 1, 2),
        ('a["b.c"]', {"a": {"b.c": 1}}, {"a": {"b.c": 2}}, 1, 2),
        ('a["b\\"c"].d', {"a": {'b"c': {"d": 1}}}, {"a": {'b"c': {"d": 2}}}, 1, 2),
        ("a[7]", {"a": [1]}, {"a": [1]}, None, None),
        ("a.b.c", {"a": {"b": "text"}}, {"a": {}}, None, None),
        ("a", {"a": 1}, {"a": UNKNOWN}, 1, LATER),
        ("a", {"a": 1}, {"a": {"b": [UNKNOWN]}}, 1, {"b": ["known after the update"]}),
        ("a", {"a": "[secret]"}, {"a": "x"}, HIDDEN, HIDDEN),
        ("a.b", {"a": {"b": "x"}}, {"a": "[secret]"}, HIDDEN, HIDDEN),
        ("a", {"a": {"b": "x"}}, {"a": {"b": "[secret]"}}, HIDDEN, HIDDEN),
        ("a", {"a": [{SIGNATURE: SECRET, "ciphertext": "v1:x"}]}, {"a": []}, HIDDEN, HIDDEN),
        ("a", {"__defaults": ["a"], "a": {"__defaults": [], "b": 1}}, {"a": 2}, {"b": 1}, 2),
    ],
)
def test_a_changed_property_has_both_values(tmp_path, path, old, new, before, after):
    (one,) = updated(tmp_path, old, new, path).changed
    assert (one.property, one.before, one.after) == (path, before, after)


def test_a_property_that_is_no_input_is_looked_for_in_the_outputs(tmp_path):
    (one,) = updated(tmp_path, {}, {"a": 2}, "a", outputs={"a": 1}).changed
    assert (one.before, one.after) == (1, 2)


def test_without_a_detailed_diff_the_reasons_are_named(tmp_path):
    (one,) = updated(tmp_path, {"reason": 1}, {"reason": 2}).changed
    assert (one.property, one.before, one.after) == ("reason", 1, 2)


@pytest.mark.parametrize("kind", ["add-replace", "update-replace", "delete-replace"])
def test_the_kind_of_a_difference_says_what_replaces_it(tmp_path, kind):
    assert updated(tmp_path, {"a": 1}, {"a": 2}, "a", kind=kind).replaced_by == ("a",)


@pytest.mark.parametrize("kind", ["add", "update", "delete"])
def test_other_kinds_replace_nothing(tmp_path, kind):
    assert updated(tmp_path, {"a": 1}, {"a": 2}, "a", kind=kind).replaced_by == ()


def test_a_component_and_the_stack_are_nothing_that_changes(tmp_path):
    component = {"urn": "urn:pulumi:prod::slipway::slipway:infra:Store::s", "custom": False,
                 "type": "slipway:infra:Store"}  # fmt: skip
    root = {"urn": "urn:pulumi:prod::slipway::pulumi:pulumi:Stack::s", "custom": False,
            "type": "pulumi:pulumi:Stack"}  # fmt: skip
    file = tmp_path / "preview.json"
    steps = [{"op": "create", "urn": s["urn"], "newState": s} for s in (component, root)]
    file.write_text(json.dumps({"steps": steps}))
    assert of_preview(ROOT, file).resources == ()


# --- what is none ---------------------------------------------------------------------------------

STEP = {"op": "update", "urn": URN, "oldState": state({}), "newState": state({})}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is no JSON"),
        (b"Previewing update (prod)", "it is no JSON"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "it is no JSON"),
        (b'{"steps": []}\n{"steps": []}', "it is no JSON"),
        (b"[]", "it has no steps"),
        (b'"steps"', "it has no steps"),
        (b"{}", "it has no steps"),
        (b'{"resource_changes": []}', "it has no steps"),
        (b'{"steps": {}}', "its steps are no list"),
        (b'{"steps": null}', "its steps are no list"),
        (b'{"steps": [1]}', "step 1 names no resource"),
        (b'{"steps": [{"op": "same"}]}', "step 1 names no resource"),
        (b'{"steps": [{"op": "same", "urn": 7}]}', "step 1 names no resource"),
        (json.dumps({"steps": [STEP, {**STEP, "op": "explode"}]}), "step 2 does 'explode'"),
        (json.dumps({"steps": [{**STEP, "op": ["same"]}]}), "step 1 does ['same']"),
        (json.dumps({"steps": [{**STEP, "op": None}]}), "step 1 does None"),
        (json.dumps({"steps": [{**STEP, "urn": "models"}]}), "'models' in place of a URN"),
        (json.dumps({"steps": [{**STEP, "urn": "a::b::c::d"}]}), "'a::b::c::d' in place of a URN"),
        (json.dumps({"steps": [{**STEP, "newState": []}]}), "step 1 holds something else"),
        (json.dumps({"steps": [{**STEP, "newState": {"inputs": [1]}}]}), "step 1 holds"),
        (json.dumps({"steps": [{**STEP, "detailedDiff": ["a"]}]}), "step 1 holds something else"),
        (json.dumps({"steps": [{**STEP, "detailedDiff": {"a": 1}}]}), "step 1 holds"),
        (json.dumps({"steps": [{**STEP, "replaceReasons": 7}]}), "step 1 holds something else"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_one_line_with_the_way_out(tmp_path, content, why):
    file = tmp_path / "preview.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(StackError, match=re.escape(why)) as refused:
        read_steps(file)
    assert "\n" not in str(refused.value)
    assert "pulumi preview --json > preview.json" in str(refused.value)


def test_a_preview_that_failed_is_no_review_and_its_messages_stay_in_it():
    with pytest.raises(StackError, match="did not succeed: pulumi says 1 error") as refused:
        sample("failed")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("where", [".", "nowhere.json"])
def test_a_folder_or_a_missing_file_is_told_by_the_system(tmp_path, where):
    with pytest.raises(OSError, match="directory"):
        read_steps(tmp_path / where)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
STATES = JSON | st.fixed_dictionaries(
    {"urn": st.just(URN), "custom": st.just(True)},
    optional=dict.fromkeys(
        ("type", "parent", "inputs", "outputs", "dependencies", "propertyDependencies", "id"), JSON
    ),
)
FIELDS = st.fixed_dictionaries(
    {"op": st.sampled_from(["update", "same", "replace", "delete", "create"]) | JSON},
    optional={
        **dict.fromkeys(("oldState", "newState"), STATES),
        **dict.fromkeys(("detailedDiff", "diffReasons", "replaceReasons"), JSON),
    },
)


@settings(deadline=None, max_examples=200)
@given(FIELDS)
def test_whatever_a_step_holds_it_is_reviewed_or_refused(tmp_path_factory, fields):
    file = tmp_path_factory.getbasetemp() / "any.json"
    file.write_text(json.dumps({"steps": [{"urn": URN, **fields}]}))
    with contextlib.suppress(StackError):
        markdown(of_preview(ROOT, file))
