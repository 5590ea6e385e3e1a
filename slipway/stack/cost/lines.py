"""What an estimate is made of: lines that cost something, and what has no price."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from slipway.errors import StackError
from slipway.stack.cost.prices import HOURS, PriceTable, Quote
from slipway.stack.cost.ranges import Range
from slipway.stack.cost.usage import Usage
from slipway.stack.graph import Graph, Resource

_PROVIDER = "pulumi:providers:aws"
UNKNOWN_REGION = "unknown"


@dataclass(frozen=True)
class Line:
    """A charge: `charged` says what for, `cost` is USD a month in cents, `how` the computation.

    `quotes` are the prices that it used, `assumptions` what it supposes beyond them.
    """

    urn: str
    name: str
    charged: str
    cost: Range
    how: str
    quotes: tuple[Quote, ...] = ()
    assumptions: tuple[str, ...] = ()

    @property
    def low(self) -> Decimal:
        return self.cost.low

    @property
    def high(self) -> Decimal:
        return self.cost.high


@dataclass(frozen=True)
class Unpriced:
    """A resource that costs money, or may, and for which there is no price."""

    urn: str
    name: str
    type: str
    why: str


class UnknownValue(StackError):
    """A property that decides a cost is not there, or only AWS knows it."""


@dataclass(frozen=True)
class Basis:
    """What every charge is computed from."""

    graph: Graph
    usage: Usage
    table: PriceTable

    @functools.cached_property
    def _regions(self) -> dict[str, str]:
        """Of the providers, by their URNs."""
        providers = self.graph.of(_PROVIDER)
        return {p.urn: str(p.properties["region"]) for p in providers if "region" in p.properties}

    def region(self, resource: Resource) -> str:
        """Where it is: its own region, else its provider's, else that of the only provider."""
        own = resource.properties.get("region")
        if isinstance(own, str) and own and own not in self.graph.references:
            return own
        for urn, region in self._regions.items():
            if resource.provider == urn or resource.provider.startswith(f"{urn}::"):
                return region
        return next(iter(self._regions.values())) if len(self._regions) == 1 else UNKNOWN_REGION

    def quote(self, item: str, resource: Resource) -> Quote:
        return self.table.quote(item, self.region(resource))

    def instance(self, name: str, resource: Resource) -> Quote | None:
        return self.table.instance(name, self.region(resource))


@dataclass(frozen=True)
class Part:
    """A product within a line: an amount of something at a price."""

    amount: Range
    of: str
    quote: Quote
    hourly: bool = False

    @property
    def cost(self) -> Range:
        return self.amount * self.quote.usd * (HOURS if self.hourly else 1)

    def __str__(self) -> str:
        hours = f" × {HOURS} h" if self.hourly else ""
        of = f" {self.of}" if self.of else ""
        return f"{self.amount}{of} × {self.quote.usd.normalize():f} USD{hours}"


def line(resource: Resource, charged: str, *parts: Part, assumptions: tuple[str, ...] = ()) -> Line:
    """The sum of products."""
    cost = Range.of(0)
    for part in parts:
        cost += part.cost
    return Line(
        resource.urn,
        resource.name,
        charged,
        cost.in_cents(),
        " + ".join(str(part) for part in parts),
        tuple(part.quote for part in parts),
        assumptions,
    )


def total(lines: Iterable[Line]) -> Range:
    """The sum of lines, USD a month."""
    found = Range.of(0).in_cents()
    for each in lines:
        found += each.cost
    return found


def unpriced(resource: Resource, why: str) -> Unpriced:
    return Unpriced(resource.urn, resource.name, resource.type, why)


def supposed(what: str, amount: Range) -> str:
    """An assumption of usage: `Usage: 10 to 500 GB a month through each NAT gateway`."""
    return f"Usage: {amount} {what}"


def whole(value: Any, what: str, default: int | None = None) -> int:
    """A number that AWS takes as a whole one. Raises `UnknownValue` where there is none."""
    if value is None and default is not None:
        return default
    try:
        return int(str(value))
    except ValueError as error:
        raise UnknownValue(
            f"{what} is not known", why=f"it is {value!r}", mend="Set it in the program"
        ) from error
