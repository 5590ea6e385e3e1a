"""Variants of a model: what was measured of each, and what became of it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

OBJECTIVES = ("latency", "throughput", "size", "cost")
"""What a choice can be made by."""
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A figure and the bounds it lies between with a confidence of 95 %."""

    low: float
    middle: float
    high: float

    @property
    def factor(self) -> str:
        return f"{self.middle:.2f}x ({self.low:.2f}-{self.high:.2f})"


def points(drop: float, *, lower_is_better: bool) -> str:
    """A difference of metrics in words: points of a share, per cent of a perplexity."""
    return f"{100 * drop:.1f} {'%' if lower_is_better else 'points'}"


def bounds(drop: Interval) -> str:
    """Where a difference of metrics surely lies, in the same unit."""
    return f"{100 * drop.low:.1f} to {100 * drop.high:.1f}"


def median_interval(values: Sequence[float]) -> Interval:
    """The median, between two of the sorted values (the sign test's interval, which assumes no
    distribution). With fewer than six values the smallest and the largest bound it less surely.
    """
    ordered, count = sorted(values), len(values)
    left_out = 0
    tail = 0.5**count
    while 2 * tail <= 1 - CONFIDENCE and left_out < (count - 1) // 2:
        left_out += 1
        tail += math.comb(count, left_out) * 0.5**count
    left_out = max(0, left_out - 1)
    return Interval(ordered[left_out], median(ordered), ordered[count - 1 - left_out])


@dataclass(frozen=True)
class Timing:
    """Seconds that a call with `batch` examples took in each round, and the baseline's in the same
    rounds.
    """

    batch: int
    seconds: tuple[float, ...]
    baseline: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.seconds or len(self.seconds) != len(self.baseline):
            raise ValueError(f"{len(self.seconds)} rounds beside {len(self.baseline)}")
        if min(*self.seconds, *self.baseline) <= 0:
            raise ValueError("a call that took no time was not measured")

    @property
    def milliseconds(self) -> float:
        return median(self.seconds) * 1e3

    @property
    def per_second(self) -> float:
        """Examples."""
        return self.batch / median(self.seconds)

    @property
    def speedup(self) -> Interval:
        """How many times as fast as the baseline; ratios are taken within a round."""
        ratios = [b / s for s, b in zip(self.seconds, self.baseline, strict=True)]
        return median_interval(ratios)


@dataclass(frozen=True)
class Measured:
    """A variant that was made, judged on the held-out data and timed.

    `bytes` are those of its file. `drop` is how much worse its metric is than the baseline's: the
    difference, or the relative one where lower is better. `lineage` is how it was made, a few words
    a step.
    """

    variant: str
    lineage: tuple[str, ...]
    bytes: int
    metric: float
    drop: Interval
    timings: tuple[Timing, ...]

    def at(self, batch: int) -> Timing:
        return next(timing for timing in self.timings if timing.batch == batch)


@dataclass(frozen=True)
class Failed:
    """A variant that could not be made, or was not sound, and why."""

    variant: str
    reason: str


@dataclass(frozen=True)
class Untried:
    """A variant that nothing was done about, and why."""

    variant: str
    reason: str


Outcome = Measured | Failed | Untried


@dataclass(frozen=True)
class Rival:
    """What the model is compared with beside its variants: plain PyTorch, on the same hardware.

    Without timings there is a `reason` why it could not be had.
    """

    name: str
    timings: tuple[Timing, ...]
    reason: str = ""


@dataclass(frozen=True)
class Verdict:
    """Whether a variant may take the baseline's place, and why or why not."""

    variant: str
    kept: bool
    reason: str


@dataclass(frozen=True)
class Study:
    """All variants of a model on one machine, side by side, and the one that was chosen.

    `metric` names what `drop` is of; `lower_is_better` says what a drop is. `baseline` is the ONNX
    file as it was exported, which is chosen where no variant is kept.
    """

    hardware: str
    objective: str
    metric: str
    lower_is_better: bool
    baseline: Measured
    rivals: tuple[Rival, ...]
    outcomes: tuple[Outcome, ...]
    verdicts: tuple[Verdict, ...]
    chosen: str

    @property
    def measured(self) -> tuple[Measured, ...]:
        """The baseline, and every variant that was measured."""
        return (self.baseline, *(each for each in self.outcomes if isinstance(each, Measured)))

    @property
    def choice(self) -> Measured:
        return next(each for each in self.measured if each.variant == self.chosen)

    def verdict(self, variant: str) -> Verdict:
        return next(each for each in self.verdicts if each.variant == variant)

    def fastest_rival(self, batch: int) -> Rival | None:
        """Plain PyTorch at its best."""

        def took(rival: Rival) -> float:
            return next(t.milliseconds for t in rival.timings if t.batch == batch)

        return min((rival for rival in self.rivals if rival.timings), key=took, default=None)

    def to_json(self) -> dict[str, Any]:
        kinds = {kind: name for name, kind in _KINDS.items()}
        outcomes = [{"kind": kinds[type(each)], **asdict(each)} for each in self.outcomes]
        return {**asdict(self), "outcomes": outcomes}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Study":
        """The inverse of `to_json`. Raises `KeyError`, `TypeError` or `ValueError`."""
        return cls(
            hardware=value["hardware"],
            objective=value["objective"],
            metric=value["metric"],
            lower_is_better=value["lower_is_better"],
            baseline=measured_from_json(value["baseline"]),
            rivals=tuple(
                Rival(each["name"], timings_from_json(each["timings"]), each["reason"])
                for each in value["rivals"]
            ),
            outcomes=tuple(map(_outcome, value["outcomes"])),
            verdicts=tuple(Verdict(**each) for each in value["verdicts"]),
            chosen=value["chosen"],
        )


_KINDS: Mapping[str, type[Outcome]] = {
    "measured": Measured,
    "failed": Failed,
    "untried": Untried,
}


def measured_from_json(value: Mapping[str, Any]) -> Measured:
    """The inverse of `dataclasses.asdict`."""
    return Measured(
        variant=value["variant"],
        lineage=tuple(value["lineage"]),
        bytes=value["bytes"],
        metric=value["metric"],
        drop=Interval(**value["drop"]),
        timings=timings_from_json(value["timings"]),
    )


def _outcome(value: Mapping[str, Any]) -> Outcome:
    kind = value["kind"]
    if kind == "measured":
        return measured_from_json(value)
    if kind not in _KINDS:
        raise ValueError(f"there is no outcome of the kind {kind!r}")
    return (Failed if kind == "failed" else Untried)(value["variant"], value["reason"])


def timings_from_json(values: Sequence[Mapping[str, Any]]) -> tuple[Timing, ...]:
    """The inverse of `dataclasses.asdict`."""
    return tuple(
        Timing(each["batch"], tuple(each["seconds"]), tuple(each["baseline"])) for each in values
    )
