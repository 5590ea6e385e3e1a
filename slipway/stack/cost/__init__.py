"""What a recorded stack costs a month: `estimate`, `difference`, and the usage they suppose."""

from slipway.stack.cost.components import ComponentCost
from slipway.stack.cost.difference import Change, Difference, difference
from slipway.stack.cost.estimate import Estimate, estimate
from slipway.stack.cost.lines import Line, Unpriced
from slipway.stack.cost.ranges import Range
from slipway.stack.cost.usage import Usage

__all__ = [
    "Change",
    "ComponentCost",
    "Difference",
    "Estimate",
    "Line",
    "Range",
    "Unpriced",
    "Usage",
    "difference",
    "estimate",
]
