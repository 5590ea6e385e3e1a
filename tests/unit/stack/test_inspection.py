"""What is checked of a stack, and what is left out where something is missing on this machine."""

from types import SimpleNamespace

import pytest

from slipway.errors import StackError
from slipway.stack import checkov, inspection
from slipway.stack.consistency import Derived, Settled
from slipway.stack.evaluation import Program
from slipway.stack.inspection import Inspection, Planned, inspect
from slipway.stack.policies import Finding
from slipway.stack.terraform.values import Gap
from tests.unit.stack.review.made import BUCKET, graph, resource, urn

BROKEN = Finding("encrypted", "it", "is not encrypted", "mandatory")
REMARK = Finding("tagged", "it", "has no owner", "advisory")
CHANGES = [{"mode": "managed"}, {"mode": "data"}, {"mode": "managed"}]


def finding(outcome):
    return checkov.Finding("CKV_AWS_1", "Ensure it", "aws_s3_bucket.it", urn(BUCKET, "it"), outcome)


def report(*outcomes):
    return checkov.Report("3.3.30", tuple(map(finding, outcomes)))


@pytest.mark.parametrize(
    ("found", "failed"),
    [
        (Inspection((), None, None, ()), False),
        (Inspection((REMARK,), None, None, ("all",)), False),
        (Inspection((REMARK, BROKEN), None, None, ()), True),
        (Inspection((), Planned(3, "", ()), report(), ()), False),
        (Inspection((), Planned(0, "it is no CIDR", ()), None, ()), True),
        (Inspection((), None, report(checkov.Outcome.WAIVED, checkov.Outcome.PASSED), ()), False),
        (Inspection((), None, report(checkov.Outcome.FAILED), ()), True),
    ],
)
def test_it_fails_where_a_mandatory_rule_a_plan_or_an_unwaived_check_does(found, failed):
    assert found.failed is failed


# --- the steps, each played -----------------------------------------------------------------------


@pytest.fixture
def played(monkeypatch, tmp_path):
    """A program of one bucket, rules, a provider and Checkov that all agree."""
    settled = Settled(graph(resource(BUCKET)), (Derived(urn(BUCKET, "it"), "tags"),))
    gap = Gap(urn(BUCKET, "it"), "region", "this version of the provider does not know it")
    synthesis = SimpleNamespace(
        document={}, variables={}, files={}, gaps=(gap,), addresses={urn(BUCKET, "it"): "aws.it"}
    )
    answers = {
        "evaluate": lambda programs, key: [settled],
        "findings": lambda root, graph: (REMARK,),
        "find": lambda: None,
        "prepare": lambda tools, cache: SimpleNamespace(catalogue=None, requirement={}),
        "synthesise": lambda *_: synthesis,
        "plan": lambda terraform, question: {"resource_changes": CHANGES},
        "read_configuration": lambda root, stack, overrides: {"slipway:shape": "single"},
        "read_waivers": lambda file: (),
    }
    for name, answer in answers.items():
        monkeypatch.setattr(inspection, name, answer)
    monkeypatch.setattr(checkov, "findings", lambda environment, planned, waivers: report())
    (tmp_path / checkov.ENVIRONMENT).mkdir(parents=True)

    def play(**others):
        for name, answer in others.items():
            monkeypatch.setattr(inspection, name, answer)
        return inspect(Program(tmp_path, "prod"), tmp_path / "cache", progress)

    steps = []

    def progress(done, total, note=""):
        steps.append((done, total, note))

    play.steps, play.root = steps, tmp_path
    return play


def missing(*_):
    raise StackError("There is no terraform", why="no folder of PATH has it", mend="Install it.")


def test_everything_is_asked_and_only_what_is_managed_is_counted(played):
    found = played()
    assert found.rules == (REMARK,)
    assert (found.planned.resources, found.planned.refusal) == (2, "")
    assert found.checked == report()
    assert found.skipped == ()
    assert played.steps[0][0] == 0
    assert played.steps[-1][:2] == (4, 4)


def test_what_is_not_planned_is_listed(played):
    assert [u.what for u in played().planned.undecided] == ["tags", "region"]


@pytest.mark.parametrize("what", ["find", "prepare"])
def test_without_terraform_or_provider_the_rules_are_still_asked(played, what):
    found = played(**{what: missing})
    assert (found.rules, found.planned, found.checked) == ((REMARK,), None, None)
    (said,) = found.skipped
    assert said.startswith("the provider's plan and Checkov: There is no terraform")
    assert not found.failed


def test_a_stack_that_the_provider_refuses_has_no_plan_to_look_at(played):
    def refuses(*_):
        raise StackError("terraform plan failed", why="'x' is no CIDR")

    found = played(plan=refuses)
    assert (found.planned.resources, found.planned.refusal) == (0, "'x' is no CIDR")
    assert found.checked is None
    assert "no plan" in found.skipped[0]
    assert found.failed


def test_without_checkov_its_part_is_skipped(played):
    (played.root / checkov.ENVIRONMENT).rmdir()
    found = played()
    assert found.planned.resources == 2
    assert found.checked is None
    assert "make setup" in found.skipped[0]


def test_waivers_are_read_for_the_shape_that_is_configured_or_asked_for(played, monkeypatch):
    shapes = []
    monkeypatch.setattr(checkov, "findings", lambda _e, planned, _w: shapes.append(planned.shape))
    played()
    inspect(Program(played.root, "prod", {}, "container"), played.root / "cache")
    assert shapes == ["single", "container"]


def test_a_program_that_cannot_be_run_is_no_finding(played):
    with pytest.raises(StackError, match="There is no terraform"):
        played(evaluate=missing)
