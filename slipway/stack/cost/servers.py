"""What servers cost: instances, their volumes, monitoring and public addresses."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from slipway.stack.cost.fleets import GROUP, Fleet, fleet
from slipway.stack.cost.lines import (
    Basis,
    Line,
    Part,
    UnknownValue,
    Unpriced,
    line,
    unpriced,
    whole,
)
from slipway.stack.cost.phases import Sizes
from slipway.stack.cost.prices import HOURS, Quote
from slipway.stack.cost.ranges import Range
from slipway.stack.graph import Resource

_FREE_IOPS, _FREE_THROUGHPUT = 3000, 125
"""Of every gp3 volume, MiB/s."""
_DETAILED_METRICS = 7
"""Of an instance with detailed monitoring, by AWS's price page (from memory)."""


def group(resource: Resource, basis: Basis) -> Iterator[Line | Unpriced]:
    """An auto scaling group, with all that is billed by server."""
    try:
        found = fleet(resource, basis.graph)
    except UnknownValue as unknown:
        yield unpriced(resource, str(unknown))
        return
    yield _instances(resource, found, basis)
    yield from _volumes(resource, found, basis)
    yield from _monitoring(resource, found, basis)
    yield from _addresses(resource, found, basis)


@dataclass(frozen=True)
class Running:
    """Of all groups whose sizes can be read: how many `servers` run on average, and the share of
    the time that there are any.
    """

    servers: Range
    up: Range


def running(basis: Basis) -> Running:
    """Of the whole stack."""
    found = Running(Range.of(0), Range.of(0))
    for resource in basis.graph.of(GROUP):
        try:
            of = fleet(resource, basis.graph)
        except UnknownValue:
            continue
        low, high = (_decimal(share) for share in of.phases.up)
        up = Range(max(found.up.low, low), max(found.up.high, high))
        found = Running(found.servers + _average(of, lambda size, _: size), up)
    return found


def _average(found: Fleet, count: Callable[[int, Sizes], int]) -> Range:
    """Of what is counted for a number of servers and the sizes of its phase, over time."""
    low = high = Fraction(0)
    for phase in found.phases.phases:
        low += phase.share * count(phase.sizes.least, phase.sizes)
        high += phase.share * count(phase.sizes.most, phase.sizes)
    return Range(_decimal(low), _decimal(high))


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def _kept(found: Fleet) -> Range:
    """Servers with volumes: those that run and those of the warm pool."""
    warm = found.warm
    if warm is None:
        return _average(found, lambda size, _: size)
    return _average(found, lambda size, of: size + warm.beside(size, of.most))


def _running(found: Fleet) -> Range:
    """Servers that run, warm ones too where their pool keeps them running."""
    if found.warm and found.warm.running:
        return _kept(found)
    return _average(found, lambda size, _: size)


def _instances(resource: Resource, found: Fleet, basis: Basis) -> Line | Unpriced:
    quotes = {name: basis.instance(name, resource) for name in found.types}
    missing = [name for name, quote in quotes.items() if quote is None]
    if missing:
        return unpriced(resource, f"there is no price of {' and '.join(missing)}")
    known = {name: quote for name, quote in quotes.items() if quote is not None}
    # A group with a warm pool has no spot, so that those of its pool are on demand as well.
    on_demand = (
        _running(found) if found.warm else _average(found, lambda size, _: found.on_demand(size))
    )
    spot = _average(found, lambda size, _: size - found.on_demand(size))
    cheap = min(known, key=lambda name: known[name].usd)
    dear = max(known, key=lambda name: known[name].usd)
    discount = basis.table.spot_discount
    low, low_how = _bill(on_demand.low, spot.low, known[cheap], discount.high)
    high, high_how = _bill(on_demand.high, spot.high, known[dear], discount.low)
    assumptions = _assumptions(found, basis, spot=bool(spot.high))
    return Line(
        resource.urn,
        resource.name,
        _words(found),
        Range(low, high).in_cents(),
        f"low: {low_how}; high: {high_how}",
        tuple(known.values()),
        assumptions,
    )


def _bill(
    on_demand: Decimal, spot: Decimal, price: Quote, discount: Decimal
) -> tuple[Decimal, str]:
    """A month of one type, and how it was computed."""
    usd = price.usd.normalize()
    kinds = []
    if on_demand or not spot:
        kinds.append((on_demand, "on demand", Decimal(1)))
    if spot:
        kinds.append((spot, "spot", 1 - discount))
    said = [
        f"{_hours(number)} {bought} {price.item} × {usd:f} USD"
        + (f" × {share.normalize():f}" if bought == "spot" else "")
        for number, bought, share in kinds
    ]
    return sum((n * share for n, _, share in kinds), Decimal(0)) * usd * HOURS, " + ".join(said)


def _count(number: Range) -> str:
    """`1 server`, `3 to 12 servers`, and `0.3869 servers on average` where they sleep."""
    whole_ones = all(bound == bound.to_integral_value() for bound in (number.low, number.high))
    return f"{number} server{'' if str(number) == '1' else 's'}" + (
        "" if whole_ones else " on average"
    )


