"""Resources that are created while another just like them is deleted: a rename without an alias."""

import json
from collections.abc import Iterable, Mapping

from slipway.stack.graph import REFERENCE, Graph, Resource
from slipway.stack.review.impact import Consequence, Grade
from slipway.stack.review.outcome import Action, Outcome


def likely(outcomes: Iterable[Outcome], base: Graph, head: Graph) -> dict[str, Resource]:
    """The URN of what is created to the resource that it seems to be; each of those once."""
    before = {resource.urn: resource for resource in base.resources}
    after = {resource.urn: resource for resource in head.resources}
    told = tuple(outcomes)
    gone = [before[o.urn] for o in told if o.action is Action.DELETED]
    found = {}
    for outcome in told:
        if outcome.action is not Action.CREATED:
            continue
        new = after[outcome.urn]
        twin = next((old for old in gone if old.type == new.type and _alike(old, new)), None)
        if twin is not None:
            gone.remove(twin)
            found[outcome.urn] = twin
    return found


def consequence(new: Resource, twin: Resource) -> Consequence:
    """What there is to say on a resource that seems to be `twin` under another name."""
    same = next(
        (k for k in ("name", "bucket") if _given(new, k) and _given(new, k) == _given(twin, k)), ""
    )
    said = f"it looks like {twin.name} under another name: an alias would keep that one"
    if same:
        said += f"; as it is, AWS refuses to make it while the old {same} is taken"
    return Consequence(Grade.HIGH if same else Grade.MEDIUM, said)


def _given(resource: Resource, key: str) -> str:
    return str(resource.properties.get(key, ""))


def _alike(old: Resource, new: Resource) -> bool:
    return _shape(old.properties) == _shape(new.properties)


def _shape(properties: Mapping[str, object]) -> str:
    """Everything but which resources are referred to."""
    return REFERENCE.sub("@", json.dumps(properties, sort_keys=True))
