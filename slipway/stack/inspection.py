"""Everything that can be checked of a stack without an account: the project's own rules, a plan by
the real AWS provider, and Checkov over that plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from slipway.errors import StackError
from slipway.progress import Progress, silent
from slipway.stack import checkov
from slipway.stack.configuration import read_configuration
from slipway.stack.consistency import Settled
from slipway.stack.evaluation import Program, evaluate
from slipway.stack.policies import Finding, findings
from slipway.stack.review.outcome import Undecided
from slipway.stack.secrets import new_key
from slipway.stack.terraform.command import Terraform, prepare
from slipway.stack.terraform.plan import Question, plan
from slipway.stack.terraform.synthesis import synthesise
from slipway.stack.terraform.tools import find
from slipway.stack.waivers import read as read_waivers

_STEPS = 4


@dataclass(frozen=True)
class Planned:
    """The provider's plan from nothing: how many resources it would make, or why it refuses."""

    resources: int
    refusal: str
    undecided: tuple[Undecided, ...]


@dataclass(frozen=True)
class Inspection:
    """`planned` and `checked` are None where they were left out; `skipped` says why."""

    rules: tuple[Finding, ...]
    planned: Planned | None
    checked: checkov.Report | None
    skipped: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """A mandatory rule is broken, the provider refuses, or a check has no waiver."""
        refused = self.planned is not None and bool(self.planned.refusal)
        unwaived = self.checked is not None and bool(self.checked.of(checkov.Outcome.FAILED))
        return refused or unwaived or any(rule.mandatory for rule in self.rules)


def inspect(program: Program, cache: Path, progress: Progress = silent) -> Inspection:
    """Raises `StackError` where the program cannot be run; what is missing on this machine is only
    skipped.
    """
    progress(0, _STEPS, "running the program")
    (settled,) = evaluate([program], new_key())
    progress(1, _STEPS, "asking the rules")
    rules = findings(program.root, settled.graph)
    progress(2, _STEPS, "planning with the AWS provider")
    try:
        terraform = prepare(find(), cache)
    except StackError as missing:
        return Inspection(rules, None, None, (f"the provider's plan and Checkov: {missing}",))
    planned, document = _plan(settled, terraform)
    if document is None:
        return Inspection(rules, planned, None, ("Checkov: there is no plan to look at",))
    progress(3, _STEPS, "asking Checkov")
    report, skipped = _checked(program, document)
    progress(_STEPS, _STEPS, "done")
    return Inspection(rules, planned, report, skipped)


@dataclass(frozen=True)
class _Document:
    plan: Mapping[str, object]
    addresses: Mapping[str, str]


def _plan(settled: Settled, terraform: Terraform) -> tuple[Planned, _Document | None]:
    synthesis = synthesise(settled.graph, terraform.catalogue, terraform.requirement)
    undecided = (
        *(Undecided(one.urn, one.path, one.why) for one in settled.derived),
        *(Undecided(gap.urn, gap.property, gap.why) for gap in synthesis.gaps),
    )
    question = Question(synthesis.document, synthesis.variables, synthesis.files)
    try:
        found = plan(terraform, question)
    except StackError as refused:
        return Planned(0, refused.why or str(refused), undecided), None
    resources = sum(change["mode"] == "managed" for change in found["resource_changes"])
    return Planned(resources, "", undecided), _Document(found, synthesis.addresses)


def _checked(
    program: Program, document: _Document
) -> tuple[checkov.Report | None, tuple[str, ...]]:
    environment = program.root / checkov.ENVIRONMENT
    if not environment.exists():
        return None, (f"Checkov: {environment.name} is missing; make setup makes it",)
    configured = read_configuration(program.root, program.stack, program.overrides)
    planned = checkov.Planned.of(
        document.plan,
        document.addresses,
        program.stack,
        program.shape or configured.get("slipway:shape", ""),
    )
    waivers = read_waivers(program.root / checkov.WAIVERS)
    return checkov.findings(environment, planned, waivers), ()
