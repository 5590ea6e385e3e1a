"""Figures of what was measured: a matrix of confusions, and how fast a model is served."""

from collections.abc import Sequence

from matplotlib.patches import Rectangle

from slipway.report import svg
from slipway.report.svg import (
    ACCENT,
    COMPUTE,
    INK,
    ON_ACCENT,
    PAPER,
    POINTS,
    QUEUE,
    TRANSPORT,
)
from slipway.report.wording import milliseconds
from slipway.results import LoadPoint

MAX_CLASSES = 24
"""Above it the cells of a confusion matrix are too small to be read."""


def confusion(counts: Sequence[Sequence[int]], labels: Sequence[str], *, name: str) -> str:
    """A heat map of `counts[true][predicted]`, shaded by the share of the true class.

    `name` is unique among the figures of a page: it keeps their inner references apart.
    """
    classes = len(counts)
    wide = max(map(len, labels)) > 3
    with svg.settings():
        figure, axes = svg.canvas(380, 360)
        for true, row in enumerate(counts):
            for predicted, number in enumerate(row):
                share = number / max(sum(row), 1)
                axes.add_patch(_cell(predicted, true, share))
                axes.text(
                    predicted,
                    true,
                    str(number) if number else "·",
                    ha="center",
                    va="center_baseline",
                    alpha=1 if number else 0.45,
                    color=ON_ACCENT if share > 0.72 else INK,
                    fontsize=(12 if classes <= 12 else 8) * POINTS,
                )
        shown = [svg.printable(label) for label in labels]
        axes.set_xticks(range(classes), shown, rotation=60 if wide else 0)
        axes.set_yticks(range(classes), shown)
        axes.tick_params(length=0)
        axes.set(xlim=(-0.5, classes - 0.5), ylim=(classes - 0.5, -0.5), aspect="equal")
        axes.set(xlabel="predicted", ylabel="true")
        axes.spines[:].set_visible(False)
        right, total = sum(row[i] for i, row in enumerate(counts)), sum(map(sum, counts))
        return svg.drawn(
            figure,
            name,
            f"Confusion matrix of {classes} classes: {right} of {total} on the diagonal",
        )


def latency(points: Sequence[LoadPoint], *, name: str) -> str:
    """p50 and p99 against throughput, one pair of dots a concurrency; hollow where unstable."""
    points = sorted(points, key=lambda point: point.concurrency)
    rates = [point.throughput for point in points]
    with svg.settings():
        figure, axes = svg.canvas(380, 300)
        for label, values, colour in (
            ("p99", [point.p99_ms for point in points], QUEUE),
            ("p50", [point.p50_ms for point in points], COMPUTE),
        ):
            axes.plot(rates, values, color=colour, linewidth=1.8, label=label, zorder=2)
            for point, value in zip(points, values, strict=True):
                fill = colour if point.stable else PAPER
                axes.plot(
                    point.throughput, value, "o", color=colour, markerfacecolor=fill, markersize=6
                )
        for point in points:
            axes.annotate(
                str(point.concurrency),
                (point.throughput, point.p99_ms),
                xytext=(-5, 4),
                textcoords="offset points",
                ha="right",
            )
        axes.set_xlim(0, max(rates, default=0) * 1.1 or 1)
        axes.set_ylim(0, max((point.p99_ms for point in points), default=0) * 1.18 or 1)
        axes.set(xlabel="throughput, requests per second", ylabel="latency, ms")
        svg.frame(axes, grid="both")
        axes.legend(loc="upper left", handlelength=1.2)
        return svg.drawn(figure, name, "Latency against throughput")


def time_split(points: Sequence[LoadPoint], *, name: str) -> str:
    """Mean time per request at each concurrency: queue, compute and transport end to end. Empty
    where the server told nothing of them.
    """
    points = sorted(points, key=lambda point: point.concurrency)
    if any(point.queue_ms is None for point in points):
        return ""
    rows = range(len(points))
    with svg.settings():
        figure, axes = svg.canvas(380, 90 + 46 * len(points))
        ends = [0.0] * len(points)
        for label, values, colour in (
            ("queue", [point.queue_ms for point in points], QUEUE),
            ("compute", [point.compute_ms for point in points], COMPUTE),
            ("transport", [point.transport_ms for point in points], TRANSPORT),
        ):
            # The three come from two clocks, so a rest near zero can be slightly negative.
            widths = [max(value or 0.0, 0.0) for value in values]
            axes.barh(rows, widths, left=ends, height=0.56, color=colour, label=label)
            ends = [end + width for end, width in zip(ends, widths, strict=True)]
        for row, end in zip(rows, ends, strict=True):
            axes.annotate(
                f"{milliseconds(end)} ms",
                (end, row),
                xytext=(5, 0),
                textcoords="offset points",
                va="center_baseline",
            )
        axes.set_yticks(rows, [str(point.concurrency) for point in points])
        axes.set_ylim(len(points) - 0.45, -0.55)
        axes.set_xlim(0, max(ends, default=0) * 1.22 or 1)
        axes.set(xlabel="mean time per request, ms", ylabel="concurrency")
        svg.frame(axes, grid="x")
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(-0.02, 1.0),
            ncols=3,
            handlelength=0.9,
            handleheight=0.9,
            columnspacing=1.2,
        )
        return svg.drawn(figure, name, "Mean time per request, split")


def _cell(column: int, row: int, share: float) -> Rectangle:
    return Rectangle(
        (column - 0.48, row - 0.48),
        0.96,
        0.96,
        facecolor=ACCENT,
        alpha=0.05 + 0.95 * share,
        linewidth=0,
        clip_on=False,
    )
