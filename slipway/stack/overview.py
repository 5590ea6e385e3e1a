"""A stack at a glance: its components, how large they are, and what they cost a month."""

from collections.abc import Iterator
from typing import Any

from slipway.errors import StackError
from slipway.stack.cost import estimate
from slipway.stack.cost.ranges import NOTHING, money
from slipway.stack.facts import facts
from slipway.stack.graph import Graph
from slipway.stack.summary import components, total

HEADER = ("COMPONENT", "RESOURCES", "USD A MONTH", "OF WHICH")


def rows(graph: Graph) -> list[tuple[str, int, str, str]]:
    costs = {cost.name: cost.cost for cost in estimate(graph).by_component(graph)}
    return [
        (
            c.name,
            c.total,
            money(costs.get(c.name, NOTHING)),
            ", ".join(f"{number} {kind}" if number > 1 else kind for kind, number in c.counts),
        )
        for c in components(graph)
    ]


def summary(graph: Graph) -> Iterator[str]:
    """Lines below the table."""
    found = estimate(graph)
    if servers := _servers(graph):
        yield f"servers: {servers}"
    number = total(graph)
    resources = "1 resource" if number == 1 else f"{number} resources"
    yield (
        f"{resources}, {money(found.total)} a month before tax and discounts "
        "(docs/costs.md tells what is assumed)"
    )
    for unpriced in found.unpriced:
        yield f"without a price: {unpriced.name}, {unpriced.why}"
    if graph.outputs:
        yield f"outputs: {', '.join(sorted(graph.outputs))}"


def document(graph: Graph) -> dict[str, Any]:
    found = estimate(graph)
    costs = {cost.name: cost.cost for cost in found.by_component(graph)}

    def usd(name: str) -> list[float]:
        cost = costs.get(name, NOTHING)
        return [float(cost.low), float(cost.high)]

    return {
        "stack": graph.stack,
        "resources": total(graph),
        "components": [
            {"name": c.name, "kind": c.kind, "resources": dict(c.counts), "usdAMonth": usd(c.name)}
            for c in components(graph)
        ],
        "usdAMonth": [float(found.total.low), float(found.total.high)],
        "lines": [
            {
                "urn": line.urn,
                "charged": line.charged,
                "usdAMonth": [float(line.low), float(line.high)],
                "how": line.how,
            }
            for line in found.lines
        ],
        "assumptions": list(found.assumptions),
        "unpriced": [{"urn": u.urn, "why": u.why} for u in found.unpriced],
        "outputs": sorted(graph.outputs),
    }


def _servers(graph: Graph) -> str:
    try:
        return "; ".join(facts(graph).servers.lines[:2])
    except StackError:  # no image is named yet, so there are none
        return ""
