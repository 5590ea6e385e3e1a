"""What `pulumi destroy` would stop at, leave behind, or wait for: read from a recorded graph.

What a bucket holds, or who registered, only AWS knows: what depends on it is said as `may block`.
"""

from slipway.stack.exposure.view import View
from slipway.stack.graph import Graph
from slipway.stack.teardown.leftovers import leftovers
from slipway.stack.teardown.obstacle import Effect, Obstacle
from slipway.stack.teardown.refusals import refusals
from slipway.stack.teardown.waits import waits

__all__ = ["Effect", "Obstacle", "preflight"]


def preflight(graph: Graph) -> tuple[Obstacle, ...]:
    """Everything that a destroy of this stack has to reckon with, the gravest first."""
    view, order = View(graph), list(Effect)
    found = {each for check in (refusals, leftovers, waits) for each in check(view)}
    return tuple(sorted(found, key=lambda o: (order.index(o.effect), o.name, o.why)))
