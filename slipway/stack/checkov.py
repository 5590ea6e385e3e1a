"""Checkov's checks over Terraform's plan of a stack, run from an environment of their own.

Nothing of it leaves this machine: it runs without credentials, without the settings of whoever runs
it, with no platform to report to, and behind a proxy that nothing answers.
"""

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from slipway.errors import StackError
from slipway.stack.urns import name_of
from slipway.stack.waivers import Failure, Waiver, waiver_of

ENVIRONMENT = ".venv-checkov"
"""Folder of the checkout."""
WAIVERS = "policy/checkov/waivers.yaml"

_PLAN = "plan.json"
_ARGUMENTS = (
    "--file", _PLAN, "--framework", "terraform_plan", "--output", "json", "--compact",
    "--skip-download",  # of what the platform knows about checks
)  # fmt: skip
"""`--quiet` is left out: it drops the checks that passed."""
_NOWHERE = "http://127.0.0.1:9"
_PATIENCE = 300
"""Seconds. Checkov takes about 5 for the largest of our plans."""


class Outcome(StrEnum):
    """What became of a check of one resource."""

    PASSED = "passed"
    FAILED = "failed"
    WAIVED = "waived"


@dataclass(frozen=True)
class Planned:
    """Terraform's JSON form of a plan, and of what it is: a stack (`environment`) in a `shape`.
    `urns` map an address to the URN of its resource.
    """

    document: Mapping[str, Any]
    urns: Mapping[str, str]
    environment: str
    shape: str

    @classmethod
    def of(
        cls,
        document: Mapping[str, Any],
        addresses: Mapping[str, str],
        environment: str,
        shape: str,
    ) -> "Planned":
        """`addresses` are those of the synthesis that was planned: by URN."""
        urns = {address: urn for urn, address in addresses.items()}
        return cls(document, urns, environment, shape)

    @property
    def resources(self) -> int:
        """How many the plan ends with."""
        root = self.document["planned_values"]["root_module"]
        return len(root.get("resources", ()))


@dataclass(frozen=True)
class Finding:
    """One check of one resource: `asks` is what it wants, in Checkov's words. `urn` is empty for
    what is no resource of the program: a provider. `waiver` is set where the outcome is `WAIVED`.
    """

    check: str
    asks: str
    address: str
    urn: str
    outcome: Outcome
    waiver: Waiver | None = None

    @property
    def name(self) -> str:
        """The resource's logical name, or its address where it has none."""
        return name_of(self.urn) if self.urn else self.address


@dataclass(frozen=True)
class Report:
    """What this `version` of Checkov found, by check and address."""

    version: str
    findings: tuple[Finding, ...]

    def of(self, outcome: Outcome) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.outcome is outcome)


def findings(environment: Path, planned: Planned, waivers: Iterable[Waiver] = ()) -> Report:
    """Ask the Checkov of a virtual environment. Takes seconds.

    Raises `StackError` where that environment is missing, where Checkov fails, and where it does
    not say of every planned resource that it looked at it.
    """
    program = environment / "bin/checkov"
    if not program.exists():
        raise StackError(
            "There is no Checkov",
            why=f"{program} is missing",
            mend="Run: make setup. For Checkov alone: python3 scripts/bootstrap.py checkov",
        )
    return parse(_answer(program, planned.document), planned, waivers)


def parse(answer: str, planned: Planned, waivers: Iterable[Waiver] = ()) -> Report:
    """Checkov's JSON as values. Raises `StackError` for one that is no report of this plan."""
    accepted = tuple(waivers)
    try:
        said = json.loads(answer)
        # For a plan that it cannot read Checkov reports nothing, and ends well.
        seen, results = said["summary"]["resource_count"], said["results"]
        doubtful = [*results["parsing_errors"], *results["skipped_checks"]]
        version = str(said["summary"]["checkov_version"])
        found = [
            _finding(record, outcome, planned, accepted)
            for outcome, records in (
                (Outcome.PASSED, results["passed_checks"]),
                (Outcome.FAILED, results["failed_checks"]),
            )
            for record in records
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise StackError(
            "Checkov's answer cannot be read", why=f"{type(error).__name__}: {error}"
        ) from error
    if doubtful or seen < planned.resources:
        raise StackError(
            "Checkov did not check the whole plan",
            why=f"it looked at {seen} of {planned.resources} resources and left out "
            f"{len(doubtful)} files or checks",
        )
    return Report(version, tuple(sorted(found, key=lambda each: (each.check, each.address))))


def _finding(
    record: Mapping[str, Any], outcome: Outcome, planned: Planned, waivers: tuple[Waiver, ...]
) -> Finding:
    address = str(record["resource"])
    finding = Finding(
        check=str(record["check_id"]),
        asks=str(record["check_name"]),
        address=address,
        urn=planned.urns.get(address, ""),
        outcome=outcome,
    )
    if outcome is Outcome.FAILED:
        waiver = waiver_of(failure_of(finding, planned), waivers)
        return replace(finding, outcome=Outcome.WAIVED, waiver=waiver) if waiver else finding
    return finding


def failure_of(finding: Finding, planned: Planned) -> Failure:
    """A failed check as waivers know it."""
    return Failure(finding.check, finding.name, planned.environment, planned.shape)


def _answer(program: Path, document: Mapping[str, Any]) -> str:
    """Run it in a folder that only we can read, and that is removed whatever happens."""
    with TemporaryDirectory(prefix="slipway-checkov-") as name:
        folder = Path(name)
        (folder / _PLAN).write_text(json.dumps(document))
        try:
            done = subprocess.run(
                [str(program.absolute()), *_ARGUMENTS],
                cwd=folder,
                env=_variables(folder),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=_PATIENCE,
            )
        except subprocess.TimeoutExpired as error:
            raise StackError("Checkov does not end", why=f"{_PATIENCE} s have passed") from error
        except OSError as error:
            raise StackError(
                "Checkov cannot be started",
                why=str(error),
                mend=f"Move {ENVIRONMENT} away and run: make setup",
            ) from error
    if done.returncode not in {0, 1}:  # 1: a check failed
        said = " ".join(done.stderr.split())[-500:]
        raise StackError("Checkov failed", why=f"exit code {done.returncode}: {said}")
    return done.stdout


def _variables(folder: Path) -> dict[str, str]:
    """Nothing of ours. Checkov reads settings from dozens of variables, and from files in the home
    and the current folder; caches it would share in the system's temporary folder.
    """
    return {
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true",  # it would ask PyPI for a newer version
        "GIT_PYTHON_REFRESH": "quiet",  # a machine without git is no error
        **{
            variable: _NOWHERE
            for name in ("http_proxy", "https_proxy", "all_proxy")
            for variable in (name, name.upper())
        },
    }
