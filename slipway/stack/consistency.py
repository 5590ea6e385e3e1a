"""What a program derived from outputs that only AWS knows, found by running it twice.

The two runs differ in every made-up output (`slipway.stack.outputs`). A value that a program only
passes on, also within text, JSON or base64, is the same reference in both. One that it computed
with (split, cut, re-cased, hashed, compressed, measured, compared) differs, and cannot be known.
"""

import base64
import binascii
import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway.stack.graph import REFERENCE, Graph, Reference, Resource

_NUMBER = re.compile(r"(?<!\d)7\d{9,10}(?!\d)")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{6,}={0,2}")


@dataclass(frozen=True)
class Derived:
    """A property whose value cannot be known before AWS has answered."""

    urn: str
    path: str

    @property
    def why(self) -> str:
        return "it was computed from an output that only AWS knows, and not just passed on"


@dataclass(frozen=True)
class Settled:
    """`graph` is the first run's, with a whole list of outputs written as one reference."""

    graph: Graph
    derived: tuple[Derived, ...]


def settle(first: Graph, second: Graph) -> Settled:
    """Compare two runs of one program, made with the two ways of `Outputs`."""
    comparison = _Comparison(first, second)
    others = {resource.urn: resource for resource in second.resources}
    resources = []
    for resource in first.resources:
        other = others.pop(resource.urn, None)
        if other is None:
            comparison.derived.append(Derived(resource.urn, ""))
            resources.append(resource)
            continue
        resources.append(comparison.resource(resource, other))
    comparison.derived += [Derived(urn, "") for urn in others]
    outputs = comparison.mapping(first.outputs, second.outputs, "", "")
    graph = dataclasses.replace(
        first,
        resources=tuple(resources),
        outputs=outputs,
        references={**first.references, **comparison.lists},
    )
    return Settled(graph, tuple(dict.fromkeys(comparison.derived)))


def decoded(text: str) -> str | None:
    """The text within base64, if that is what it is."""
    if len(text) % 4 or not _BASE64.fullmatch(text):
        return None
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


class _Comparison:
    """Walks two values together; keeps what differs, and which lists are passed on whole."""

    def __init__(self, first: Graph, second: Graph) -> None:
        self._first = first.references
        self._second = second.references
        self._token = {reference: token for token, reference in list(self._first.items())[::-1]}
        self.derived: list[Derived] = []
        self.lists: dict[str, Reference] = {}

    def resource(self, first: Resource, second: Resource) -> Resource:
        properties = self.mapping(first.properties, second.properties, first.urn, "")
        return dataclasses.replace(first, properties=properties)

    def mapping(
        self, first: Mapping[str, Any], second: Mapping[str, Any], urn: str, path: str
    ) -> dict[str, Any]:
        unequal = first.keys() ^ second.keys()
        self.derived += [Derived(urn, _join(path, key)) for key in sorted(unequal)]
        return {
            key: self.value(value, second[key], urn, _join(path, key)) if key in second else value
            for key, value in first.items()
        }

    def value(self, first: Any, second: Any, urn: str, path: str) -> Any:
        if isinstance(first, Mapping) and isinstance(second, Mapping):
            return self.mapping(first, second, urn, path)
        if isinstance(first, Sequence) and isinstance(second, Sequence) and not _text(first):
            return self._items(first, second, urn, path)
        if self._same(first, second):
            return first
        self.derived.append(Derived(urn, path))
        return first

    def _items(self, first: Sequence[Any], second: Sequence[Any], urn: str, path: str) -> Any:
        if len(first) == len(second):
            return [
                self.value(a, b, urn, f"{path}[{n}]")
                for n, (a, b) in enumerate(zip(first, second, strict=True))
            ]
        whole = self._whole(first, second)
        if whole is None:
            self.derived.append(Derived(urn, path))
            return list(first)
        token = f"{self._token[whole].removesuffix('@').removesuffix('[0]')}@"
        self.lists[token] = Reference(whole.urn, whole.property.removesuffix("[0]"))
        return token

    def _whole(self, first: Sequence[Any], second: Sequence[Any]) -> Reference | None:
        """The first item of a list output that is passed on with all its items."""
        if len(first) != 1 or len(second) != 2:
            return None
        one = self._first.get(str(first[0]))
        both = [self._second.get(str(item)) for item in second]
        if one is None or not one.property.endswith("[0]"):
            return None
        other = Reference(one.urn, f"{one.property.removesuffix('[0]')}[1]")
        return one if both == [one, other] else None

    def _same(self, first: Any, second: Any) -> bool:
        if first == second and type(first) is type(second):
            return True
        if not _text(first) or not _text(second):
            return not isinstance(first, bool) and self._canonical(str(second)) == str(first)
        return _opened(first) == self._canonical(_opened(second))

    def _canonical(self, text: str) -> str:
        """A text of the second run as the first would have written it."""

        def first(found: re.Match[str]) -> str:
            reference = self._second.get(found.group())
            return self._token.get(reference, found.group()) if reference else found.group()

        return _NUMBER.sub(first, REFERENCE.sub(first, text))


def _opened(text: str) -> str:
    inner = decoded(text)
    return text if inner is None else inner


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
