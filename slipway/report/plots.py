"""Figures as SVG to be placed inside a page, whose CSS gives them their colours and their font.

matplotlib draws with placeholder colours; afterwards each is replaced by a CSS variable of the
page, so one figure fits light, dark and print. Equal values give equal text.
"""

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from slipway.report.wording import milliseconds
from slipway.results import LoadPoint

MAX_CLASSES = 24
"""Above it the cells of a confusion matrix are too small to be read."""

INK, GRID, PAPER = "#010101", "#010102", "#010103"
ACCENT, ON_ACCENT = "#010104", "#010105"
QUEUE, COMPUTE, TRANSPORT = "#010106", "#010107", "#010108"
_VARIABLES = {
    INK: "currentColor",
    GRID: "var(--line)",
    PAPER: "var(--card)",
    ACCENT: "var(--accent)",
    ON_ACCENT: "var(--on-accent)",
    QUEUE: "var(--queue)",
    COMPUTE: "var(--compute)",
    TRANSPORT: "var(--transport)",
}
_POINTS_PER_PIXEL = 0.75
_SETTINGS: dict[Any, Any] = {  # Any: matplotlib types its 300 keys as one Literal
    "svg.fonttype": "none",
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "font.size": 13 * _POINTS_PER_PIXEL,
    "axes.labelsize": 13 * _POINTS_PER_PIXEL,
    "xtick.labelsize": 12 * _POINTS_PER_PIXEL,
    "ytick.labelsize": 12 * _POINTS_PER_PIXEL,
    "legend.fontsize": 12 * _POINTS_PER_PIXEL,
    "legend.frameon": False,
}


def confusion(counts: Sequence[Sequence[int]], labels: Sequence[str], *, name: str) -> str:
    """A heat map of `counts[true][predicted]`, shaded by the share of the true class.

    `name` is unique among the figures of a page: it keeps their inner references apart.
    """
    classes = len(counts)
    wide = max(map(len, labels)) > 3
    with _settings():
        figure, axes = _canvas(380, 360)
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
                    fontsize=(12 if classes <= 12 else 8) * _POINTS_PER_PIXEL,
                )
        shown = [_printable(label) for label in labels]
        axes.set_xticks(range(classes), shown, rotation=60 if wide else 0)
        axes.set_yticks(range(classes), shown)
        axes.tick_params(length=0)
        axes.set(xlim=(-0.5, classes - 0.5), ylim=(classes - 0.5, -0.5), aspect="equal")
        axes.set(xlabel="predicted", ylabel="true")
        axes.spines[:].set_visible(False)
        right, total = sum(row[i] for i, row in enumerate(counts)), sum(map(sum, counts))
        return _svg(
            figure,
            name,
            f"Confusion matrix of {classes} classes: {right} of {total} on the diagonal",
        )


def latency(points: Sequence[LoadPoint], *, name: str) -> str:
    """p50 and p99 against throughput, one pair of dots a concurrency; hollow where unstable."""
    points = sorted(points, key=lambda point: point.concurrency)
    rates = [point.throughput for point in points]
    with _settings():
        figure, axes = _canvas(380, 300)
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
        _frame(axes, grid="both")
        axes.legend(loc="upper left", handlelength=1.2)
        return _svg(figure, name, "Latency against throughput")


def time_split(points: Sequence[LoadPoint], *, name: str) -> str:
    """Mean time per request at each concurrency: queue, compute and transport end to end. Empty
    where the server told nothing of them.
    """
    points = sorted(points, key=lambda point: point.concurrency)
    if any(point.queue_ms is None for point in points):
        return ""
    rows = range(len(points))
    with _settings():
        figure, axes = _canvas(380, 90 + 46 * len(points))
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
        _frame(axes, grid="x")
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(-0.02, 1.0),
            ncols=3,
            handlelength=0.9,
            handleheight=0.9,
            columnspacing=1.2,
        )
        return _svg(figure, name, "Mean time per request, split")


@contextmanager
def _settings() -> Iterator[None]:
    """Our settings on matplotlib's defaults, whatever the user's own file says; undone after."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def _canvas(width: int, height: int) -> tuple[Figure, Axes]:
    """A figure of so many CSS pixels, without pyplot and its global state."""
    figure = Figure(figsize=(width / 96, height / 96), layout="constrained")
    FigureCanvasSVG(figure)
    return figure, figure.add_subplot()


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


def _frame(axes: Axes, *, grid: Literal["both", "x"]) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=0)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.grid(axis=grid)
    axes.set_axisbelow(True)


def _printable(text: str) -> str:
    """XML has no place for control characters."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _svg(figure: Figure, name: str, label: str) -> str:
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}), warnings.catch_warnings():
        # Only the layout is measured with matplotlib's own font; the page brings the glyphs.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(
            buffer,
            format="svg",
            transparent=True,
            metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")),
        )
    return _inline(buffer.getvalue(), label)


def _inline(document: str, label: str) -> str:
    """Turn matplotlib's file into an element of a page: no prologue, no ids but referenced ones."""
    root = ET.fromstring(document)  # noqa: S314  # matplotlib's own output
    referenced = set(re.findall(r'(?:href="|url\()#([^")]+)', document))
    for parent in list(root.iter()):
        for child in list(parent):
            # Its rule for `*` would reach beyond the figure, into the page.
            if child.tag.endswith(("}metadata", "}style")):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.tail = None
        if not (element.text or "").strip():
            element.text = None
        for key in list(element.attrib):
            value = element.attrib.pop(key)
            plain = key.rpartition("}")[2]
            if value.startswith("rotate(-0 ") or (plain == "id" and value not in referenced):
                continue
            element.set(plain, _themed(value) if plain == "style" else _rounded(value))
    for unwanted in ("width", "height", "version"):
        root.attrib.pop(unwanted, None)
    root.set("role", "img")
    root.set("aria-label", label)
    return ET.tostring(root, encoding="unicode")


def _rounded(value: str) -> str:
    """Coordinates to a hundredth of a unit: half the size, and nobody sees it."""
    return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", value).replace(
        "  ", " "
    )


def _themed(style: str) -> str:
    style = re.sub(r"font: ([\d.]+px)[^;]*", r"font-size: \1", style)
    style = re.sub(r"font-family: [^;]*;?", "", style)
    for placeholder, variable in _VARIABLES.items():
        style = style.replace(placeholder, variable)
    return style
