"""A state of a stack that was never deployed, as the provider itself would have written it.

The stack is planned once from nothing, with made-up literals for its references
(`slipway.stack.terraform.literals`): so the provider evaluates every template and default. What it
leaves unknown is filled in, and the plan becomes a state.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slipway.stack.graph import texts
from slipway.stack.terraform.literals import address_of, given, local_name
from slipway.stack.terraform.made_up import MadeUp
from slipway.stack.terraform.schema import Schema

_OURS = re.compile(r"[0-9a-f]{8}")
"""A part of what is made up and of nothing that people write."""
_LINEAGE = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class State:
    """`document` is Terraform's. `made` are the paths that were made up, by address; `values` map
    the texts that nobody else would write to the attribute that each stands for.
    """

    document: Mapping[str, Any]
    made: Mapping[str, tuple[str, ...]]
    values: dict[str, str]


def state_of(
    planned: Mapping[str, Any],
    schema: Schema,
    made_up: MadeUp,
    places: Mapping[str, str],
    only: Collection[str] | None = None,
) -> State:
    """A plan of a `literal` document as a state, perhaps of some addresses `only`. `places` maps an
    address to where the resource is now: in the head it may be called otherwise.
    """
    locals_ = given(planned)
    resources, made = [], {}
    values = made_up_texts(locals_, places)
    for change in planned["resource_changes"]:
        address = change["address"]
        if change["mode"] != "managed" or (only is not None and address not in only):
            continue
        type_, label = address.split(".", 1)
        attributes, paths = made_up.whole(
            type_, address, change["change"], locals_.get(local_name(type_, label), {})
        )
        place = places.get(address, address)
        made[place] = paths
        for path in paths:
            for text in filter(_OURS.search, texts(_at(attributes, path))):
                values.setdefault(text, f"{place}.{path}")
        resources.append(_instance(change, place, attributes, schema.resource(type_).version))
    document = {
        "version": 4,
        "terraform_version": "1.5.0",
        "serial": 1,
        "lineage": _LINEAGE,
        "outputs": {},
        "resources": resources,
    }
    return State(document, made, values)


def made_up_texts(
    locals_: Mapping[str, Mapping[str, Any]], places: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Of local values: what nobody else would write, and the attribute that it stands for."""
    moved = places or {}
    return {
        text: f"{moved.get(address_of(name), address_of(name))}.{attribute}"
        for name, attributes in locals_.items()
        for attribute, value in attributes.items()
        for text in filter(_OURS.search, texts(value))
    }


def _instance(
    change: Mapping[str, Any], place: str, attributes: Mapping[str, Any], version: int
) -> dict[str, Any]:
    sensitive = [path for path in _paths(change["change"]["after_sensitive"]) if path]
    return {
        "mode": "managed",
        "type": change["type"],
        "name": place.split(".", 1)[1],
        "provider": change["provider"],
        "instances": [
            {
                "schema_version": version,
                "attributes": attributes,
                "sensitive_attributes": [[_step(step) for step in path] for path in sensitive],
            }
        ],
    }


def _paths(sensitive: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if sensitive is True:
        yield path
    elif isinstance(sensitive, Mapping):
        for key, inner in sensitive.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(sensitive, list):
        for number, inner in enumerate(sensitive):
            yield from _paths(inner, (*path, number))


def _step(step: Any) -> dict[str, Any]:
    if isinstance(step, str):
        return {"type": "get_attr", "value": step}
    return {"type": "index", "value": {"value": step, "type": "number"}}


def _at(value: Any, path: str) -> Any:
    for step in path.split("."):
        if isinstance(value, list):
            value = value[int(step)] if step.isdigit() and int(step) < len(value) else None
        else:
            value = (value or {}).get(step)
    return value
