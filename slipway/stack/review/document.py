"""A review as one JSON document, for machines."""

from collections.abc import Iterable
from typing import Any

from slipway.stack.cost.ranges import Range
from slipway.stack.exposure import Exposed
from slipway.stack.policies import Finding
from slipway.stack.review.outcome import Action, Changed
from slipway.stack.review.review import Review, Reviewed
from slipway.stack.terraform.differences import HIDDEN, LATER


def document(review: Review) -> dict[str, Any]:
    """Everything that the Markdown says, and what it leaves out for brevity."""
    return {
        "stack": review.stack,
        "base": review.base,
        "head": review.head,
        "source": review.source.value,
        "grade": str(review.grade),
        "needsApproval": review.needs_a_yes,
        "counts": {action.value: review.count(action) for action in Action},
        "reasons": [
            {"grade": str(r.grade), "about": r.about.value, "said": r.sentence}
            for r in review.reasons
        ],
        "resources": [_resource(reviewed) for reviewed in review.resources],
        "security": _security(
            (*(e for r in review.resources for e in r.exposed), *review.elsewhere)
        ),
        "cost": {
            "before": _range(review.cost.before),
            "after": _range(review.cost.after),
            "ofTheWholeStack": review.whole,
            "assumptions": list(review.assumptions),
            "unpriced": [{"urn": u.urn, "why": u.why} for u in review.cost.unpriced],
        },
        "rules": {"broken": _rules(review.broken), "mended": _rules(review.mended)},
        "outputs": [_changed(changed) for changed in review.outputs],
        "undecided": [{"urn": u.urn, "what": u.what, "why": u.why} for u in review.undecided],
    }


def _resource(reviewed: Reviewed) -> dict[str, Any]:
    outcome = reviewed.outcome
    return {
        "urn": outcome.urn,
        "was": outcome.was,
        "name": reviewed.name,
        "kind": reviewed.kind,
        "component": reviewed.component,
        "place": reviewed.place,
        "action": outcome.action.value,
        "source": outcome.source.value,
        "replacedBy": list(outcome.replaced_by),
        "followsFrom": list(outcome.because),
        "uncertain": outcome.uncertain,
        "grade": str(reviewed.grade),
        "changes": [_changed(changed) for changed in outcome.changed],
        "consequences": [
            {"grade": str(c.grade), "about": c.about.value, "said": c.sentence}
            for c in reviewed.consequences
        ],
        "cost": {"before": _range(reviewed.before), "after": _range(reviewed.after)},
    }


def _changed(changed: Changed) -> dict[str, Any]:
    return {
        "property": changed.property,
        "before": _value(changed.before),
        "after": _value(changed.after),
    }


def _value(value: Any) -> Any:
    if value is HIDDEN:
        return repr(HIDDEN)
    return f"[{LATER!r}]" if value is LATER else value


def _security(found: Iterable[Exposed]) -> list[dict[str, Any]]:
    return [
        {
            "kind": e.kind.value,
            "urn": e.urn,
            "wider": e.wider,
            "severity": e.severity.name.lower(),
            "certain": e.certain,
            "said": e.said,
        }
        for e in sorted(found, key=lambda e: -e.severity)
    ]


def _rules(found: Iterable[Finding]) -> list[dict[str, str]]:
    return [
        {"rule": f.rule, "level": f.level, "resource": f.resource, "message": f.message}
        for f in found
    ]


def _range(amount: Range) -> list[float]:
    return [float(amount.low), float(amount.high)]
