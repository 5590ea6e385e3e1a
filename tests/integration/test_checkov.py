"""The real Checkov, over real plans of every environment in every shape."""

import copy
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from slipway.errors import StackError
from slipway.stack.checkov import ENVIRONMENT, WAIVERS, Outcome, Planned, failure_of, findings
from slipway.stack.terraform.command import prepare
from slipway.stack.terraform.names import Catalogue
from slipway.stack.terraform.plan import Question, plan
from slipway.stack.terraform.synthesis import synthesise
from slipway.stack.terraform.tools import find
from slipway.stack.waivers import read, unused
from tests.stacks import ENVIRONMENTS, ROOT, SHAPES, evaluated

CHECKOV = ROOT / ENVIRONMENT
OURS = read(ROOT / WAIVERS)
EVERYWHERE = [(environment, shape) for environment in ENVIRONMENTS for shape in SHAPES]


@pytest.fixture(scope="module")
def terraform():
    """Terraform with its AWS provider. Without it, or without Checkov, tests are skipped; under CI
    the lack of Checkov, which setup makes, is a failure."""
    if not (CHECKOV / "bin/checkov").exists() and os.environ.get("CI") != "true":
        pytest.skip(f"{ENVIRONMENT} is missing: python3 scripts/bootstrap.py checkov")
    try:
        return prepare(find(), ROOT / "build/terraform")
    except StackError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def reports(terraform):
    """What Checkov finds everywhere, two at a time; with the plans."""
    catalogue = Catalogue(terraform.schema)

    def look(where, synthesis):
        question = Question(synthesis.document, synthesis.variables, synthesis.files)
        planned = Planned.of(plan(terraform, question), synthesis.addresses, *where)
        return planned, findings(CHECKOV, planned, OURS)

    # The program is evaluated in this process, one stack after the other.
    written = {
        where: synthesise(evaluated(*where), catalogue, terraform.requirement)
        for where in EVERYWHERE
    }
    with ThreadPoolExecutor(2) as pool:
        looks = {where: pool.submit(look, where, s) for where, s in written.items()}
        return {where: future.result() for where, future in looks.items()}


@pytest.mark.parametrize("where", EVERYWHERE, ids="-".join)
def test_no_check_fails_that_is_not_waived(reports, where):
    _, report = reports[where]
    assert [(f.check, f.name, f.asks) for f in report.of(Outcome.FAILED)] == []
    assert len(report.of(Outcome.PASSED)) > 100


def test_no_waiver_and_no_part_of_one_is_unused(reports):
    failures = [
        failure_of(finding, planned)
        for planned, report in reports.values()
        for finding in report.of(Outcome.WAIVED)
    ]
    assert unused(OURS, failures) == ()


def test_every_finding_about_a_resource_leads_to_the_program(reports):
    _, report = reports["prod", "cluster"]
    unknown = {f.address for f in report.findings if not f.urn}
    assert {address.split(".")[0] for address in unknown} <= {"aws"}  # providers


def test_it_is_the_version_that_is_pinned(reports):
    pins = (ROOT / "policy/checkov/requirements.txt").read_text().split()
    _, report = reports["prod", "cluster"]
    assert f"checkov=={report.version}" in pins
    assert f"Checkov {report.version}," in (ROOT / "docs/checkov.md").read_text()


def changed(planned, address, change):
    """The plan with one resource changed, wherever a plan says what it will be."""
    document = copy.deepcopy(planned.document)
    (after,) = (
        each["change"]["after"]
        for each in document["resource_changes"]
        if each["address"] == address
    )
    (values,) = (
        each["values"]
        for each in document["planned_values"]["root_module"]["resources"]
        if each["address"] == address
    )
    for place in (after, values):
        change(place)
    return Planned(document, planned.urns, planned.environment, planned.shape)


WORSE = [
    ("aws_s3_bucket_public_access_block.prod_store_closed", "CKV_AWS_53",
     lambda block: block.update(block_public_acls=False)),
    ("aws_s3_bucket_versioning.prod_store_versioning", "CKV_AWS_21",
     lambda it: it["versioning_configuration"][0].update(status="Suspended")),
    ("aws_kms_key.prod_key_key", "CKV_AWS_7", lambda key: key.update(enable_key_rotation=False)),
    ("aws_lb.prod_public_alb_lb", "CKV_AWS_150",  # which is waived in dev alone
     lambda it: it.update(enable_deletion_protection=False)),
    ("aws_lb_listener.prod_public_alb_https", "CKV_AWS_103",
     lambda listener: listener.update(ssl_policy="ELBSecurityPolicy-2016-08")),
]  # fmt: skip


def test_stacks_made_worse_are_found(reports):
    planned, _ = reports["prod", "cluster"]
    for address, _, change in WORSE:
        planned = changed(planned, address, change)
    report = findings(CHECKOV, planned, OURS)
    found = {f.check for f in report.of(Outcome.FAILED)}
    assert {check for _, check, _ in WORSE} <= found
