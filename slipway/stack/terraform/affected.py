"""Which resources a change can touch: those that it changes, and whatever reads them.

All others are planned as they are, which the provider answers with nothing; leaving them out makes
the plan of a small change three times as fast.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slipway.stack.graph import texts
from slipway.stack.terraform.literals import references
from slipway.stack.terraform.synthesis import Synthesis

_VARIABLE = re.compile(r"\$\{var\.(\w+)\}")
_FILE = re.compile(r"\$\{path\.module\}/(\w+)")


@dataclass(frozen=True)
class Affected:
    """Addresses on both sides."""

    base: frozenset[str]
    head: frozenset[str]

    @property
    def nothing(self) -> bool:
        return not (self.base or self.head)


def affected(base: Synthesis, head: Synthesis, places: Mapping[str, str]) -> Affected:
    """`places` maps an address of the base to the one of the head."""
    before, after = dict(_bodies(base)), dict(_bodies(head))
    if _around(base) != _around(head):
        return Affected(frozenset(before), frozenset(after))
    former = {place: address for address, place in places.items()}
    changed = {
        address
        for address, body in after.items()
        if former.get(address) != address or before.get(address) != body
    }
    touched = _closure(changed, _readers(head))
    gone = {address for address, place in places.items() if place not in after}
    return Affected(
        frozenset({address for address, place in places.items() if place in touched} | gone),
        frozenset(touched),
    )


def _bodies(synthesis: Synthesis) -> Iterator[tuple[str, str]]:
    """Every resource as one text, with the values of its variables and the files that it reads."""

    def variable(found: re.Match[str]) -> str:
        return f"{found.group()}={synthesis.variables.get(found[1])}"

    def file(found: re.Match[str]) -> str:
        return f"{found.group()}={synthesis.files.get(found[1])}"

    for type_, bodies in synthesis.document.get("resource", {}).items():
        for label, body in bodies.items():
            text = json.dumps(body, sort_keys=True)
            yield f"{type_}.{label}", _FILE.sub(file, _VARIABLE.sub(variable, text))


def _around(synthesis: Synthesis) -> Any:
    """What all resources have in common: providers, and what AWS was asked."""
    parts = {key: synthesis.document.get(key) for key in ("provider", "data")}
    named = {name for text in texts(parts) for name in _VARIABLE.findall(text)}
    return parts, {name: synthesis.variables.get(name) for name in named}


def _readers(synthesis: Synthesis) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for type_, bodies in synthesis.document.get("resource", {}).items():
        for label, body in bodies.items():
            for text in texts(body):
                for of, name, _ in references(synthesis.document, text):
                    found.setdefault(f"{of}.{name}", set()).add(f"{type_}.{label}")
    return found


def _closure(start: set[str], readers: Mapping[str, set[str]]) -> set[str]:
    found, ahead = set(start), list(start)
    while ahead:
        more = readers.get(ahead.pop(), set()) - found
        found |= more
        ahead += more
    return found
