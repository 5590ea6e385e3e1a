"""Rules, what they are asked about, and what they answer. Nothing here knows Pulumi."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, Final

PRODUCTION = "prod"
"""The environment whose data and servers must survive mistakes."""

ANY = ("*",)
"""Types of a rule that judges every resource."""


class Unknown:
    """A value that only AWS knows, as many are in a preview of what does not exist yet."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


class Level(Enum):
    """`MANDATORY` stops the deployment, `ADVISORY` is printed."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"


@dataclass(frozen=True)
class Checked:
    """One resource. `properties` are named as Pulumi names them, with `UNKNOWN` where a value is
    not known yet; `refers` maps a property to the URNs that its value comes from.
    """

    type: str
    name: str
    urn: str
    properties: Mapping[str, Any]
    protect: bool = False
    refers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def environment(self) -> str:
        """The stack's name: `prod` of `urn:pulumi:prod::slipway::...`."""
        return self.urn.split("::")[0].rpartition(":")[2]

    @property
    def production(self) -> bool:
        return self.environment == PRODUCTION


@dataclass(frozen=True)
class Stack:
    """All resources of one environment."""

    resources: tuple[Checked, ...]

    def of(self, *types: str) -> tuple[Checked, ...]:
        return tuple(resource for resource in self.resources if resource.type in types)

    @cached_property
    def _by_urn(self) -> Mapping[str, Checked]:
        return {resource.urn: resource for resource in self.resources}

    def origins(self, resource: Checked, property_: str, passing: str = "") -> frozenset[str]:
        """URNs that a property's value comes from, also through resources that pass it on as their
        own property `passing`: a bucket's name may be taken from the bucket's policy.
        """
        found: set[str] = set()
        ahead = list(resource.refers.get(property_, ()))
        while ahead:
            urn = ahead.pop()
            if urn not in found:
                found.add(urn)
                through = self._by_urn.get(urn)
                ahead += through.refers.get(passing or property_, ()) if through else ()
        return frozenset(found)

    def referring(
        self, to: Checked, type_: str, property_: str, key: str = ""
    ) -> tuple[Checked, ...]:
        """The resources of a type whose property comes from another resource, or equals that
        resource's own property `key`.
        """
        called = to.properties.get(key)
        named = called is not None and called is not UNKNOWN
        return tuple(
            resource
            for resource in self.of(type_)
            if to.urn in self.origins(resource, property_)
            or (named and resource.properties.get(property_) == called)
        )


@dataclass(frozen=True)
class Violation:
    """`urn` is the resource that is wrong; `message` says what, and how it should be."""

    rule: str
    level: Level
    urn: str
    message: str


@dataclass(frozen=True)
class Rule:
    """Judges resources of some types, one by one. `check` yields a message for each fault."""

    name: str
    level: Level
    description: str
    types: tuple[str, ...]
    check: Callable[[Checked], Iterable[str]]

    def applies(self, resource: Checked) -> bool:
        return self.types == ANY or resource.type in self.types

    def violations(self, stack: Stack) -> Iterator[Violation]:
        for resource in filter(self.applies, stack.resources):
            for message in self.check(resource):
                yield Violation(self.name, self.level, resource.urn, message)


@dataclass(frozen=True)
class StackRule:
    """Judges how resources fit together. `check` yields the resource at fault and a message."""

    name: str
    level: Level
    description: str
    check: Callable[[Stack], Iterable[tuple[Checked, str]]]

    def violations(self, stack: Stack) -> Iterator[Violation]:
        for resource, message in self.check(stack):
            yield Violation(self.name, self.level, resource.urn, message)
