"""Outcomes: what the AWS provider said, and of the rest what the recorded programs say."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

from slipway.stack.graph import Graph
from slipway.stack.pairing import Pairing
from slipway.stack.review.outcome import Action, Changed, Outcome, Source, Undecided
from slipway.stack.review.recorded import changed_properties, first, unplanned, within
from slipway.stack.terraform.differences import LATER, Difference
from slipway.stack.terraform.judge import Judgement
from slipway.stack.terraform.names import Catalogue, Names, camel
from slipway.stack.terraform.verdicts import Verdict

_IDENTIFIERS = re.compile(r"[\w:/.-]+")
_ACTIONS = {
    "create": Action.CREATED,
    "update": Action.UPDATED,
    "replace": Action.REPLACED,
    "delete": Action.DELETED,
}


def outcomes(
    judgement: Judgement, base: Graph, head: Graph, pairing: Pairing, catalogue: Catalogue
) -> tuple[Outcome, ...]:
    """Of every resource that changes, by URN (the order of registration is another in every run);
    what is deleted comes last.
    """
    found = dict(_planned(judgement, base, head, pairing, catalogue))
    for urn, outcome in unplanned(judgement, base, head, pairing):
        found[urn] = _together(found[urn], outcome) if urn in found else outcome
    found = {urn: _asked_for(outcome, base, head, pairing) for urn, outcome in found.items()}
    for urn, was in pairing.renamed.items():
        resource = head.by_urn(urn)
        if resource.custom and urn not in found:
            found[urn] = Outcome(urn, Action.RENAMED, Source.RECORDED, was=was)
    return tuple(sorted(found.values(), key=lambda o: (o.action is Action.DELETED, o.urn)))


def _together(planned: Outcome, recorded: Outcome) -> Outcome:
    """What the provider said of a resource, and what it cannot know of."""
    if planned.action not in {Action.UPDATED, Action.REPLACED}:
        return planned
    changed = (*planned.changed, *recorded.changed)
    because = planned.because if planned.action is Action.REPLACED else ()
    return dataclasses.replace(planned, changed=changed, because=because)


def undecided(judgement: Judgement, base: Graph, head: Graph) -> tuple[Undecided, ...]:
    """What the plan does not say, once each; what is so on both sides changes nothing, and is
    left out where its values are the same.
    """
    there = set(judgement.base.gaps)
    before, after = _values(base), _values(head)
    found = [
        Undecided(gap.urn, gap.property, gap.why)
        for gap in judgement.head.gaps
        if gap not in there or before.get(gap.urn) != after.get(gap.urn)
    ]
    for urn, verdict in judgement.unstable.items():
        paths = ", ".join(d.path for d in verdict.differences) or verdict.action
        found.append(
            Undecided(urn, paths, "the provider wants to change it even where nothing changed")
        )
    return tuple(sorted(set(found), key=lambda one: (one.urn, one.what, one.why)))


def _values(graph: Graph) -> dict[str, Mapping[str, Any]]:
    """By URN, and those of the stack itself."""
    return {"": graph.outputs, **{r.urn: r.properties for r in graph.resources}}


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
        was = before.get(pairing.former.get(urn, ""))
        said = {
            **dict.fromkeys(head.declared.get(resource.type, ())),
            **(was.properties if was else {}),
            **resource.properties,
        }
        outcome = _outcome(urn, verdict, said, names, judgement.labels)
        told = {*(was.properties if was else ()), *resource.properties}
        outcome = dataclasses.replace(outcome, changed=_telling(outcome, told))
        causes = tuple(urns[address] for address in _causes(verdict) if address in urns)
        yield urn, dataclasses.replace(outcome, was=renamed.get(urn, ""), because=causes)


def _causes(verdict: Verdict) -> tuple[str, ...]:
    """What all of a verdict follows from; nothing where something changes by itself."""
    telling = verdict.replaced_by or tuple(d.path for d in verdict.differences)
    own = [path for path in telling if path not in verdict.because and path not in verdict.later]
    if own or verdict.action not in {"update", "replace"}:
        return ()
    return tuple(dict.fromkeys(a for causes in verdict.because.values() for a in causes))


def _telling(outcome: Outcome, told: set[str]) -> tuple[Changed, ...]:
    """Without what AWS or the provider work out, unless there is nothing else."""
    own = tuple(c for c in outcome.changed if first(c.property) in {*told, "tags"})
    return own or outcome.changed


def _outcome(
    urn: str,
    verdict: Verdict,
    said: Mapping[str, Any],
    names: Names,
    labels: Mapping[str, str],
) -> Outcome:
    def pulumi(path: str) -> str:
        return property_path(path, names, said)

    return Outcome(
        urn=urn,
        action=_ACTIONS[verdict.action],
        source=Source.PROVIDER,
        changed=tuple(
            Changed(pulumi(d.path), _named(d.before, labels), _named(d.after, labels))
            for d in _with_default_tags(verdict.differences)
        ),
        replaced_by=tuple(dict.fromkeys(pulumi(path) for path in verdict.replaced_by)),
        uncertain=verdict.uncertain,
    )


def _with_default_tags(found: tuple[Difference, ...]) -> Iterator[Difference]:
    """Tags of the provider are tags of the resource, too; each is told once."""
    own = {d.path for d in found if d.path.startswith("tags.")}
    for difference in found:
        path = difference.path
        if path == "tags_all" or path.startswith("tags_all."):
            path = "tags" + path.removeprefix("tags_all")
            if path in own or (path == "tags" and own):
                continue
        yield dataclasses.replace(difference, path=path)


def _named(value: Any, labels: Mapping[str, str]) -> Any:
    """With what was made up as a reference to what it stands for."""
    if isinstance(value, str):
        for text in labels.keys() & set(_IDENTIFIERS.findall(value)):
            value = value.replace(text, f"@{labels[text]}@")
        return value
    if isinstance(value, list):
        return [_named(item, labels) for item in value]
    if isinstance(value, Mapping):
        return {key: _named(inner, labels) for key, inner in value.items()}
    return value


def _asked_for(outcome: Outcome, base: Graph, head: Graph, pairing: Pairing) -> Outcome:
    """`replaceOnChanges` of the program, of which the provider knows nothing."""
    if outcome.action is not Action.UPDATED:
        return outcome
    before, after = base.by_urn(pairing.former[outcome.urn]), head.by_urn(outcome.urn)
    wanted = after.replace_on_changes
    later = [c.property for c in outcome.changed if c.after is LATER]
    asked = {
        first(path)
        for path in (*changed_properties(before, after), *later)
        if "*" in wanted or within(path, wanted) or any(within(w, [path]) for w in wanted)
    }
    asked &= before.properties.keys() | after.properties.keys()
    if not asked:
        return outcome
    return dataclasses.replace(outcome, action=Action.REPLACED, replaced_by=tuple(sorted(asked)))


def property_path(path: str, names: Names, properties: Any) -> str:
    """`versioning_configuration.0.status` as Pulumi says it: `versioningConfiguration.status`."""
    said = ""
    here: Names | None = names
    value = properties
    for step in path.split("."):
        if step.isdecimal() and not (isinstance(value, Mapping) and step in value):
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
