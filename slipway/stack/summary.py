"""A recorded stack in short: its components, what they consist of, and who needs whom."""

from collections import Counter
from dataclasses import dataclass

from slipway.stack.graph import Graph, Resource

_STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Component:
    """A component directly below the stack, with all below it.

    `counts` maps the kinds of its resources (`Subnet`, `Bucket`) to their number; `needs` are the
    names of the components whose outputs it uses.
    """

    name: str
    kind: str
    counts: tuple[tuple[str, int], ...]
    needs: tuple[str, ...]

    @property
    def total(self) -> int:
        return sum(number for _, number in self.counts)


def components(graph: Graph) -> tuple[Component, ...]:
    """The components in the order of their declaration."""
    by_urn = {resource.urn: resource for resource in graph.resources}
    tops = {resource.urn: _top(resource, by_urn) for resource in graph.resources}
    found = []
    for component in graph.resources:
        below_the_stack = component.parent and tops[component.urn] is component
        if component.custom or not below_the_stack:
            continue
        members = [r for r in graph.resources if tops[r.urn] is component and r.custom]
        needed = {
            tops[urn].name
            for member in members
            for urn in _needs(member)
            if tops[urn] is not component and not tops[urn].custom
        }
        counts = Counter(kind(member) for member in members)
        found.append(
            Component(
                name=component.name,
                kind=kind(component),
                counts=tuple(sorted(counts.items())),
                needs=tuple(sorted(needed)),
            )
        )
    return tuple(found)


def total(graph: Graph) -> int:
    """How many things AWS would be asked for: components and providers are not counted."""
    return sum(r.custom and not r.type.startswith("pulumi:") for r in graph.resources)


def kind(resource: Resource) -> str:
    """The last part of its type: `Subnet`."""
    return resource.type.rpartition(":")[2]


def _top(resource: Resource, by_urn: dict[str, Resource]) -> Resource:
    while resource.parent and by_urn[resource.parent].type != _STACK:
        resource = by_urn[resource.parent]
    return resource


def _needs(resource: Resource) -> set[str]:
    found = {urn for urns in resource.property_dependencies.values() for urn in urns}
    return found | set(resource.depends_on)
