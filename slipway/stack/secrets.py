"""A recorded stack without its secrets.

A secret becomes `secret-<digits>`: the same digits for the same secret under one key, so that a
change of it is seen, and nothing can be read from them. Wherever else its text stands (in another
text, in JSON, in base64, in a URL, as a key) it is replaced as well: a program can unwrap a secret.
"""

import base64
import dataclasses
import hashlib
import hmac
import json
import secrets
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any

from slipway.stack.consistency import decoded
from slipway.stack.graph import Graph, Resource

_SHORTEST = 4
"""Shorter texts stand in others by chance: they are hidden where they are marked alone."""


def new_key() -> bytes:
    return secrets.token_bytes(32)


class Redactor:
    """Replaces secrets by placeholders of one key."""

    def __init__(self, key: bytes, known: Iterable[str] = ()) -> None:
        self._key = key
        self._forms: dict[str, str] = {}
        for text in known:
            self.learn(text)

    def learn(self, text: str) -> None:
        """From now on, replace this text wherever it stands."""
        if len(text) < _SHORTEST:
            return
        for form in _forms(text):
            self._forms[form] = self.placeholder(text)
        # A longer secret can contain a shorter one.
        self._forms = dict(sorted(self._forms.items(), key=lambda item: -len(item[0])))

    def placeholder(self, text: str) -> str:
        digits = hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
        return f"secret-{digits[:8]}"

    def text(self, text: str) -> str:
        inner = decoded(text)
        if inner is not None and (hidden := self.text(inner)) != inner:
            return base64.b64encode(hidden.encode()).decode()
        for form, placeholder in self._forms.items():
            text = text.replace(form, placeholder)
        return text

    def value(self, value: Any) -> Any:
        """With every known secret replaced, in texts and keys, however deep."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.value(inner) for inner in value)
        return value

    def marked(self, value: Any) -> Any:
        """A value that is secret as a whole: every text and number in it is replaced."""
        if isinstance(value, Mapping):
            return {key: self.marked(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.marked(inner) for inner in value]
        if isinstance(value, bool) or value is None:
            return value
        return self.placeholder(str(value))


def redacted(graph: Graph, redactor: Redactor) -> Graph:
    """The graph with placeholders in the place of all that is marked secret, and of its copies."""
    for resource in graph.resources:
        for path in resource.secrets:
            _learn(redactor, at(resource.properties, path))
    for path in graph.output_secrets:
        _learn(redactor, at(graph.outputs, path))
    whole = dataclasses.replace(
        graph,
        resources=tuple(_marked(resource, redactor) for resource in graph.resources),
        outputs=_replaced(graph.outputs, graph.output_secrets, redactor),
    )
    return dataclasses.replace(
        whole,
        resources=tuple(_scrubbed(resource, redactor) for resource in whole.resources),
        outputs=redactor.value(whole.outputs),
        references={
            redactor.text(token): dataclasses.replace(
                found, urn=redactor.text(found.urn), property=redactor.text(found.property)
            )
            for token, found in graph.references.items()
        },
    )


def at(value: Any, path: str) -> Any:
    """The value at a path like `environment.variables[0].value`; None where there is none."""
    if not path:
        return value
    if isinstance(value, Mapping):
        # Keys can have dots of their own.
        for key in sorted(value, key=len, reverse=True):
            if path == key:
                return value[key]
            if path.startswith((f"{key}.", f"{key}[")):
                return at(value[key], path.removeprefix(key).removeprefix("."))
    if isinstance(value, list | tuple) and path.startswith("["):
        number, _, rest = path[1:].partition("]")
        if number.isdecimal() and int(number) < len(value):
            return at(value[int(number)], rest.removeprefix("."))
    return None


def _learn(redactor: Redactor, value: Any) -> None:
    if isinstance(value, Mapping):
        for inner in value.values():
            _learn(redactor, inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _learn(redactor, inner)
    elif value is not None and not isinstance(value, bool):
        redactor.learn(str(value))


def _marked(resource: Resource, redactor: Redactor) -> Resource:
    properties = _replaced(resource.properties, resource.secrets, redactor)
    return dataclasses.replace(resource, properties=properties)


def _replaced(value: Any, paths: Iterable[str], redactor: Redactor, path: str = "") -> Any:
    wanted = tuple(paths)
    if path and path in wanted:
        return redactor.marked(value)
    if isinstance(value, Mapping):
        return {
            key: _replaced(inner, wanted, redactor, f"{path}.{key}" if path else str(key))
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_replaced(inner, wanted, redactor, f"{path}[{n}]") for n, inner in enumerate(value)]
    return value


def _scrubbed(resource: Resource, redactor: Redactor) -> Resource:
    fields = {f.name: getattr(resource, f.name) for f in dataclasses.fields(resource)}
    return Resource(**{name: redactor.value(value) for name, value in fields.items()})


def _forms(text: str) -> set[str]:
    escaped = json.dumps(text)[1:-1]
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    encoded = base64.b64encode(text.encode()).decode()
    quoted = {urllib.parse.quote(text), urllib.parse.quote_plus(text)}
    return {text, escaped, plain, encoded, *quoted}
