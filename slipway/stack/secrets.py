"""A recorded stack without its secrets.

A secret becomes `secret-<digits>`: the same digits for the same secret under one key, so that a
change of it is seen, and nothing can be read from them. Wherever else its text stands (in another
text, in JSON, in base64, in a URL, as a key) it is replaced as well: a program can unwrap a secret.
"""

import base64
import binascii
import dataclasses
import hashlib
import hmac
import json
import re
import secrets
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from slipway.stack.graph import Graph, Resource

_SHORTEST = 4
"""Shorter texts stand in others by chance: they are hidden where they are marked alone."""

_DIGITS = 6
"""Shorter numbers are ports and sizes: where they are not marked, they stay."""
_WORDS = frozenset({"true", "false", "null"})
_LINE = 16
"""A line of a longer secret (a key, a certificate) is learnt by itself: it may be indented."""
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{6,}={0,2}")
_FRAGMENT = 6
_FOR_URLS = str.maketrans("+/", "-_")
_STANDARD = str.maketrans("-_", "+/")


def new_key() -> bytes:
    return secrets.token_bytes(32)


class Redactor:
    """Replaces secrets by placeholders of one key."""

    def __init__(self, key: bytes, known: Iterable[str] = ()) -> None:
        self._key = key
        self._forms: dict[str, str] = {}
        self._any = re.compile("(?!)")
        self._spared: frozenset[str] = frozenset()
        self._public: frozenset[str] = frozenset()
        for text in known:
            self.learn(text)
            _learn(self, _parsed(text))

    def learn(self, text: str) -> None:
        """From now on, replace this text wherever it stands."""
        kept = self._spared | self._public | _WORDS
        if len(text) < _SHORTEST or text in self._forms or text in kept:
            return
        for form in _forms(text):
            self._forms[form] = self.placeholder(text)
        for line in text.splitlines():
            if len(line) >= _LINE and not line.startswith("-----"):
                self.learn(line.strip())
        # A longer secret can contain a shorter one.
        longest_first = sorted(self._forms, key=lambda form: (-len(form), form))
        self._any = re.compile("|".join(map(re.escape, longest_first)))

    def spare(self, texts: Iterable[str]) -> None:
        """These stand for outputs that nobody knows yet: there is nothing in them to hide."""
        self._spared = frozenset(texts)

    def placeholder(self, text: str) -> str:
        digits = hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
        return f"secret-{digits[:8]}"

    def text(self, text: str) -> str:
        if not self._forms:
            return text
        opened = _ENCODED.sub(lambda found: self._encoded(found.group()), text)
        return self._any.sub(lambda found: self._forms[found.group()], opened)

    def _encoded(self, text: str) -> str:
        """What may be base64, of either alphabet, with the secrets within it replaced."""
        standard = text.rstrip("=").translate(_STANDARD)
        try:
            inner = base64.b64decode(standard + "=" * (-len(standard) % 4))
        except binascii.Error:
            return text
        found = inner.decode(errors="surrogateescape")
        hidden = self.text(found)
        if hidden == found:
            return text
        return base64.b64encode(hidden.encode(errors="surrogateescape")).decode()

    def value(self, value: Any) -> Any:
        """With every known secret replaced, in texts and keys, however deep."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.value(inner) for inner in value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._forms.get(str(value), value) if len(str(value)) >= _DIGITS else value
        return value

    def publish(self, names: Iterable[str]) -> None:
        """Names that everybody knows: a secret of their text is hidden only where it is marked."""
        self._public |= frozenset(names)

    def marked(self, value: Any) -> Any:
        """A value that is secret as a whole: every text and number in it is replaced."""
        if isinstance(value, Mapping):
            return {key: self.marked(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.marked(inner) for inner in value]
        if isinstance(value, bool) or value is None:
            return value
        return value if str(value) in self._spared else self.placeholder(str(value))


def redacted(graph: Graph, redactor: Redactor) -> Graph:
    """The graph with placeholders in the place of all that is marked secret, and of its copies."""
    redactor.spare(graph.references)
    redactor.publish((graph.project, graph.stack, graph.region))
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


def _parsed(text: str) -> Any:
    """What an object or list of the configuration holds."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return None
    return found if isinstance(found, Mapping | list) else None


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
    twice = json.dumps(escaped)[1:-1]
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    quote, quote_plus = urllib.parse.quote, urllib.parse.quote_plus
    quoted = {quote(text), quote(text, safe=""), quote_plus(text)}
    return {text, escaped, twice, plain, repr(text)[1:-1], *quoted, *_encoded_forms(text)}


def _encoded_forms(text: str) -> Iterator[str]:
    """What is of this text alone in the base64 of a longer one, wherever it stands in that."""
    data = text.encode()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data).decode().rstrip("=")
        own = encoded[-(-8 * before // 6) : 8 * (before + len(data)) // 6]
        if len(own) >= _FRAGMENT:
            yield from (own, own.translate(_FOR_URLS))
