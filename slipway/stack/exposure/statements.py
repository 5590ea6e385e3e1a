"""Statements of policies, one action on one resource each, and which of them covers which."""

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from slipway.stack.exposure.view import View, items

ANYBODY = "*"
SELF = ""
"""The principal of a policy that is attached to one."""
_OPAQUE = ("NotAction", "NotResource", "NotPrincipal")
_OPTIONAL = "IfExists"
_NEGATED = {
    "StringNotEquals",
    "StringNotEqualsIgnoreCase",
    "StringNotLike",
    "ArnNotEquals",
    "ArnNotLike",
    "NotIpAddress",
}
_SUBSET = {"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "Bool"}
_PATTERNS = {"StringLike", "ArnLike", "ArnEquals", "StringNotLike", "ArnNotLike", "ArnNotEquals"}
_IMPLIED = {
    "StringEquals": {"StringLike", "StringEqualsIgnoreCase"},
    "ArnEquals": {"ArnLike"},
    "ArnLike": {"ArnEquals"},
}
"""Operators that hold whenever another one does; IAM treats `ArnEquals` and `ArnLike` alike."""


@dataclass(frozen=True, order=True)
class Condition:
    """`values` are alternatives."""

    operator: str
    key: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.key} {self.operator} {' or '.join(self.values)}"


@dataclass(frozen=True)
class Grant:
    """An atom of a statement. `action` and `resource` may hold wildcards; all conditions hold."""

    effect: str
    principal: str
    action: str
    resource: str
    conditions: frozenset[Condition] = frozenset()

    def covers(self, other: "Grant") -> bool:
        """Whether this matches every request that `other` matches. Effects are not looked at."""
        return self.spans(other) and all(
            any(_implies(theirs, mine) for theirs in other.conditions) for mine in self.conditions
        )

    def spans(self, other: "Grant") -> bool:
        """As `covers`, leaving conditions aside."""
        return (
            self.principal in (ANYBODY, other.principal)
            and matches(self.action.lower(), other.action.lower())
            and matches(self.resource, other.resource)
        )


@dataclass(frozen=True)
class Document:
    """`opaque` holds the statements that say what they do not match, as text: these are compared
    by equality alone.
    """

    grants: frozenset[Grant] = frozenset()
    opaque: frozenset[str] = frozenset()

    def __or__(self, other: "Document") -> "Document":
        return Document(self.grants | other.grants, self.opaque | other.opaque)

    def allows(self) -> frozenset[Grant]:
        """What is allowed, less what the same document denies in every case."""
        denied = [grant for grant in self.denies() if not grant.conditions]
        return frozenset(
            grant
            for grant in self.grants
            if grant.effect == "Allow" and not any(deny.covers(grant) for deny in denied)
        )

    def denies(self) -> frozenset[Grant]:
        return frozenset(grant for grant in self.grants if grant.effect == "Deny")


def document(view: View, policy: Any) -> Document:
    """A policy as text or as a mapping; one that cannot be read is opaque as a whole."""
    text = view.plain(policy if isinstance(policy, str) else json.dumps(policy))
    try:
        statements = items(json.loads(text)["Statement"])
        read = [_statement(statement) for statement in statements]
    except (ValueError, KeyError, TypeError, AttributeError):
        return Document(opaque=frozenset({text}))
    found = Document()
    for each in read:
        found |= each
    return found


def _statement(statement: Mapping[str, Any]) -> Document:
    if any(key in statement for key in _OPAQUE):
        said = {key: value for key, value in statement.items() if key != "Sid"}
        return Document(opaque=frozenset({json.dumps(said, sort_keys=True)}))
    conditions = frozenset(
        Condition(operator, key, tuple(sorted(map(_text, items(values)))))
        for operator, keys in (statement.get("Condition") or {}).items()
        for key, values in keys.items()
    )
    grants = (
        Grant(statement["Effect"], principal, action, resource, conditions)
        for principal in _principals(statement.get("Principal"))
        for action in items(statement["Action"])
        for resource in items(statement.get("Resource", "*"))
    )
    return Document(frozenset(grants))


def _principals(value: Any) -> Iterator[str]:
    if value is None:
        yield SELF
    elif isinstance(value, str):
        yield ANYBODY if value == "*" else value
    else:
        for kind, names in value.items():
            for name in items(names):
                yield ANYBODY if (kind, name) == ("AWS", "*") else _account(kind, str(name))


def _account(kind: str, name: str) -> str:
    """An account's number stands for its root."""
    full = f"arn:aws:iam::{name}:root" if kind == "AWS" and name.isdigit() else name
    return f"{kind}:{full}"


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


@cache
def matches(pattern: str, text: str) -> bool:
    """Whether `pattern` (with * and ?) matches all that `text` does, which may have wildcards."""
    parts = {"*": ".*", "?": "[^*]"}
    written = "".join(parts.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(written, text, re.DOTALL) is not None


def _implies(given: Condition, wanted: Condition) -> bool:
    """Whether `wanted` holds in every request in which `given` does; False where unsure."""
    if given.key.lower() != wanted.key.lower():
        return False
    if given == wanted:
        return True
    one, other = given.operator, wanted.operator
    if one.endswith(_OPTIONAL) and not other.endswith(_OPTIONAL):
        return False
    one, other = one.removesuffix(_OPTIONAL), other.removesuffix(_OPTIONAL)
    if one != other and other not in _IMPLIED.get(one, ()):
        return False
    plain = other.removeprefix("ForAnyValue:").removeprefix("ForAllValues:")
    if plain == "IpAddress":
        return all(any(_in_range(v, w) for w in wanted.values) for v in given.values)
    if plain in _SUBSET:
        return _all_among(given.values, wanted.values, patterns=plain in _PATTERNS)
    return plain in _NEGATED and _all_among(
        wanted.values, given.values, patterns=plain in _PATTERNS
    )


def _all_among(values: Iterable[str], others: Iterable[str], *, patterns: bool) -> bool:
    return all(
        any(matches(other, value) if patterns else other == value for other in others)
        for value in values
    )


def _in_range(value: str, range_: str) -> bool:
    try:
        one = ipaddress.ip_network(value, strict=False)
        other = ipaddress.ip_network(range_, strict=False)
    except ValueError:
        return value == range_
    if isinstance(one, ipaddress.IPv4Network) and isinstance(other, ipaddress.IPv4Network):
        return one.subnet_of(other)
    if isinstance(one, ipaddress.IPv6Network) and isinstance(other, ipaddress.IPv6Network):
        return one.subnet_of(other)
    return False
