"""A graph in which a resource has the same identity before and after a change."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from slipway.stack.graph import REFERENCE, Graph, Resource

_PLAIN = re.compile(r"(?:arn:aws:s3:::)?@(urn:[^@\s#]+)#([^@\s#]+)@")
_UNSAID = {"arn", "id", "name", "bucket", "keyId"}
_BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")


@dataclass(frozen=True)
class View:
    """`renamed` maps URNs of this graph to those of the graph that it is compared with."""

    graph: Graph
    renamed: Mapping[str, str] = field(default_factory=dict)

    def identity(self, urn: str) -> str:
        return self.renamed.get(urn, urn)

    @cached_property
    def resources(self) -> Mapping[str, Resource]:
        """All resources by identity."""
        return {self.identity(r.urn): r for r in self.graph.resources}

    def of(self, *types: str) -> dict[str, Resource]:
        """Those of some types, by identity; a type by its token or its end, as in `Graph.of`."""
        return {
            identity: resource
            for type_ in types
            for identity, resource in self._by_type.get(type_, {}).items()
        }

    @cached_property
    def _by_type(self) -> Mapping[str, Mapping[str, Resource]]:
        found: dict[str, dict[str, Resource]] = {}
        for identity, resource in self.resources.items():
            for type_ in {resource.type, resource.type.rpartition(":")[2]}:
                found.setdefault(type_, {})[identity] = resource
        return found

    def plain(self, text: str) -> str:
        """Text with `@identity#property@` in the place of tokens, whose spelling depends on the
        order of registration. The ARN of a bucket is written out from its name.
        """
        return REFERENCE.sub(lambda match: self._token(match.group()), text)

    def _token(self, token: str) -> str:
        reference = self.graph.references.get(token)
        if reference is None:
            return token
        identity = self.identity(reference.urn)
        if identity.split("::")[2].rpartition("$")[2] in _BUCKETS:
            if reference.property == "arn":
                return f"arn:aws:s3:::@{identity}#bucket@"
            if reference.property == "id":
                return f"@{identity}#bucket@"
        return f"@{identity}#{reference.property}@"

    def referred(self, value: Any) -> frozenset[str]:
        """The identities of the resources that a value refers to."""
        return frozenset(self.identity(r.urn) for r in self.graph.referred(value))

    def known(self, value: Any) -> bool:
        """Whether a value is there and holds nothing that only AWS knows."""
        return not (
            value is None or self.graph.referred(value) or str(value) in self.graph.references
        )

    def owner(self, resource: Resource, name: str, *types: str) -> str:
        """The identity of the resource that a property names: by reference, by dependency, or by
        the name that it was given. For one outside the graph: the value itself.
        """
        value = str(resource.properties.get(name, ""))
        candidates = self.of(*types)
        by_reference = self.referred(value) & set(candidates)
        urns = resource.property_dependencies.get(name, ())
        by_dependency = {self.identity(urn) for urn in urns} & set(candidates)
        by_name = {
            identity
            for identity, candidate in candidates.items()
            if value and value in {candidate.properties.get(key) for key in ("name", "bucket")}
        }
        for among in (by_reference, by_name, by_dependency):
            if len(among) == 1:
                return next(iter(among))
        return self.plain(value)

    def owned(self, type_: str, name: str, *owners: str) -> Iterator[tuple[str, Resource]]:
        """Resources of a type, each with the identity of its owner."""
        for resource in self.graph.of(type_):
            yield self.owner(resource, name, *owners), resource


def say(text: str) -> str:
    """Text of `View.plain` for a reader: a resource by its logical name."""

    def name(match: re.Match[str]) -> str:
        said = match.group(1).rpartition("::")[2]
        return said if match.group(2) in _UNSAID else f"{said}.{match.group(2)}"

    return _PLAIN.sub(name, text)


def name_of(identity: str) -> str:
    """The logical name in an identity; what is no URN stays as it is."""
    return identity.rpartition("::")[2] if identity.startswith("urn:") else say(identity)


def shared(base: View, head: View, *types: str) -> Iterator[tuple[str, Resource, Resource]]:
    """Resources of some types that are in both."""
    before, after = base.of(*types), head.of(*types)
    for identity in before.keys() & after.keys():
        yield identity, before[identity], after[identity]


def items(value: Any) -> list[Any]:
    """A list of what may be absent, one thing or several."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def on(value: Any) -> bool:
    """True, however the SDK spells it."""
    return value in (True, "true", "True")
