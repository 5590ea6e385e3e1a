"""Outcomes: what the AWS provider said, and of the rest what the recorded programs say."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

from slipway.stack.graph import Graph, Resource
from slipway.stack.pairing import Pairing
from slipway.stack.review.outcome import Action, Changed, Outcome, Source, Undecided
from slipway.stack.review.recorded import changed_properties, unplanned
from slipway.stack.terraform.judge import Judgement
from slipway.stack.terraform.names import Catalogue, Names, camel
from slipway.stack.terraform.verdicts import Verdict

_ACTIONS = {
    "create": Action.CREATED,
    "update": Action.UPDATED,
    "replace": Action.REPLACED,
    "delete": Action.DELETED,
}


def outcomes(
    judgement: Judgement, base: Graph, head: Graph, pairing: Pairing, catalogue: Catalogue
) -> tuple[Outcome, ...]:
    """Of every resource that changes, in the order of the program; what is deleted comes last."""
    found = dict(_planned(judgement, base, head, pairing, catalogue))
    for urn, outcome in unplanned(judgement, base, head, pairing):
        found.setdefault(urn, outcome)
    for urn, was in pairing.renamed.items():
        resource = head.by_urn(urn)
        if resource.custom and urn not in found:
            found[urn] = Outcome(urn, Action.RENAMED, Source.RECORDED, was=was)
    order = [resource.urn for resource in (*head.resources, *base.resources)]
    return tuple(sorted(found.values(), key=lambda outcome: order.index(outcome.urn)))


def undecided(judgement: Judgement, base: Graph, head: Graph) -> tuple[Undecided, ...]:
    """What the plan does not say, once each; what is so on both sides changes nothing, and is
    left out where its values are the same.
    """
    before = {(gap.urn, gap.property, gap.why) for gap in judgement.base.gaps}
    by_urn = {resource.urn: resource for resource in base.resources}
    found = []
    for gap in judgement.head.gaps:
        was = by_urn.get(gap.urn)
        known = (gap.urn, gap.property, gap.why) in before and was is not None
        if known and _same(was, head.by_urn(gap.urn)):
            continue
        found.append(Undecided(gap.urn, gap.property, gap.why))
    for urn, verdict in judgement.unstable.items():
        paths = ", ".join(d.path for d in verdict.differences) or verdict.action
        found.append(
            Undecided(urn, paths, "the provider wants to change it even where nothing changed")
        )
    return tuple(found)


def _same(before: Resource | None, after: Resource) -> bool:
    return before is not None and before.properties == after.properties


def _planned(
    judgement: Judgement, base: Graph, head: Graph, pairing: Pairing, catalogue: Catalogue
) -> Iterator[tuple[str, Outcome]]:
    before = {resource.urn: resource for resource in base.resources}
    after = {resource.urn: resource for resource in head.resources}
    renamed = pairing.renamed
    urns = {address: urn for urn, address in judgement.head.addresses.items()}
    for urn, verdict in judgement.verdicts.items():
        resource = after.get(urn) or before[urn]
        if urn not in after and pairing.now.get(urn):
            continue  # the half of a change of type that is deleted
        names = catalogue.resource(verdict.address.split(".")[0])
        outcome = _outcome(urn, verdict, resource, names)
        causes = tuple(urns[address] for address in _causes(verdict) if address in urns)
        outcome = dataclasses.replace(outcome, was=renamed.get(urn, ""), because=causes)
        yield urn, _asked_for(outcome, before.get(pairing.former.get(urn, "")), resource)


def _causes(verdict: Verdict) -> tuple[str, ...]:
    """What all of a verdict follows from; nothing where something changes by itself."""
    telling = verdict.replaced_by or tuple(d.path for d in verdict.differences)
    own = [path for path in telling if path not in verdict.because and path not in verdict.later]
    if own or verdict.action not in {"update", "replace"}:
        return ()
    return tuple(dict.fromkeys(a for causes in verdict.because.values() for a in causes))


def _outcome(urn: str, verdict: Verdict, resource: Resource, names: Names) -> Outcome:
    def pulumi(path: str) -> str:
        return property_path(path, names, resource.properties)

    return Outcome(
        urn=urn,
        action=_ACTIONS[verdict.action],
        source=Source.PROVIDER,
        changed=tuple(
            Changed(pulumi(d.path), d.before, d.after)
            for d in verdict.differences
            if not d.path.startswith("tags_all")
        ),
        replaced_by=tuple(dict.fromkeys(pulumi(path) for path in verdict.replaced_by)),
        uncertain=verdict.uncertain,
    )


def _asked_for(outcome: Outcome, before: Resource | None, after: Resource) -> Outcome:
    """`replaceOnChanges` of the program, of which the provider knows nothing."""
    if outcome.action is not Action.UPDATED or before is None or not after.replace_on_changes:
        return outcome
    changed = {re.split(r"[.\[]", path)[0] for path in changed_properties(before, after)}
    wanted = {re.split(r"[.\[]", path)[0] for path in after.replace_on_changes}
    asked = changed if "*" in after.replace_on_changes else changed & wanted
    if not asked:
        return outcome
    return dataclasses.replace(outcome, action=Action.REPLACED, replaced_by=tuple(sorted(asked)))


def property_path(path: str, names: Names, properties: Any) -> str:
    """`versioning_configuration.0.status` as Pulumi says it: `versioningConfiguration.status`."""
    said = ""
    here: Names | None = names
    value = properties
    for step in path.split("."):
        if step.isdigit():
            if isinstance(value, list):
                said += f"[{step}]"
                value = value[int(step)] if int(step) < len(value) else None
            continue
        key = _called(step, here, value)
        said = f"{said}.{key}" if said else key
        value = value.get(key) if isinstance(value, Mapping) else None
        here = here.inner(step).names if here and step in here.block.names else None
    return said


def _called(step: str, names: Names | None, value: Any) -> str:
    """As the program says it; where it says nothing, by the rule."""
    if names is None:
        return step
    if isinstance(value, Mapping):
        for key in value:
            if names.of.get(key) == step:
                return str(key)
    return camel(step) if step in names.block.names else step
