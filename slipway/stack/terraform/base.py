"""A state of a stack that was never deployed, as the provider itself would have written it.

References become literals that were made up, and the stack is planned once from nothing: so the
provider evaluates every template and default. What it leaves unknown is filled in, and the plan
becomes a state.
"""

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slipway.stack.graph import texts
from slipway.stack.terraform.made_up import MadeUp
from slipway.stack.terraform.schema import Schema

_INTERPOLATION = re.compile(r"\$?\$\{[^}]*\}")
_REFERENCE = re.compile(r"(?<![\w.])(aws_\w+)\.(\w+)\.(\w+)")
_OURS = re.compile(r"[0-9a-f]{8}")
"""A part of what is made up and of nothing that people write."""
_MADE_UP = "made_up"
_LINEAGE = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class State:
    """`document` is Terraform's. `made` are the paths that were made up, by address; `values` map
    the texts that nobody else would write to the attribute that each stands for.
    """

    document: Mapping[str, Any]
    made: Mapping[str, tuple[str, ...]]
    values: Mapping[str, str]


def references(document: Mapping[str, Any], text: str) -> Iterator[tuple[str, str, str]]:
    """Type, label and attribute of every resource that a template reads."""
    for part in _INTERPOLATION.findall(text):
        if not part.startswith("$$"):
            for type_, label, attribute in _REFERENCE.findall(part):
                if label in document["resource"].get(type_, {}):
                    yield type_, label, attribute


def literal(document: Mapping[str, Any], schema: Schema, made_up: MadeUp) -> dict[str, Any]:
    """The document with every reference to a resource replaced by a local value."""
    read: dict[tuple[str, str], set[str]] = {}
    for text in texts({key: document.get(key, {}) for key in ("resource", "provider", "data")}):
        for type_, label, attribute in references(document, text):
            read.setdefault((type_, label), set()).add(attribute)
    values = {
        _local(type_, label): {
            name: _given(document, schema, made_up, (type_, label, name)) for name in sorted(names)
        }
        for (type_, label), names in read.items()
    }
    found = {
        key: _localised(copy.deepcopy(document[key]), document)
        for key in ("resource", "provider", "data")
        if key in document
    }
    for bodies in found["resource"].values():
        for body in bodies.values():
            body.pop("depends_on", None)
    # Terraform evaluates the locals; the output gives them back.
    everything = {name: f"${{local.{name}}}" for name in values}
    kept = {key: document[key] for key in ("terraform", "variable") if key in document}
    return {
        **kept,
        **found,
        "locals": _localised(values, document),
        "output": {_MADE_UP: {"sensitive": True, "value": everything}},
    }


def state_of(
    planned: Mapping[str, Any], schema: Schema, made_up: MadeUp, places: Mapping[str, str]
) -> State:
    """A plan of a `literal` document as a state. `places` maps an address to where the resource is
    now: in the head it may be called otherwise.
    """
    given = planned["planned_values"]["outputs"].get(_MADE_UP, {}).get("value") or {}
    resources, made = [], {}
    values: dict[str, str] = {}
    for change in planned["resource_changes"]:
        if change["mode"] != "managed":
            continue
        type_, label = change["address"].split(".", 1)
        attributes, paths = made_up.whole(
            type_, change["address"], change["change"], given.get(_local(type_, label), {})
        )
        place = places.get(change["address"], change["address"])
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


def _given(
    document: Mapping[str, Any], schema: Schema, made_up: MadeUp, reference: tuple[str, str, str]
) -> Any:
    """What a reader is given: what the program says, or else something made up."""
    type_, label, name = reference
    body = document["resource"][type_][label]
    known = {k: v for k, v in body.items() if isinstance(v, str | int | float)}
    if name in known:
        return known[name]
    of = schema.resource(type_).attribute_type(name)
    plain = {k: v for k, v in known.items() if "${" not in str(v)}
    return made_up.value(of, f"{type_}.{label}", name, plain, one=True)


def _localised(value: Any, document: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return {key: _localised(inner, document) for key, inner in value.items()}
    if isinstance(value, list):
        return [_localised(inner, document) for inner in value]
    if not isinstance(value, str):
        return value

    def local(found: re.Match[str]) -> str:
        type_, label, attribute = found.groups()
        there = label in document["resource"].get(type_, {})
        return f"local.{_local(type_, label)}.{attribute}" if there else found.group()

    def part(found: re.Match[str]) -> str:
        text = found.group()
        return text if text.startswith("$$") else _REFERENCE.sub(local, text)

    return _INTERPOLATION.sub(part, value)


def _local(type_: str, label: str) -> str:
    return f"m_{type_}__{label}"


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
