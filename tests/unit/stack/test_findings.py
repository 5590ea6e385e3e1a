"""What is wrong with a stack, as tables, lines and JSON."""

import json

import pytest

from slipway.stack import checkov
from slipway.stack.findings import document, summary, tables
from slipway.stack.inspection import Inspection, Planned
from slipway.stack.policies import Finding
from slipway.stack.review.outcome import Undecided
from slipway.stack.waivers import Waiver
from tests.unit.stack.review.made import BUCKET, urn

BROKEN = Finding("encrypted", "it", "is not encrypted", "mandatory")
REMARK = Finding("tagged", "it", "has no owner", "advisory")
WAIVER = Waiver("CKV_AWS_2", ("it",), "It is empty, and will be so for ever.", "platform")
IT = urn(BUCKET, "it")
REPORT = checkov.Report(
    "3.3.30",
    (
        checkov.Finding("CKV_AWS_1", "Ensure one", "aws_s3_bucket.it", IT, checkov.Outcome.FAILED),
        checkov.Finding(
            "CKV_AWS_2", "Ensure two", "aws_s3_bucket.it", IT, checkov.Outcome.WAIVED, WAIVER
        ),
        checkov.Finding("CKV_AWS_3", "Ensure three", "aws", "", checkov.Outcome.PASSED),
    ),
)
PLANNED = Planned(7, "", (Undecided(IT, "region", "nobody knows it"), Undecided("", "", "why")))
FULL = Inspection((BROKEN, REMARK), PLANNED, REPORT, ("something: it is missing",))
NOTHING = Inspection((), None, None, ())


def test_tables_are_of_what_is_wrong_alone():
    assert list(tables(NOTHING)) == []
    rules, failed = tables(FULL)
    assert rules[1] == [
        ("encrypted", "mandatory", "it", "is not encrypted"),
        ("tagged", "advisory", "it", "has no owner"),
    ]
    assert failed[1] == [("CKV_AWS_1", "it", "Ensure one")]


def test_waived_and_passed_checks_make_no_table():
    quiet = checkov.Report("3.3.30", REPORT.findings[1:])
    assert list(tables(Inspection((), None, quiet, ()))) == []


def test_the_summary_has_a_line_for_each_part():
    assert list(summary(FULL)) == [
        "rules: 1 mandatory rules broken, 1 remarks",
        "provider: plans 7 resources",
        "  not planned: it region: nobody knows it",
        "  not planned: the stack: why",
        "Checkov 3.3.30: 1 passed, 1 failed, 1 waived (docs/checkov.md)",
        "skipped: something: it is missing",
    ]


def test_what_was_left_out_has_no_line():
    assert list(summary(NOTHING)) == ["rules: 0 mandatory rules broken, 0 remarks"]


def test_a_refusal_is_said_in_the_providers_words():
    lines = list(summary(Inspection((), Planned(0, "'x' is no CIDR", ()), None, ())))
    assert lines[1] == "provider: it refuses the stack: 'x' is no CIDR"


def test_the_document_has_everything_but_what_passed():
    told = document(FULL)
    assert told["failed"] is True
    assert [rule["level"] for rule in told["rules"]] == ["mandatory", "advisory"]
    assert told["plan"] == {
        "resources": 7,
        "refusal": "",
        "undecided": [
            {"urn": IT, "what": "region", "why": "nobody knows it"},
            {"urn": "", "what": "", "why": "why"},
        ],
    }
    assert told["checkov"]["version"] == "3.3.30"
    assert [(f["check"], f["outcome"], f["reason"]) for f in told["checkov"]["findings"]] == [
        ("CKV_AWS_1", "failed", ""),
        ("CKV_AWS_2", "waived", WAIVER.reason),
    ]
    assert told["skipped"] == ["something: it is missing"]


def test_what_was_left_out_is_null():
    assert document(NOTHING) == {
        "failed": False,
        "rules": [],
        "plan": None,
        "checkov": None,
        "skipped": [],
    }


@pytest.mark.parametrize("found", [FULL, NOTHING])
def test_the_document_is_json(found):
    assert json.loads(json.dumps(document(found))) == document(found)
