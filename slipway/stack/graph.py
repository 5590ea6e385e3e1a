"""What a Pulumi program registered, as values."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

REFERENCE = re.compile(r"@[^@\s]+@")
"""How an output that only AWS knows is written in another resource's inputs: `@name.property@`.

It survives concatenation, JSON and base64, and can be read.
"""


@dataclass(frozen=True)
class Reference:
    """One output of one resource."""

    urn: str
    property: str


@dataclass(frozen=True)
class Resource:
    """One registration. `properties` holds its inputs with references in the place of outputs.

    `aliases` are the URNs that it may have had before; `secrets` are the paths of inputs that are
    marked secret; `source` is `file:line`, empty where it is not known.
    """

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    properties: Mapping[str, Any]
    provider: str = ""
    protect: bool = False
    depends_on: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    delete_before_replace: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    aliases: tuple[str, ...] = ()
    import_id: str = ""
    timeouts: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True)
class Question:
    """A call of the program to AWS that has no offline answer: `aws:ec2/getVpc:getVpc`. Its outputs
    are referred to by `urn`.
    """

    urn: str
    token: str
    arguments: Mapping[str, Any]
    provider: str = ""

    @property
    def name(self) -> str:
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True)
class Graph:
    """All that one run of the program registered, in the order of registration.

    `output_secrets` are the paths of outputs that are marked secret; `declared` the properties that
    the SDK declares for each type, set or not; `region` is the default provider's.
    """

    project: str
    stack: str
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any]
    references: Mapping[str, Reference]
    declared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    output_secrets: tuple[str, ...] = ()
    region: str = ""
    questions: tuple[Question, ...] = ()

    def of(self, *types: str) -> tuple[Resource, ...]:
        """The resources of these types, by token: `aws:ec2/vpc:Vpc`, or its end: `Vpc`."""
        return tuple(
            r for r in self.resources if r.type in types or r.type.rpartition(":")[2] in types
        )

    def named(self, name: str, type_: str = "") -> Resource:
        """The one resource of this logical name (and type, by token or its end)."""
        among = self.of(type_) if type_ else self.resources
        (found,) = (r for r in among if r.name == name)
        return found

    def by_urn(self, urn: str) -> Resource:
        (found,) = (r for r in self.resources if r.urn == urn)
        return found

    def target(self, value: str) -> Resource:
        """The resource that a property's value refers to, where it is one reference."""
        return self.by_urn(self.references[value].urn)

    def referred(self, value: Any) -> tuple[Reference, ...]:
        """The outputs that a value refers to, however deep."""
        tokens = (token for text in texts(value) for token in REFERENCE.findall(text))
        return tuple(self.references[token] for token in tokens if token in self.references)


def texts(value: Any) -> Iterator[str]:
    """Every string within a value, keys of mappings left out; numbers as they are written."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
