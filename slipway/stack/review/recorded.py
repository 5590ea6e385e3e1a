"""Changes that the AWS provider says nothing of, read from the recorded programs: resources that
are Python code of the program or not of AWS, arguments that the provider does not know, and options
that only Pulumi has.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from slipway.stack.graph import Graph, Reference, Resource
from slipway.stack.pairing import Pairing
from slipway.stack.review.outcome import Action, Changed, Outcome, Source
from slipway.stack.terraform.differences import HIDDEN, LATER
from slipway.stack.terraform.judge import Judgement
from slipway.stack.terraform.names import snake

_PROVIDERS = "pulumi:providers:"


def unplanned(
    judgement: Judgement, base: Graph, head: Graph, pairing: Pairing
) -> Iterator[tuple[str, Outcome]]:
    """Outcomes by URN. Of what the provider gave a verdict on, only what it says nothing of."""
    before = {resource.urn: resource for resource in base.resources}
    for resource in head.resources:
        if not _shown(resource):
            continue
        was = before.get(pairing.former.get(resource.urn, ""))
        planned = resource.urn in judgement.head.addresses
        if was is None:
            if not planned:
                yield resource.urn, Outcome(resource.urn, Action.CREATED, Source.RECORDED)
            continue
        unseen = None if not planned else _unseen(judgement, resource.urn)
        changed = [*_properties(was, resource, unseen), *_options(was, resource)]
        if not planned:
            changed += _following(judgement, head, resource, {first(c.property) for c in changed})
        if changed:
            yield (
                resource.urn,
                Outcome(
                    resource.urn,
                    Action.UPDATED,
                    Source.RECORDED,
                    tuple(changed),
                    was="" if was.urn == resource.urn else was.urn,
                ),
            )
    yield from _deleted(judgement, base, pairing)


def changed_properties(before: Resource, after: Resource) -> dict[str, tuple[Any, Any]]:
    """Paths whose recorded values differ, with both; without those whose changes are ignored."""
    found = _walk(before.properties, after.properties, "")
    return {path: values for path, values in found if not _ignored(path, after)}


def _deleted(judgement: Judgement, base: Graph, pairing: Pairing) -> Iterator[tuple[str, Outcome]]:
    for resource in base.resources:
        planned = resource.urn in judgement.base.addresses
        if resource.urn not in pairing.now and not planned and _shown(resource):
            yield resource.urn, Outcome(resource.urn, Action.DELETED, Source.RECORDED)


def _shown(resource: Resource) -> bool:
    return resource.custom and not resource.type.startswith(_PROVIDERS)


def _unseen(judgement: Judgement, urn: str) -> tuple[str, ...]:
    """Properties that were not carried over, and so are not in any plan."""
    gaps = (*judgement.base.gaps, *judgement.head.gaps)
    return tuple(gap.property for gap in gaps if gap.urn == urn and gap.property)


def _properties(
    before: Resource, after: Resource, only: tuple[str, ...] | None
) -> Iterator[Changed]:
    for path, (old, new) in changed_properties(before, after).items():
        if only is not None and not within(path, only):
            continue
        secret = within(path, (*before.secrets, *after.secrets))
        yield Changed(path, HIDDEN, HIDDEN) if secret else Changed(path, old, new)


def _ignored(path: str, resource: Resource) -> bool:
    return "*" in resource.ignore_changes or within(path, resource.ignore_changes)


def first(path: str) -> str:
    """The property that a path begins with."""
    return re.split(r"[.\[]", path)[0]


def within(path: str, paths: Iterable[str]) -> bool:
    """Whether it is one of these, or part of one; `[*]` in them is any item."""
    any_item = re.sub(r"\[\d+\]", "[*]", path)
    return any(
        mine == p or mine.startswith((f"{p}.", f"{p}[")) for p in paths for mine in (path, any_item)
    )


def _options(before: Resource, after: Resource) -> Iterator[Changed]:
    for option, old, new in (
        ("protect", before.protect, after.protect),
        ("retainOnDelete", before.retain_on_delete, after.retain_on_delete),
        ("ignoreChanges", sorted(before.ignore_changes), sorted(after.ignore_changes)),
    ):
        if old != new:
            yield Changed(f"option {option}", old, new)


def _following(
    judgement: Judgement, head: Graph, resource: Resource, said: set[str]
) -> Iterator[Changed]:
    """Properties that hold an output of something that changes, and will have another value."""
    for key, value in resource.properties.items():
        if key in said or _ignored(key, resource):
            continue
        if any(_moves(judgement, reference) for reference in _references(head, value)):
            secret = key in map(first, resource.secrets)
            yield Changed(key, HIDDEN, HIDDEN) if secret else Changed(key, value, LATER)


def _references(head: Graph, value: Any) -> Iterator[Reference]:
    yield from head.referred(value)
    for number in re.findall(r"(?<!\d)7\d{9}(?!\d)", str(value)):
        if number in head.references:
            yield head.references[number]


def _moves(judgement: Judgement, reference: Reference) -> bool:
    verdict = judgement.verdicts.get(reference.urn)
    if verdict is None:
        return False
    return verdict.action == "replace" or snake(first(reference.property)) in verdict.later


def _walk(before: Any, after: Any, path: str) -> Iterator[tuple[str, tuple[Any, Any]]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            where = f"{path}.{key}" if path else str(key)
            yield from _walk(before.get(key), after.get(key), where)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _walk(old, new, f"{path}[{number}]")
    elif before != after:
        yield path, (before, after)
