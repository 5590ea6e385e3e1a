"""Lines and bars of a model's exhibits, and the key that tells the lines apart."""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from slipway.exhibits import Bars, Lines, Series
from slipway.report import svg
from slipway.report.signs import Sign, signs_of
from slipway.report.svg import INK, POINTS, SERIES, VARIABLES
from slipway.report.wording import alike, figure

WIDTH, HEIGHT = 420, 270
"""CSS pixels at which the letters of a figure are as large as those beside it."""

ROW = 16
"""Of names above the frame."""

_PLOT_WIDTH = WIDTH - 60
_FEW = 12
"""Up to so many points, each is shown as a dot."""


@dataclass(frozen=True)
class Stroke:
    """How a line looks: its colour, its width in pixels, and its dashes in widths (none: solid)."""

    colour: str
    width: float
    dashes: tuple[float, ...] = ()

    @property
    def style(self) -> str | tuple[int, tuple[float, ...]]:
        """As matplotlib calls it."""
        return (0, self.dashes) if self.dashes else "-"

    @property
    def css(self) -> str:
        """The colour, for the page."""
        return VARIABLES[self.colour]

    @property
    def pixels(self) -> str:
        """The dashes, for the page."""
        return " ".join(f"{self.width * dash:.4g}" for dash in self.dashes)


@dataclass(frozen=True)
class Key:
    """What a line is called. `dot`: it is a single point."""

    name: str
    stroke: Stroke
    dot: bool = False


_DASHES = ((), (4.0, 1.6), (1.2, 1.2), (6.0, 1.6, 1.2, 1.6))
_LEVELS = ((5.0, 3.0), (1.5, 2.5), (8.0, 2.5, 1.5, 2.5))


def series_stroke(number: int) -> Stroke:
    """Colour and dashes together tell twelve lines apart, and dashes alone those that follow one
    another: no line is known by its colour only.
    """
    return Stroke(SERIES[number % len(SERIES)], 2.4, _DASHES[number % len(_DASHES)])


def level_stroke(number: int) -> Stroke:
    return Stroke(INK, 1.2, _LEVELS[number % len(_LEVELS)])


def lines(exhibit: Lines, *, name: str) -> str:
    """Curves, levels across, and marks whose names stand above the frame; '' without a point.

    `name` is unique among the figures of a page.
    """
    xs = [x for series in exhibit.series for x in series.x]
    if not xs:
        return ""
    low, high = _limits([*xs, *(x for _, x in exhibit.marks)])
    signs = signs_of(
        [(svg.printable(n), (x - low) / (high - low) * _PLOT_WIDTH) for n, x in exhibit.marks],
        _PLOT_WIDTH,
    )
    rows = max((sign.row + 1 for sign in signs), default=0)
    with svg.settings():
        drawing, axes = svg.canvas(WIDTH, HEIGHT + ROW * rows)
        for number, series in enumerate(exhibit.series):
            _draw_series(axes, series, series_stroke(number))
        for number, (_, y) in enumerate(exhibit.levels):
            stroke = level_stroke(number)
            axes.axhline(
                y, color=stroke.colour, linewidth=stroke.width * POINTS, linestyle=stroke.style
            )
        for sign, (_, x) in zip(signs, exhibit.marks, strict=True):
            _draw_mark(axes, sign, x)
        axes.set_xlim(low, high)
        axes.set(xlabel=svg.printable(exhibit.x_label), ylabel=svg.printable(exhibit.y_label))
        svg.frame(axes, grid="both", whole=all(float(x).is_integer() for x in xs))
        return svg.drawn(
            drawing, name, f"{exhibit.title}: {exhibit.y_label} against {exhibit.x_label}"
        )


def keys(exhibit: Lines) -> tuple[Key, ...]:
    """A key for each series and each level; none for a single line, which needs no telling."""
    series = [
        Key(series.name, series_stroke(number), dot=len(series.x) == 1)
        for number, series in enumerate(exhibit.series)
    ]
    levels = [
        Key(f"{name} ({figure(value)})", level_stroke(number))
        for number, (name, value) in enumerate(exhibit.levels)
    ]
    return (*series, *levels) if len(series) + len(levels) > 1 else ()


def bars(exhibit: Bars, *, name: str) -> str:
    """A horizontal bar a row, with its value at the end; '' without a row.

    `name` is unique among the figures of a page.
    """
    if not exhibit.rows:
        return ""
    labels = [_wrapped(label) for label, _ in exhibit.rows]
    values = [value for _, value in exhibit.rows]
    centres, height = _rows([label.count("\n") + 1 for label in labels])
    with svg.settings():
        drawing, axes = svg.canvas(WIDTH, height + 56)
        axes.barh(centres, values, height=16, color=SERIES[0])
        for centre, value, text in zip(centres, values, alike(values), strict=True):
            axes.annotate(
                text,
                (value, centre),
                xytext=(-4 if value < 0 else 4, 0),
                textcoords="offset points",
                ha="right" if value < 0 else "left",
                va="center_baseline",
            )
        if min(values) < 0:
            axes.axvline(0, color=INK, linewidth=0.8)
        axes.set_yticks(centres, labels, multialignment="right")
        axes.set_ylim(height, 0)
        axes.set_xlim(*_with_room_for_values(values))
        axes.set_xlabel(svg.printable(exhibit.x_label))
        svg.frame(axes, grid="x")
        axes.spines["left"].set_visible(min(values) >= 0)
        axes.tick_params(axis="y", pad=6)
        return svg.drawn(drawing, name, f"{exhibit.title}: {exhibit.x_label} of {len(values)} bars")


def _draw_series(axes: Axes, series: Series, stroke: Stroke) -> None:
    axes.plot(
        series.x,
        series.y,
        color=stroke.colour,
        linewidth=stroke.width * POINTS,
        linestyle=stroke.style,
        marker="o" if len(series.x) <= _FEW else "",
        markersize=(10 if len(series.x) == 1 else 6) * POINTS,
        zorder=2.5,
    )


def _draw_mark(axes: Axes, sign: Sign, x: float) -> None:
    height = (5 + ROW * sign.row) * POINTS
    place: dict[str, Any] = {
        "xy": (x, 1),
        "xycoords": ("data", "axes fraction"),
        "textcoords": "offset points",
    }
    axes.axvline(x, color=INK, linewidth=0.9, linestyle=(0, (2, 2)))
    line = {"arrowstyle": "-", "color": INK, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xytext=(0, height + 10 * POINTS), arrowprops=line, **place)
    axes.annotate(
        sign.text,
        xytext=(-3 if sign.before else 3, height),
        ha="right" if sign.before else "left",
        fontsize=12 * POINTS,
        **place,
    )


def _limits(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = (high - low) * 0.04 or 0.5
    return low - margin, high + margin


def _with_room_for_values(values: Iterable[float]) -> tuple[float, float]:
    """From zero on, with a quarter more on each side where values are written."""
    low, high = min(0.0, *values), max(0.0, *values)
    room = (high - low) * 0.25 or 1.0
    return (low - room if low < 0 else low), (high + room if high > 0 or low == 0 else high)


def _rows(heights: Sequence[int]) -> tuple[list[float], float]:
    """Where the rows of labels of so many lines have their middle, and where they all end."""
    centres, end = [], 4.0
    for lines_of_label in heights:
        height = 12 + 15 * lines_of_label
        centres.append(end + height / 2)
        end += height
    return centres, end + 4


def _wrapped(label: str) -> str:
    return "\n".join(textwrap.wrap(svg.printable(label), 24)) or " "
