"""The dated price table: what AWS asks for a unit of something, in a region.

`prices.json` has the services, the factors between regions and the discount of spot,
`instances.csv` the servers. Prices are in USD, without tax, of the first tier where there are
tiers. `checked` says whether a price was read from its source on its date; those that were not are
from memory of AWS's public price pages.
"""

import csv
import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

from slipway.errors import StackError
from slipway.stack.cost.ranges import Range

HOURS = 730
"""Of a month, as AWS's own calculator has it: 365 days of 24 hours, divided by 12."""

BASE_REGION = "us-east-1"
_EVERYWHERE = "*"
_SERVICES = "services"
_FOLDER = Path(__file__).parent
_T = TypeVar("_T")


@dataclass(frozen=True)
class Price:
    """USD for one `unit` of `item` in `region` (`*`: the same in all), as `source` had it on
    `date`.
    """

    item: str
    unit: str
    region: str
    usd: Decimal
    date: date
    source: str
    checked: bool

    def __post_init__(self) -> None:
        if not self.usd.is_finite() or self.usd < 0 or not (self.item and self.unit):
            raise _broken(f"the price of '{self.item}' is {self.usd} for '{self.unit}'")
        if not (self.region and self.source):
            raise _broken(f"the price of '{self.item}' has no region or no source")


@dataclass(frozen=True)
class Factor:
    """How much more a family of instances (`*`: any other, `services`: all that is no instance)
    costs in `region` than in us-east-1.
    """

    region: str
    family: str
    factor: Decimal
    date: date
    source: str
    checked: bool

    def __post_init__(self) -> None:
        if not self.factor.is_finite() or self.factor <= 0 or not self.source:
            raise _broken(f"the factor of '{self.family}' in {self.region} is {self.factor}")


@dataclass(frozen=True)
class Quote:
    """A price as it is used: `assumption` says how it was derived, empty for a list price."""

    item: str
    unit: str
    usd: Decimal
    checked: bool
    assumption: str = ""


@dataclass(frozen=True)
class PriceTable:
    """`spot_discount` is a share: 0.4 is 40 % below the price on demand."""

    prices: Mapping[tuple[str, str], Price]
    factors: Mapping[tuple[str, str], Factor]
    gpus: Mapping[str, int]
    spot_discount: Range
    spot_source: str

    def quote(self, item: str, region: str) -> Quote:
        """The price of something that is no instance. Raises `StackError` for an unknown item."""
        price = self.prices.get((item, region)) or self.prices.get((item, _EVERYWHERE))
        if price is not None:
            return _listed(price)
        base = self.prices.get((item, BASE_REGION))
        if base is None:
            raise _broken(f"there is no price of '{item}'")
        return self._derived(base, region, self.factors.get((region, _SERVICES)))

    def instance(self, name: str, region: str) -> Quote | None:
        """An hour of an instance type, on demand; None for a type that is not in the table."""
        price = self.prices.get((name, region))
        if price is not None:
            return _listed(price)
        base = self.prices.get((name, BASE_REGION))
        if base is None:
            return None
        family = name.partition(".")[0]
        factor = self.factors.get((region, family)) or self.factors.get((region, _EVERYWHERE))
        return self._derived(base, region, factor)

    def _derived(self, base: Price, region: str, factor: Factor | None) -> Quote:
        if factor is None:
            said = f"{BASE_REGION} prices: region {region} is not in the table"
            return Quote(base.item, base.unit, base.usd, checked=False, assumption=said)
        what = {
            _SERVICES: "Services without a price of their own",
            _EVERYWHERE: "Instances of families without a factor of their own",
        }.get(factor.family, f"Instances of {factor.family}")
        said = f"{what} in {region}: prices of {BASE_REGION} times {factor.factor}"
        return Quote(
            base.item,
            base.unit,
            base.usd * factor.factor,
            checked=base.checked and factor.checked,
            assumption=f"{said} ({factor.source}, {factor.date})",
        )


@functools.cache
def price_table() -> PriceTable:
    """The table that comes with the project."""
    with (_FOLDER / "instances.csv").open(newline="", encoding="utf-8") as lines:
        instances = list(csv.DictReader(lines))
    return read(json.loads((_FOLDER / "prices.json").read_text(encoding="utf-8")), instances)


def read(services: Mapping[str, Any], instances: Iterable[Mapping[str, str]]) -> PriceTable:
    """The table of `prices.json` and `instances.csv`. Raises `StackError` where it cannot be."""
    try:
        return _read(services, list(instances))
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
        raise _broken(f"a line lacks a column, or has a wrong value: {error!r}") from error


def _read(services: Mapping[str, Any], instances: list[Mapping[str, str]]) -> PriceTable:
    rows, factors, spot = services["prices"], services["factors"], services["spot_discount"]
    prices = [_price(row, row["item"], row["unit"], row["usd"]) for row in rows]
    prices += [_price(row, row["instance_type"], "hour", row["usd_per_hour"]) for row in instances]
    known = [
        Factor(
            row["region"],
            row["family"],
            Decimal(row["factor"]),
            date.fromisoformat(row["date"]),
            row["source"],
            _checked(row),
        )
        for row in factors
    ]
    return PriceTable(
        prices=_once({(p.item, p.region): p for p in prices}, len(prices)),
        factors=_once({(f.region, f.family): f for f in known}, len(known)),
        gpus={row["instance_type"]: int(row["gpus"]) for row in instances},
        spot_discount=Range(Decimal(spot["low"]) / 100, Decimal(spot["high"]) / 100),
        spot_source=f"{spot['source']}, {spot['date']}",
    )


def _price(row: Mapping[str, str], item: str, unit: str, usd: str) -> Price:
    return Price(
        item,
        unit,
        row["region"],
        Decimal(usd),
        date.fromisoformat(row["date"]),
        row["source"],
        _checked(row),
    )


def _checked(row: Mapping[str, str]) -> bool:
    return {"yes": True, "no": False}[row["checked"]]


def _once(found: dict[tuple[str, str], _T], lines: int) -> dict[tuple[str, str], _T]:
    if len(found) != lines:
        raise _broken("something is there twice for the same region")
    return found


def _listed(price: Price) -> Quote:
    return Quote(price.item, price.unit, price.usd, price.checked)


def _broken(why: str) -> StackError:
    return StackError(
        "The price table cannot be used",
        why=why,
        mend="Correct prices.json or instances.csv in slipway/stack/cost",
    )
