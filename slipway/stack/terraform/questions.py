"""Data sources in a plan that asks nobody: what AWS would answer is made up, always the same."""

import re
from collections.abc import Mapping
from typing import Any

from slipway.stack.terraform.made_up import MadeUp
from slipway.stack.terraform.schema import Schema

COMPUTED = frozenset({"aws_iam_policy_document"})
"""The provider answers these by itself."""
_READ = re.compile(r"data\.(aws_\w+)\.(\w+)\.(\w+)")
_INTERPOLATION = re.compile(r"\$?\$\{[^}]*\}")


def answered(document: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """The document without the data sources that would ask AWS; whatever read them reads local
    values instead.
    """
    asked = {
        (type_, label): body
        for type_, bodies in document.get("data", {}).items()
        if type_ not in COMPUTED
        for label, body in bodies.items()
    }
    if not asked:
        return dict(document)
    read: dict[tuple[str, str], set[str]] = {key: set() for key in asked}
    kept = _replaced({k: v for k, v in document.items() if k != "data"}, read)
    data = _replaced({k: v for k, v in document["data"].items() if k in COMPUTED}, read)
    made_up = MadeUp(schema, _region(document))
    local = {
        _local(*key): {
            name: _answer(made_up, schema, key, name, asked[key]) for name in sorted(names)
        }
        for key, names in read.items()
        if names
    }
    whole = {**kept, "locals": {**kept.get("locals", {}), **local}}
    return {**whole, "data": data} if data else whole


def _answer(
    made_up: MadeUp, schema: Schema, key: tuple[str, str], name: str, body: Mapping[str, Any]
) -> Any:
    type_, label = key
    if name in body:
        return body[name]
    return made_up.value(
        schema.data(type_).attribute_type(name), f"{type_}.{label}", name, {}, one=True
    )


def _replaced(value: Any, read: dict[tuple[str, str], set[str]]) -> Any:
    if isinstance(value, Mapping):
        return {key: _replaced(inner, read) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, read) for inner in value]
    if not isinstance(value, str):
        return value

    def local(found: re.Match[str]) -> str:
        type_, label, name = found.groups()
        if (type_, label) not in read:
            return found.group()
        read[type_, label].add(name)
        return f"local.{_local(type_, label)}.{name}"

    def part(found: re.Match[str]) -> str:
        text = found.group()
        return text if text.startswith("$$") else _READ.sub(local, text)

    return _INTERPOLATION.sub(part, value)


def _local(type_: str, label: str) -> str:
    return f"d_{type_}__{label}"


def _region(document: Mapping[str, Any]) -> str:
    return next((p["region"] for p in document["provider"]["aws"] if "region" in p), "us-east-1")
