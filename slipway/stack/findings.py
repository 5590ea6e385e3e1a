"""What was found wrong with a stack, as tables, lines and JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from slipway.stack.checkov import Outcome
from slipway.stack.inspection import Inspection
from slipway.stack.urns import name_of

Table = tuple[Sequence[str], Sequence[Sequence[object]]]


def tables(inspection: Inspection) -> Iterator[Table]:
    """Only of what is wrong: an empty table is left out."""
    if inspection.rules:
        yield (
            ("RULE", "LEVEL", "RESOURCE", "MESSAGE"),
            [(f.rule, f.level, f.resource, f.message) for f in inspection.rules],
        )
    failed = inspection.checked.of(Outcome.FAILED) if inspection.checked else ()
    if failed:
        yield (("CHECK", "RESOURCE", "ASKS"), [(f.check, f.name, f.asks) for f in failed])


def summary(inspection: Inspection) -> Iterator[str]:
    broken = [finding for finding in inspection.rules if finding.mandatory]
    remarks = len(inspection.rules) - len(broken)
    yield f"rules: {len(broken)} mandatory rules broken, {remarks} remarks"
    if planned := inspection.planned:
        if planned.refusal:
            yield f"provider: it refuses the stack: {planned.refusal}"
        else:
            yield f"provider: plans {planned.resources} resources"
        for one in planned.undecided:
            name = name_of(one.urn) or "the stack"
            yield f"  not planned: {name}{f' {one.what}' if one.what else ''}: {one.why}"
    if checked := inspection.checked:
        numbers = {outcome: len(checked.of(outcome)) for outcome in Outcome}
        yield (
            f"Checkov {checked.version}: {numbers[Outcome.PASSED]} passed, "
            f"{numbers[Outcome.FAILED]} failed, {numbers[Outcome.WAIVED]} waived (docs/checkov.md)"
        )
    for skipped in inspection.skipped:
        yield f"skipped: {skipped}"


def document(inspection: Inspection) -> dict[str, Any]:
    planned, checked = inspection.planned, inspection.checked
    return {
        "failed": inspection.failed,
        "rules": [
            {"rule": f.rule, "resource": f.resource, "message": f.message, "level": f.level}
            for f in inspection.rules
        ],
        "plan": planned
        and {
            "resources": planned.resources,
            "refusal": planned.refusal,
            "undecided": [
                {"urn": one.urn, "what": one.what, "why": one.why} for one in planned.undecided
            ],
        },
        "checkov": checked
        and {
            "version": checked.version,
            "findings": [
                {
                    "check": f.check,
                    "urn": f.urn,
                    "asks": f.asks,
                    "outcome": f.outcome.value,
                    "reason": f.waiver.reason if f.waiver else "",
                }
                for f in checked.findings
                if f.outcome is not Outcome.PASSED
            ],
        },
        "skipped": list(inspection.skipped),
    }
