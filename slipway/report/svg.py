"""SVG to be placed inside a page, whose CSS gives it its colours and its font.

matplotlib draws with placeholder colours; afterwards each is replaced by a CSS variable of the
page, so one figure fits light, dark and print. Equal values give equal text.
"""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from xml.etree import ElementTree as ET

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

INK, GRID, PAPER = "#010101", "#010102", "#010103"
ACCENT, ON_ACCENT = "#010104", "#010105"
QUEUE, COMPUTE, TRANSPORT = "#010106", "#010107", "#010108"
SERIES = tuple(f"#0102{number:02}" for number in range(1, 7))
VARIABLES = {
    INK: "currentColor",
    GRID: "var(--line)",
    PAPER: "var(--card)",
    ACCENT: "var(--accent)",
    ON_ACCENT: "var(--on-accent)",
    QUEUE: "var(--queue)",
    COMPUTE: "var(--compute)",
    TRANSPORT: "var(--transport)",
    **{colour: f"var(--series-{number})" for number, colour in enumerate(SERIES, start=1)},
}
POINTS = 0.75
"""matplotlib's points in a CSS pixel."""

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
    "font.size": 13 * POINTS,
    "axes.labelsize": 13 * POINTS,
    "xtick.labelsize": 12 * POINTS,
    "ytick.labelsize": 12 * POINTS,
    "legend.fontsize": 12 * POINTS,
    "legend.frameon": False,
}


@contextmanager
def settings() -> Iterator[None]:
    """Our settings on matplotlib's defaults, whatever the user's own file says; undone after."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure of so many CSS pixels, without pyplot and its global state."""
    figure = Figure(figsize=(width / 96, height / 96), layout="constrained")
    FigureCanvasSVG(figure)
    return figure, figure.add_subplot()


def frame(axes: Axes, *, grid: Literal["both", "x"], whole: bool = False) -> None:
    """Two spines, few ticks and a grid; `whole`: the x axis counts, so it has no fractions."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=0)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=whole))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.grid(axis=grid)
    axes.set_axisbelow(True)


def printable(text: str) -> str:
    """XML has no place for control characters."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def drawn(figure: Figure, name: str, label: str) -> str:
    """The SVG element. `name` is unique among the figures of a page: it keeps their inner
    references apart. `label` says to those who do not see it what it shows.
    """
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


def element(drawing: str) -> Markup:
    """What `drawn` gave, for a template that escapes everything else."""
    return Markup(drawing)  # noqa: S704  # serialised by ElementTree, which escapes every label


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
    root.set("aria-label", printable(label))
    return ET.tostring(root, encoding="unicode")


def _rounded(value: str) -> str:
    """Coordinates to a hundredth of a unit: half the size, and nobody sees it."""
    return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", value).replace(
        "  ", " "
    )


def _themed(style: str) -> str:
    style = re.sub(r"font: ([\d.]+px)[^;]*", r"font-size: \1", style)
    style = re.sub(r"font-family: [^;]*;?", "", style)
    for placeholder, variable in VARIABLES.items():
        style = style.replace(placeholder, variable)
    return style
