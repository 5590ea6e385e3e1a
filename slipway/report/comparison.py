"""The variants of a model in the report: a picture of accuracy against latency, and a table."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from slipway.report import svg
from slipway.report.svg import ACCENT, COMPUTE, INK, PAPER, POINTS
from slipway.report.wording import milliseconds, score, size, words
from slipway.variants import Failed, Measured, Rival, Study, Untried, bounds, points

WIDTH, HEIGHT = 420, 290
MARGIN = 0.12
"""Of the range, on each side, so that names have room."""


@dataclass(frozen=True)
class Line:
    """One system in the table; `number` is that of its dot.

    `speeds` are for each batch size, empty where none was measured.
    """

    name: str
    state: str
    size: str = ""
    metric: str = ""
    worse: str = ""
    speeds: tuple[str, ...] = ()
    reason: str = ""
    made: str = ""
    number: int | None = None


@dataclass(frozen=True)
class Comparison:
    """Ready to be laid out. `state` of a line is rival, baseline, chosen, kept or dropped."""

    study: Study
    batches: tuple[int, ...]
    lines: tuple[Line, ...]
    picture: Markup


def comparison(study: Study, *, name: str) -> Comparison:
    """`name` is unique among the figures of a page."""
    batches = tuple(timing.batch for timing in study.baseline.timings)
    return Comparison(study, batches, tuple(_lines(study)), svg.element(picture(study, name=name)))


def latencies(study: Study) -> list[float]:
    """Milliseconds at the smallest batch: the baseline's, divided by what each gains. Rounds of
    another hour, in which all systems were slower, would not be comparable.
    """
    baseline = study.baseline.timings[0].milliseconds
    return [baseline / each.timings[0].speedup.middle for each in study.measured]


def picture(study: Study, *, name: str) -> str:
    """A numbered dot a variant: filled where it was kept, larger where it was chosen.

    Latency is that of the smallest batch. Left and high is best.
    """
    times = latencies(study)
    metrics = [each.metric for each in study.measured]
    low, high = min(metrics), max(metrics)
    room = MARGIN * (high - low) or 0.01
    with svg.settings():
        figure, axes = svg.canvas(WIDTH, HEIGHT)
        for number, (each, time) in enumerate(zip(study.measured, times, strict=True), start=1):
            kept = each is study.baseline or study.verdict(each.variant).kept
            chosen = each.variant == study.chosen
            colour = ACCENT if chosen else COMPUTE
            axes.plot(
                time,
                each.metric,
                "o",
                color=colour,
                markerfacecolor=colour if kept else PAPER,
                markersize=(13 if chosen else 9) * POINTS,
            )
            axes.annotate(
                str(number),
                (time, each.metric),
                xytext=(6, 5 if number % 2 else -12),
                textcoords="offset points",
                fontsize=12 * POINTS,
                color=INK,
            )
        batch = study.baseline.timings[0].batch
        axes.set(xlabel=f"ms at batch {batch}", ylabel=words(study.metric))
        axes.set_xlim(0, max(times) * (1 + MARGIN))
        axes.set_ylim(low - room, high + room)
        svg.frame(axes, grid="both")
        return svg.drawn(
            figure, name, f"{words(study.metric)} against latency of {len(times)} variants"
        )


def _lines(study: Study) -> Iterator[Line]:
    for rival in study.rivals:
        yield Line(rival.name, "rival", speeds=_speeds(rival), reason=rival.reason)
    yield Line(
        study.baseline.variant,
        "chosen" if study.chosen == study.baseline.variant else "baseline",
        size(study.baseline.bytes),
        score(study.baseline.metric),
        speeds=tuple(f"{milliseconds(t.milliseconds)} ms" for t in study.baseline.timings),
        made=", ".join(study.baseline.lineage),
        number=1,
    )
    numbers = itertools.count(2)
    for outcome, verdict in zip(study.outcomes, study.verdicts, strict=True):
        state = "kept" if verdict.kept else "dropped"
        if outcome.variant == study.chosen:
            state = "chosen"
        if isinstance(outcome, Failed | Untried):
            yield Line(outcome.variant, state, reason=verdict.reason)
            continue
        drop = outcome.drop
        yield Line(
            outcome.variant,
            state,
            size(outcome.bytes),
            score(outcome.metric),
            f"{points(drop.middle, lower_is_better=study.lower_is_better)} ({bounds(drop)})",
            _speeds(outcome),
            verdict.reason,
            ", ".join(outcome.lineage),
            next(numbers),
        )


def _speeds(system: Measured | Rival) -> tuple[str, ...]:
    return tuple(timing.speedup.factor for timing in system.timings)
