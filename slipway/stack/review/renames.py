"""Resources that are created while another just like them is deleted: a rename without an alias."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from slipway.stack.graph import REFERENCE, Graph, Resource
from slipway.stack.review.impact import Consequence, Grade
from slipway.stack.review.outcome import Action, Outcome

_STACK = "pulumi:pulumi:Stack"
_UNIQUE = ("name", "bucket")
"""Properties of which AWS accepts no two of one value."""


@dataclass(frozen=True)
class Twin:
    """Something created, and something just like it that is deleted; `component` has the latter."""

    new: Resource
    old: Resource
    component: str

    @property
    def called(self) -> str:
        return self.component or self.old.name

    def given(self, key: str) -> bool:
        """Whether both are given the same."""
        value = self.new.properties.get(key)
        return bool(value) and value == self.old.properties.get(key)


def likely(outcomes: Iterable[Outcome], base: Graph, head: Graph) -> dict[str, Twin]:
    """By the URN of what is created. A component counts as renamed where all that is created below
    it has its like in one other component.
    """
    told = tuple(outcomes)
    before = {resource.urn: resource for resource in base.resources}
    gone = [before[o.urn] for o in told if o.action is Action.DELETED]
    come = [
        r for r in head.resources if r.urn in {o.urn for o in told if o.action is Action.CREATED}
    ]
    twins = {}
    for new in come:
        old = next((o for o in gone if o.type == new.type and _alike(o, new)), None)
        if old is not None:
            gone.remove(old)
            twins[new.urn] = Twin(new, old, _above(base, old))
    found = {}
    for new in come:
        family = [r.urn for r in come if r.parent == new.parent]
        parents = {twins[urn].old.parent if urn in twins else None for urn in family}
        if len(parents) == 1 and None not in parents:
            found[new.urn] = twins[new.urn]
    return found


def consequence(twin: Twin) -> Consequence:
    """What there is to say on a resource that seems to be another under a new name."""
    taken = next((k for k in _UNIQUE if twin.given(k)), "")
    said = f"it looks like {twin.called} under another name: an alias would keep it"
    if taken:
        said += f"; as it is, AWS refuses to make it while the old {taken} is taken"
    return Consequence(Grade.HIGH if taken else Grade.MEDIUM, said)


def _above(base: Graph, resource: Resource) -> str:
    """The component that it is in; empty for the stack itself."""
    parent = next((r for r in base.resources if r.urn == resource.parent), None)
    return parent.name if parent is not None and parent.type != _STACK else ""


def _alike(old: Resource, new: Resource) -> bool:
    return bool(old.properties) and _shape(old.properties) == _shape(new.properties)


def _shape(properties: Mapping[str, object]) -> str:
    """Everything but which resources are referred to."""
    return REFERENCE.sub("@", json.dumps(properties, sort_keys=True))
