"""Which variant is served: a pure function of what was measured and what is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from slipway.recipe import Metric, Optimisation
from slipway.variants import (
    Failed,
    Interval,
    Measured,
    Outcome,
    Timing,
    Untried,
    Verdict,
    bounds,
    points,
)


@dataclass(frozen=True)
class Demands:
    """What a variant must be, from a recipe. `objective` is one of `variants.OBJECTIVES`."""

    objective: str
    optimisation: Optimisation
    metric: Metric
    lower_is_better: bool


@dataclass(frozen=True)
class Choice:
    """The variant that is served, the baseline where none is kept, and a verdict for each."""

    chosen: str
    verdicts: tuple[Verdict, ...]


def choose(baseline: Measured, outcomes: Sequence[Outcome], demands: Demands) -> Choice:
    """Judge each variant by itself; of those that are kept the one that gains most is chosen."""
    verdicts = tuple(judge(outcome, baseline, demands) for outcome in outcomes)
    kept = [
        outcome
        for outcome, verdict in zip(outcomes, verdicts, strict=True)
        if verdict.kept and isinstance(outcome, Measured)
    ]
    best = max(kept, key=lambda each: gain(each, baseline, demands.objective).middle, default=None)
    return Choice((best or baseline).variant, verdicts)


def judge(outcome: Outcome, baseline: Measured, demands: Demands) -> Verdict:
    """Whether a variant may take the baseline's place, and the first reason why not."""
    if isinstance(outcome, Failed | Untried):
        return Verdict(outcome.variant, kept=False, reason=outcome.reason)
    objection = (
        _too_inaccurate(outcome, demands)
        or _slower(outcome)
        or _no_better(outcome, baseline, demands)
    )
    if objection:
        return Verdict(outcome.variant, kept=False, reason=objection)
    return Verdict(outcome.variant, kept=True, reason=_gained(outcome, baseline, demands.objective))


def gain(measured: Measured, baseline: Measured, objective: str) -> Interval:
    """By what factor a variant is better than the baseline in what matters.

    Costs go with throughput: the same machines are paid for by the hour.
    """
    if objective == "size":
        ratio = baseline.bytes / measured.bytes
        return Interval(ratio, ratio, ratio)
    return decisive(measured, objective).speedup


def decisive(measured: Measured, objective: str) -> Timing:
    """The timing that an objective looks at: the smallest batch for latency, else the largest."""
    ordered = sorted(measured.timings, key=lambda timing: timing.batch)
    return ordered[0] if objective == "latency" else ordered[-1]


def _too_inaccurate(measured: Measured, demands: Demands) -> str:
    name, metric, drop = demands.metric.name, measured.metric, measured.drop
    lower = demands.lower_is_better
    reached = metric <= demands.metric.floor if lower else metric >= demands.metric.floor
    if not reached:
        limit = "at most" if lower else "at least"
        return f"{name} {metric:.4f}, the recipe asks for {limit} {demands.metric.floor:g}"
    tolerance = demands.optimisation.tolerance
    worst = drop.high if demands.optimisation.certain else drop.middle
    if worst <= tolerance:
        return ""
    lost, allowed = (points(value, lower_is_better=lower) for value in (worst, tolerance))
    may_be = "may be" if demands.optimisation.certain else "is"
    return f"{name} {may_be} {lost} worse ({bounds(drop)}), {allowed} allowed"


def _slower(measured: Measured) -> str:
    for timing in measured.timings:
        if timing.speedup.high < 1:
            return f"slower at batch {timing.batch}: {timing.speedup.factor}"
    return ""


def _no_better(measured: Measured, baseline: Measured, demands: Demands) -> str:
    gained = gain(measured, baseline, demands.objective)
    threshold = demands.optimisation.threshold
    if gained.low >= threshold:
        return ""
    if demands.objective == "size":
        return f"{gained.middle:.2f}x smaller, {threshold:g}x asked for"
    batch = decisive(measured, demands.objective).batch
    return f"not surely faster at batch {batch}: {gained.factor}, {threshold:g}x asked for"


def _gained(measured: Measured, baseline: Measured, objective: str) -> str:
    gained = gain(measured, baseline, objective)
    if objective == "size":
        return f"{gained.middle:.2f}x smaller"
    return f"{gained.factor} at batch {decisive(measured, objective).batch}"
