"""From raw measurements to medians and ratios."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.serving_parts.values import Measurement

LIMIT = "limit"
"""Not a system: in each round the better of the two ways to call ONNX Runtime in-process."""


@dataclass(frozen=True)
class Spread:
    """A median over rounds, with the extremes."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True)
class Row:
    """One system at one concurrency."""

    system: str
    concurrency: int
    throughput: Spread
    p50_ms: float
    p99_ms: float
    errors: int


def rows(measurements: Sequence[Measurement]) -> list[Row]:
    """A row for each system and concurrency, in the order they were first measured."""
    keys = dict.fromkeys((m.system, m.concurrency) for m in measurements)
    found = []
    for system, concurrency in keys:
        loads = [m.load for m in kept(measurements, system, concurrency)]
        if loads:
            found.append(
                Row(
                    system,
                    concurrency,
                    Spread.of([load.throughput for load in loads]),
                    median(load.p50_ms for load in loads),
                    median(load.p99_ms for load in loads),
                    sum(load.errors for load in loads),
                )
            )
    return found


def kept(measurements: Iterable[Measurement], system: str, concurrency: int) -> list[Measurement]:
    return [
        m for m in measurements if m.kept and (m.system, m.concurrency) == (system, concurrency)
    ]


def with_limit(measurements: Sequence[Measurement], ways: Sequence[str]) -> list[Measurement]:
    """The measurements and, for each round and concurrency, the better of the `ways`."""
    best: dict[tuple[int, int], Measurement] = {}
    for m in measurements:
        key = (m.concurrency, m.round)
        if m.kept and m.system in ways:
            now = best.get(key)
            if now is None or m.load.throughput > now.load.throughput:
                best[key] = m
    return [
        *(
            Measurement(LIMIT, m.concurrency, m.round, m.load, m.others_cores)
            for m in best.values()
        ),
        *measurements,
    ]


def ratio(
    measurements: Sequence[Measurement], system: str, other: str, concurrency: int
) -> Spread | None:
    """Throughput of `system` over that of `other`, round by round; None where they never met."""
    ours = {m.round: m.load.throughput for m in kept(measurements, system, concurrency)}
    theirs = {m.round: m.load.throughput for m in kept(measurements, other, concurrency)}
    shared = [ours[r] / theirs[r] for r in sorted(set(ours) & set(theirs)) if theirs[r]]
    return Spread.of(shared) if shared else None