def _hours(number: Decimal) -> str:
    """`3 × 730 h`, and for servers that are not always there `282.44 h`."""
    if number == number.to_integral_value():
        return f"{number.to_integral_value():f} × {HOURS} h"
    return f"{number * HOURS:.2f} h"


def _words(found: Fleet) -> str:
    """`3 to 12 g6.2xlarge or g5.2xlarge, the first 3 on demand, the rest spot`."""
    awake, types = found.phases.awake, " or ".join(found.types)
    count = str(awake.least) if awake.least == awake.most else f"{awake.least} to {awake.most}"
    spot = 100 - found.on_demand_percent
    if not spot or awake.most <= found.base:
        bought = "on demand"
    else:
        rest = "spot" if spot == 100 else f"{spot} % spot"
        bought = f"the first {found.base} on demand, the rest {rest}" if found.base else rest
    hours, days = found.phases.hours_up, found.phases.days
    cycle = "a week" if days == 7 else "a year"
    up = f", up {float(hours):g} of {days * 24} hours {cycle}" if found.phases.scheduled else ""
    return f"{count} {types}, {bought}{up}"


def _assumptions(found: Fleet, basis: Basis, *, spot: bool) -> tuple[str, ...]:
    said = []
    if len(found.types) > 1:
        said.append(
            "Instance types: the low end has only the cheapest of a group's list, the high end "
            "only the dearest"
        )
    if not all(phase.sizes.least == phase.sizes.most for phase in found.phases.phases):
        said.append("Servers: the low end is the least size all the time, the high end the most")
    if spot:
        discount = basis.table.spot_discount * 100
        said.append(
            f"Spot: {discount} % below on demand, which changes with supply "
            f"({basis.table.spot_source})"
        )
    if found.by_tasks:
        said.append("ECS launches as many servers as there are tasks, not the most of their group")
    if found.reserved:
        said.append("A capacity reservation costs its servers whether they run or not: not counted")
    if found.phases.scheduled:
        said.append("Schedules: daylight saving time and the minutes of starting are left out")
    return tuple(said)


def _volumes(resource: Resource, found: Fleet, basis: Basis) -> Iterator[Line | Unpriced]:
    kept = _kept(found)
    mappings = found.template.properties.get("blockDeviceMappings") if found.template else None
    if not mappings:
        yield unpriced(resource, "the size of its servers' volumes is not in a launch template")
        return
    for mapping in mappings:
        if "ebs" not in mapping:
            continue
        try:
            yield _volume(resource, found, kept, mapping["ebs"], basis)
        except UnknownValue as unknown:
            yield unpriced(resource, f"volume {mapping.get('deviceName')}: {unknown}")


def _volume(
    resource: Resource, found: Fleet, kept: Range, ebs: Mapping[str, Any], basis: Basis
) -> Line | Unpriced:
    kind = ebs.get("volumeType")
    if kind != "gp3":
        return unpriced(resource, f"there is no price of volumes of type {kind}")
    size = whole(ebs.get("volumeSize"), "the size")
    iops = whole(ebs.get("iops"), "the IOPS", _FREE_IOPS)
    throughput = whole(ebs.get("throughput"), "the throughput", _FREE_THROUGHPUT)
    parts = [Part(kept * size, "GB", basis.quote("gp3_storage", resource))]
    if more := max(0, iops - _FREE_IOPS):
        parts.append(Part(kept * more, "IOPS", basis.quote("gp3_iops", resource)))
    if more := max(0, throughput - _FREE_THROUGHPUT):
        parts.append(Part(kept * more, "MiB/s", basis.quote("gp3_throughput", resource)))
    pool = ""
    if found.warm:
        state = "running" if found.warm.running else "stopped"
        pool = f", at least {found.warm.least} of them {state} in the warm pool"
    charged = (
        f"a gp3 volume of {size} GB, {iops} IOPS and {throughput} MiB/s for each of {_count(kept)}"
    )
    stopped = "Stopped servers of a warm pool cost their volumes and nothing else"
    assumptions = (stopped,) if found.warm and not found.warm.running else ()
    return line(resource, f"{charged}{pool}", *parts, assumptions=assumptions)


def _monitoring(resource: Resource, found: Fleet, basis: Basis) -> Iterator[Line]:
    asked = (found.template.properties.get("monitoring") or {}) if found.template else {}
    if str(asked.get("enabled")).lower() == "true":
        number = _running(found)
        yield line(
            resource,
            f"detailed monitoring of {_count(number)}",
            Part(number * _DETAILED_METRICS, "metrics", basis.quote("custom_metric", resource)),
        )


def _addresses(resource: Resource, found: Fleet, basis: Basis) -> Iterator[Line]:
    interfaces = (
        (found.template.properties.get("networkInterfaces") or ()) if found.template else ()
    )
    public = sum(str(i.get("associatePublicIpAddress")).lower() == "true" for i in interfaces)
    if public:
        number = _running(found) * public
        yield line(
            resource,
            f"{number} public IPv4 addresses of servers",
            Part(number, "addresses", basis.quote("public_ipv4", resource), hourly=True),
        )
