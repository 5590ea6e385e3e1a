"""An estimate by component, as `summary` has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slipway.stack.cost.lines import Line, total
from slipway.stack.cost.ranges import Range
from slipway.stack.graph import Graph, Resource
from slipway.stack.summary import components, kind

_STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class ComponentCost:
    """USD a month of a component with all below it. `name` and `kind` are empty for what belongs to
    none.
    """

    name: str
    kind: str
    cost: Range
    lines: tuple[Line, ...]


def by_component(lines: Sequence[Line], graph: Graph) -> tuple[ComponentCost, ...]:
    """The components in the order of their declaration, then what belongs to none, if anything."""
    by_urn = {resource.urn: resource for resource in graph.resources}
    found: dict[tuple[str, str], list[Line]] = {(c.name, c.kind): [] for c in components(graph)}
    for line in lines:
        top = _top(by_urn[line.urn], by_urn)
        key = (top.name, kind(top))
        found.setdefault(key if key in found and not top.custom else ("", ""), []).append(line)
    return tuple(_cost(name, of, members) for (name, of), members in found.items())


def _cost(name: str, of: str, lines: Sequence[Line]) -> ComponentCost:
    return ComponentCost(name, of, total(lines), tuple(lines))


def _top(resource: Resource, by_urn: Mapping[str, Resource]) -> Resource:
    """The ancestor that is directly below the stack, or has no parent."""
    while resource.parent in by_urn and by_urn[resource.parent].type != _STACK:
        resource = by_urn[resource.parent]
    return resource
