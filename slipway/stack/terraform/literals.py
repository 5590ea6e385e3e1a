"""References to resources as literals that were made up, so that resources can be planned without
those that they refer to.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from slipway.stack.graph import texts
from slipway.stack.terraform.made_up import MadeUp
from slipway.stack.terraform.schema import Schema

_INTERPOLATION = re.compile(r"\$?\$\{[^}]*\}")
_REFERENCE = re.compile(r"(?<![\w.])(aws_\w+)\.(\w+)\.(\w+)")
_MADE_UP = "made_up"
_Read = tuple[str, str, str]
"""Type, label and attribute."""


def references(document: Mapping[str, Any], text: str) -> Iterator[_Read]:
    """Type, label and attribute of every resource that a template reads."""
    for part in _INTERPOLATION.findall(text):
        if not part.startswith("$$"):
            for type_, label, attribute in _REFERENCE.findall(part):
                if label in document["resource"].get(type_, {}):
                    yield type_, label, attribute


def literal(
    document: Mapping[str, Any],
    schema: Schema,
    made_up: MadeUp,
    kept: Collection[str] | None = None,
) -> dict[str, Any]:
    """The document with every reference to a resource replaced by a local value, which an output
    gives back; of its resources perhaps only those that are `kept`.
    """
    return _Literals(document, schema, made_up).document(kept, lambda _address: True, tell=True)


def cut(
    document: Mapping[str, Any], schema: Schema, made_up: MadeUp, kept: Collection[str]
) -> dict[str, Any]:
    """The document with only the resources that are `kept`; what they read of others is made up."""
    return _Literals(document, schema, made_up).document(
        kept, lambda address: address not in kept, tell=False
    )


def given(planned: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The local values of a `literal` document, out of its plan."""
    found: Mapping[str, Mapping[str, Any]] | None
    found = planned["planned_values"]["outputs"].get(_MADE_UP, {}).get("value")
    return found or {}


def local_name(type_: str, label: str) -> str:
    return f"m_{type_}__{label}"


def address_of(local: str) -> str:
    """Of the resource whose attributes a local value has."""
    return local.removeprefix("m_").replace("__", ".", 1)


class _Literals:
    def __init__(self, document: Mapping[str, Any], schema: Schema, made_up: MadeUp) -> None:
        self._document = document
        self._schema = schema
        self._made_up = made_up

    def document(
        self, kept: Collection[str] | None, replaced: Callable[[str], bool], *, tell: bool
    ) -> dict[str, Any]:
        resources = self._kept(kept, depending=not tell)
        parts = {key: self._document[key] for key in ("provider", "data") if key in self._document}
        parts["resource"] = resources
        values = self._values(parts, replaced)
        found = {
            key: self._document[key] for key in ("terraform", "variable") if key in self._document
        }
        found |= {key: self._localised(part, replaced) for key, part in parts.items()}
        if values:
            found["locals"] = self._localised(values, replaced)
        if tell:  # Terraform evaluates the locals; the output gives them back
            everything = {name: f"${{local.{name}}}" for name in values}
            found["output"] = {_MADE_UP: {"sensitive": True, "value": everything}}
        return found

    def _kept(self, kept: Collection[str] | None, *, depending: bool) -> dict[str, Any]:
        found: dict[str, dict[str, Any]] = {}
        for type_, bodies in self._document["resource"].items():
            for label, body in bodies.items():
                if kept is None or f"{type_}.{label}" in kept:
                    own = dict(body)
                    needed = [a for a in own.pop("depends_on", ()) if kept and a in kept]
                    if depending and needed:
                        own["depends_on"] = needed
                    found.setdefault(type_, {})[label] = own
        return found

    def _values(self, parts: Any, replaced: Callable[[str], bool]) -> dict[str, dict[str, Any]]:
        """What is read, and what that reads in its turn."""
        values: dict[str, dict[str, Any]] = {}
        ahead = list(texts(parts))
        while ahead:
            for type_, label, attribute in references(self._document, ahead.pop()):
                of = values.setdefault(local_name(type_, label), {})
                if attribute not in of and replaced(f"{type_}.{label}"):
                    of[attribute] = self._given((type_, label, attribute))
                    ahead += texts(of[attribute])
        return {name: dict(sorted(of.items())) for name, of in values.items() if of}

    def _given(self, read: _Read) -> Any:
        """What a reader is given: what the program says, or else something made up."""
        type_, label, name = read
        body = self._document["resource"][type_][label]
        known = {k: v for k, v in body.items() if isinstance(v, str | int | float)}
        if name in known:
            return known[name]
        of = self._schema.resource(type_).attribute_type(name)
        plain = {k: v for k, v in known.items() if "${" not in str(v)}
        return self._made_up.value(of, f"{type_}.{label}", name, plain, one=True)

    def _localised(self, value: Any, replaced: Callable[[str], bool]) -> Any:
        if isinstance(value, Mapping):
            return {key: self._localised(inner, replaced) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._localised(inner, replaced) for inner in value]
        if not isinstance(value, str):
            return value

        def local(found: re.Match[str]) -> str:
            type_, label, attribute = found.groups()
            there = label in self._document["resource"].get(type_, {})
            if not there or not replaced(f"{type_}.{label}"):
                return found.group()
            return f"local.{local_name(type_, label)}.{attribute}"

        def part(found: re.Match[str]) -> str:
            text = found.group()
            return text if text.startswith("$$") else _REFERENCE.sub(local, text)

        return _INTERPOLATION.sub(part, value)
