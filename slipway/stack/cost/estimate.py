"""The monthly price of a recorded stack."""

from collections.abc import Iterator
from dataclasses import dataclass

from slipway.stack.cost.classes import FREE, PRICED
from slipway.stack.cost.components import ComponentCost, by_component
from slipway.stack.cost.lines import (
    Basis,
    Line,
    UnknownValue,
    Unpriced,
    total,
    unpriced,
)
from slipway.stack.cost.prices import PriceTable, Quote, price_table
from slipway.stack.cost.ranges import Range
from slipway.stack.cost.usage import Usage
from slipway.stack.graph import Graph, Resource

_ENGINE = "pulumi:"


@dataclass(frozen=True)
class Estimate:
    """USD a month, before discounts and tax. `lines` and `unpriced` are in the order of URNs, those
    of one resource in the order of what they are for.
    """

    stack: str
    lines: tuple[Line, ...]
    unpriced: tuple[Unpriced, ...]

    @property
    def total(self) -> Range:
        return total(self.lines)

    def of(self, urn: str) -> Range:
        """Of one resource: 0 where it costs nothing or has no price, which `unpriced` tells."""
        return total(self.lines_of(urn))

    def lines_of(self, urn: str) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.urn == urn)

    def by_component(self, graph: Graph) -> tuple[ComponentCost, ...]:
        """In the order of `summary.components`, of the graph that was estimated; resources outside
        of any come last. Their sum is the total.
        """
        return by_component(self.lines, graph)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """All that was supposed, each once."""
        quotes = {quote for line in self.lines for quote in line.quotes}
        supposed = {said for line in self.lines for said in line.assumptions}
        derived = {quote.assumption for quote in quotes if quote.assumption}
        return (*sorted(supposed | derived), *_unchecked(quotes))


def estimate(graph: Graph, usage: Usage | None = None, table: PriceTable | None = None) -> Estimate:
    """What the graph costs; `usage` and `table` in the place of the project's own."""
    basis = Basis(graph, usage or Usage(), table or price_table())
    lines: list[Line] = []
    without: list[Unpriced] = []
    for resource in graph.resources:
        for found in _charges(resource, basis):
            if isinstance(found, Line):
                lines.append(found)
            else:
                without.append(found)
    return Estimate(
        graph.stack,
        tuple(sorted(lines, key=lambda line: line.urn)),
        tuple(sorted(without, key=lambda found: found.urn)),
    )


def _charges(resource: Resource, basis: Basis) -> Iterator[Line | Unpriced]:
    if not resource.custom or resource.type.startswith(_ENGINE) or resource.type in FREE:
        return
    pricer = PRICED.get(resource.type)
    if pricer is None:
        yield unpriced(resource, "this type is not known to cost something, nor to be free")
        return
    try:
        yield from pricer(resource, basis)
    except UnknownValue as unknown:
        yield unpriced(resource, str(unknown))


def _unchecked(quotes: set[Quote]) -> tuple[str, ...]:
    items = {quote.item for quote in quotes}
    doubtful = {quote.item for quote in quotes if not quote.checked}
    if not doubtful:
        return ()
    return (
        f"{len(doubtful)} of the {len(items)} prices are not checked, but from memory of AWS's "
        "price pages, or derived from such (slipway/stack/cost/prices.json and instances.csv)",
    )
