"""Checkov's answers as values; the real one is in tests/integration/test_checkov.py."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from slipway.errors import StackError
from slipway.stack.checkov import Outcome, Planned, failure_of, findings, parse
from slipway.stack.waivers import Failure, Waiver

BUCKET = "urn:pulumi:prod::slipway::aws:s3/bucket:Bucket::prod-bucket"
KEY = "urn:pulumi:prod::slipway::aws:kms/key:Key::prod-key"
PLANNED = Planned.of(
    {"planned_values": {"root_module": {"resources": [{}, {}]}}},
    {BUCKET: "aws_s3_bucket.prod_bucket", KEY: "aws_kms_key.prod_key"},
    "prod",
    "cluster",
)


def record(check, resource):
    return {"check_id": check, "check_name": f"Ensure {check}", "resource": resource}


def answer(*, passed=(), failed=(), resources=2, parsing_errors=(), skipped=()):
    return {
        "results": {
            "passed_checks": [record(*each) for each in passed],
            "failed_checks": [record(*each) for each in failed],
            "skipped_checks": list(skipped),
            "parsing_errors": list(parsing_errors),
        },
        "summary": {"resource_count": resources, "checkov_version": "3.3.30"},
    }


def waiver(*resources, **scope):
    return Waiver("CKV_AWS_1", resources, "it holds", "platform engineer", **scope)


# What it says


def test_a_finding_leads_back_to_the_resource_of_the_program():
    said = answer(failed=[("CKV_AWS_1", "aws_s3_bucket.prod_bucket")])
    (found,) = parse(json.dumps(said), PLANNED).findings
    assert (found.urn, found.name, found.asks) == (BUCKET, "prod-bucket", "Ensure CKV_AWS_1")
    assert failure_of(found, PLANNED) == Failure("CKV_AWS_1", "prod-bucket", "prod", "cluster")


def test_what_is_no_resource_of_the_program_goes_by_its_address():
    said = answer(passed=[("CKV_AWS_41", "aws.default")])
    (found,) = parse(json.dumps(said), PLANNED).findings
    assert (found.urn, found.name) == ("", "aws.default")


def test_findings_are_in_one_order_whatever_the_answers():
    every = [("CKV_AWS_2", "b"), ("CKV_AWS_1", "b"), ("CKV_AWS_1", "a")]
    one = parse(json.dumps(answer(passed=every)), PLANNED)
    other = parse(json.dumps(answer(passed=every[::-1])), PLANNED)
    assert one == other
    assert [(f.check, f.address) for f in one.findings] == sorted(every)


def test_a_waiver_turns_a_failed_check_into_a_waived_one_and_leaves_a_passed_one():
    said = answer(
        passed=[("CKV_AWS_1", "aws_kms_key.prod_key")],
        failed=[
            ("CKV_AWS_1", "aws_s3_bucket.prod_bucket"),
            ("CKV_AWS_2", "aws_s3_bucket.prod_bucket"),
        ],
    )
    ours = waiver("*-bucket", "*-key")
    report = parse(json.dumps(said), PLANNED, [ours])
    assert [f.check for f in report.of(Outcome.FAILED)] == ["CKV_AWS_2"]
    assert [(f.name, f.waiver) for f in report.of(Outcome.WAIVED)] == [("prod-bucket", ours)]
    assert [(f.name, f.waiver) for f in report.of(Outcome.PASSED)] == [("prod-key", None)]


@pytest.mark.parametrize("scope", [{"environments": ("dev",)}, {"shapes": ("single",)}])
def test_a_waiver_of_another_environment_or_shape_leaves_it_failed(scope):
    said = answer(failed=[("CKV_AWS_1", "aws_s3_bucket.prod_bucket")])
    report = parse(json.dumps(said), PLANNED, [waiver("*", **scope)])
    assert [f.outcome for f in report.findings] == [Outcome.FAILED]


def test_waivers_may_come_from_an_iterator():
    said = answer(failed=[("CKV_AWS_1", "aws_s3_bucket.prod_bucket"), ("CKV_AWS_1", "x")])
    report = parse(json.dumps(said), PLANNED, iter([waiver("*-bucket", "x")]))
    assert len(report.of(Outcome.WAIVED)) == 2


# What it does not say


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Traceback",
        "[]",
        "{}",
        "null",
        # What Checkov 3.3.30 says, and ends with 0, of a file that is no plan.
        json.dumps({"passed": 0, "failed": 0, "resource_count": 0, "checkov_version": "3.3.30"}),
        json.dumps({**answer(), "results": {"failed_checks": []}}),
        json.dumps(answer(failed=[("CKV_AWS_1", "a")])).replace("check_id", "id"),
    ],
)
def test_an_answer_of_another_form_is_refused(text):
    with pytest.raises(StackError, match="cannot be read"):
        parse(text, PLANNED)


@pytest.mark.parametrize(
    "part", [{"resources": 1}, {"parsing_errors": ["plan.json"]}, {"skipped": [{}]}]
)
def test_half_an_answer_is_refused(part):
    with pytest.raises(StackError, match="did not check the whole plan"):
        parse(json.dumps(answer(**part)), PLANNED)


# How it is run


def environment(folder: Path, program: str) -> Path:
    """An environment whose Checkov is a program of ours; `here` is its folder."""
    path = folder / "bin/checkov"
    path.parent.mkdir(parents=True)
    start = "import json, os, pathlib, stat, sys\nhere = pathlib.Path(__file__).parent\n"
    path.write_text(f"#!{sys.executable}\n{start}{program}\n")
    path.chmod(0o755)
    return folder


NOTES = f"""
plan = pathlib.Path(sys.argv[sys.argv.index("--file") + 1]).absolute()
folder = stat.filemode(plan.parent.stat().st_mode)
(here / "notes").write_text(json.dumps([
    sys.argv[1:], dict(os.environ), str(plan), folder, json.loads(plan.read_text())
]))
print({json.dumps(answer())!r})
"""


def test_a_missing_environment_is_said_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(StackError, match=r"bin/checkov is missing.*make setup"):
        findings(tmp_path / ".venv-checkov", PLANNED)


def test_it_gets_the_plan_in_a_private_folder_that_is_gone_afterwards(tmp_path):
    report = findings(environment(tmp_path, NOTES), PLANNED)
    assert report.version == "3.3.30"
    arguments, _, plan, mode, document = json.loads((tmp_path / "bin/notes").read_text())
    assert document == PLANNED.document
    assert mode == "drwx------"
    assert not Path(plan).parent.exists()
    assert {"terraform_plan", "--skip-download"} <= set(arguments)


def test_it_gets_nothing_of_our_environment_and_no_way_out(tmp_path, monkeypatch):
    for name in ("AWS_SECRET_ACCESS_KEY", "BC_API_KEY", "CKV_SKIP_CHECK", "PYTHONPATH"):
        monkeypatch.setenv(name, "ours")
    findings(environment(tmp_path, NOTES), PLANNED)
    _, variables, plan, _, _ = json.loads((tmp_path / "bin/notes").read_text())
    assert "ours" not in variables.values()
    assert variables["HOME"] == variables["TMPDIR"] == str(Path(plan).parent)
    assert variables["CKV_SKIP_PACKAGE_UPDATE_CHECK"] == "true"
    proxies = {name: value for name, value in variables.items() if name.lower().endswith("_proxy")}
    assert {"HTTPS_PROXY", "https_proxy"} <= set(proxies)
    assert set(proxies.values()) == {"http://127.0.0.1:9"}


def test_that_checks_failed_is_no_error(tmp_path):
    said = answer(failed=[("CKV_AWS_1", "aws_s3_bucket.prod_bucket")])
    program = f"print({json.dumps(said)!r}); sys.exit(1)"
    assert len(findings(environment(tmp_path, program), PLANNED).of(Outcome.FAILED)) == 1


def test_another_exit_code_is_an_error_with_what_it_said_last(tmp_path):
    program = 'sys.stderr.write("x" * 1000 + " no such option"); sys.exit(2)'
    with pytest.raises(StackError, match=r"exit code 2: x+ no such option") as caught:
        findings(environment(tmp_path, program), PLANNED)
    assert len(str(caught.value)) < 700


def test_one_that_cannot_be_started_is_said(tmp_path):
    made = environment(tmp_path, "")
    (made / "bin/checkov").chmod(stat.S_IRUSR)
    if os.access(made / "bin/checkov", os.X_OK):
        pytest.skip("this user may start everything")
    with pytest.raises(StackError, match=r"cannot be started.*make setup"):
        findings(made, PLANNED)


def test_one_that_does_not_end_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("slipway.stack.checkov._PATIENCE", 0.3)
    with pytest.raises(StackError, match="does not end"):
        findings(environment(tmp_path, "import time; time.sleep(60)"), PLANNED)
