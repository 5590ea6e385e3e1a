"""The review for machines."""

import json

from hypothesis import given, settings

from slipway.stack.exposure.finding import Severity
from slipway.stack.policies import Finding
from slipway.stack.review.document import document
from slipway.stack.review.impact import Grade
from slipway.stack.review.outcome import Action, Changed, Undecided
from slipway.stack.terraform.differences import HIDDEN, LATER
from tests.unit.stack.review.made import (
    BUCKET,
    LOST,
    costs,
    exposed,
    outcome,
    review,
    reviewed,
    urn,
)
from tests.unit.stack.review.texts import reviews


@settings(deadline=None, max_examples=100)
@given(reviews())
def test_it_is_json_whatever_is_in_it(found):
    told = document(found)
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_a_change_of_nothing_needs_no_approval():
    told = document(review())
    assert (told["grade"], told["needsApproval"], told["resources"]) == ("low", False, [])
    assert set(told["counts"].values()) == {0}
    assert told["cost"]["ofTheWholeStack"] is True


def test_a_resource_has_all_that_is_known_of_it():
    it = outcome(
        BUCKET,
        "store",
        Action.REPLACED,
        ("bucket", "a", LATER),
        ("key", HIDDEN, HIDDEN),
        replaced_by=("bucket",),
        uncertain="perhaps",
        was=urn(BUCKET, "former"),
        because=(urn("t", "cause"),),
    )
    (told,) = document(review(reviewed(it, LOST, component="storage")))["resources"]
    assert told == {
        "urn": urn(BUCKET, "store"),
        "was": urn(BUCKET, "former"),
        "name": "store",
        "kind": "Bucket",
        "component": "storage",
        "place": "bucket.py:7",
        "action": "replaced",
        "source": "the AWS provider",
        "replacedBy": ["bucket"],
        "followsFrom": [urn("t", "cause")],
        "uncertain": "perhaps",
        "grade": "high",
        "changes": [
            {"property": "bucket", "before": "a", "after": "[known after the update]"},
            {"property": "key", "before": "[secret]", "after": "[secret]"},
        ],
        "consequences": [
            {"grade": "high", "about": "data", "said": "data is lost: the objects in it"}
        ],
        "cost": {"before": [0.0, 0.0], "after": [0.0, 0.0]},
    }


def test_the_rest_has_its_place():
    rule = Finding("encrypted", "it", "is not encrypted", "mandatory")
    told = document(
        review(
            reviewed(None, (Grade.MEDIUM, "worth a look")),
            elsewhere=(exposed(Severity.NONE, "less"), exposed(Severity.HIGH, "more")),
            cost=costs(1, 2),
            assumptions=("Usage: little",),
            broken=(rule,),
            mended=(rule,),
            outputs=(Changed("url", "a", "b"),),
            undecided=(Undecided("", "rules", "it is a part"),),
            whole=False,
        )
    )
    assert [(f["said"], f["severity"], f["wider"]) for f in told["security"]] == [
        ("more", "high", True),
        ("less", "none", False),
    ]
    assert told["cost"] == {
        "before": [1.0, 1.0],
        "after": [2.0, 2.0],
        "ofTheWholeStack": False,
        "assumptions": ["Usage: little"],
        "unpriced": [],
    }
    assert told["rules"]["broken"] == told["rules"]["mended"]
    assert told["outputs"] == [{"property": "url", "before": "a", "after": "b"}]
    assert told["undecided"] == [{"urn": "", "what": "rules", "why": "it is a part"}]
    assert {"about": "other", "grade": "medium", "said": "it: worth a look"} in told["reasons"]
    assert told["needsApproval"] is True
