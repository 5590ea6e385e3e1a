"""What a report shows of one model beyond its figures, as values that are drawn elsewhere.

A model folder's `exhibits.py` makes them from a `View`: what people of its field look at. What
could not be drawn raises `RecipeError` when it is built.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from slipway.dataset import SHIPPED, Data, Sources
from slipway.errors import RecipeError
from slipway.tensors import Array

Answers = Callable[[Mapping[str, Array]], Mapping[str, Array]]


@dataclass(frozen=True)
class View:
    """What exhibits are made of: the data, the packaged file's answers to the held-out inputs, the
    baseline's, a way to ask the packaged file more (inputs as clients send them), and what a user
    brought.
    """

    data: Data
    outputs: Mapping[str, Array]
    baseline: Mapping[str, Array]
    answer: Answers
    sources: Sources = SHIPPED


def _require(condition: bool, what: str, why: str) -> None:
    if not condition:
        raise RecipeError(what, why=why, mend="Correct it in exhibits.py.")


def _require_finite(values: Iterable[float], what: str) -> None:
    for value in values:
        _require(math.isfinite(value), f"{what} holds {value}", "only finite numbers can be drawn")


def _require_columns(title: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    for row in rows:
        _require(
            len(row) == len(columns),
            f"'{title}' has a row of {len(row)}",
            f"it has {len(columns)} columns: {', '.join(columns)}",
        )


@dataclass(frozen=True)
class Series:
    """A line through points, or a dot where there is only one."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]

    def __post_init__(self) -> None:
        _require(
            len(self.x) == len(self.y),
            f"The series '{self.name}' has {len(self.x)} x and {len(self.y)} y",
            "each point needs both",
        )
        _require_finite((*self.x, *self.y), f"The series '{self.name}'")

    @classmethod
    def of(cls, name: str, x: Array, y: Array) -> "Series":
        """From two arrays of one dimension."""
        return cls(name, tuple(map(float, x)), tuple(map(float, y)))


@dataclass(frozen=True)
class Lines:
    """Curves over one axis; `levels` are named horizontal lines, `marks` named vertical ones."""

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    levels: tuple[tuple[str, float], ...] = ()
    marks: tuple[tuple[str, float], ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        _require_finite(
            (value for _, value in (*self.levels, *self.marks)), f"A line of '{self.title}'"
        )


@dataclass(frozen=True)
class Bars:
    """Named values, drawn in the order given."""

    title: str
    x_label: str
    rows: tuple[tuple[str, float], ...]
    note: str = ""

    def __post_init__(self) -> None:
        _require_finite((value for _, value in self.rows), f"A bar of '{self.title}'")


@dataclass(frozen=True)
class Picture:
    """A grey image: rows of values from 0 (black) to 255; `outline` marks pixels to be coloured."""

    pixels: tuple[tuple[int, ...], ...]
    outline: tuple[tuple[bool, ...], ...] = ()

    def __post_init__(self) -> None:
        widths = [len(row) for row in self.pixels]
        _require(
            bool(widths) and widths[0] > 0 and len(set(widths)) == 1,
            f"A picture has rows of {sorted(set(widths))} pixels",
            "all have the same width",
        )
        _require(
            not self.outline or [len(row) for row in self.outline] == widths,
            f"An outline does not fit its picture of {len(widths)} x {widths[0]} pixels",
            "both have the same shape",
        )
        low, high = min(map(min, self.pixels)), max(map(max, self.pixels))
        _require(
            low >= 0 and high <= 255, f"A picture holds {low} to {high}", "grey goes from 0 to 255"
        )

    @classmethod
    def of(cls, image: Array, outline: Array | None = None) -> "Picture":
        """From an array (height, width) whose own range becomes black to white."""
        low, high = float(image.min()), float(image.max())
        grey = (image - low) * (255.0 / (high - low or 1.0))
        return cls(
            tuple(tuple(int(value) for value in row) for row in grey.round()),
            () if outline is None else tuple(tuple(map(bool, row)) for row in outline),
        )


@dataclass(frozen=True)
class Pictures:
    """A grid of images: `rows` of one picture for each of `columns`. `names` are those of the rows,
    where they have any.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Picture, ...], ...]
    note: str = ""
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_columns(self.title, self.columns, self.rows)
        _require(
            len(self.names) in {0, len(self.rows)},
            f"'{self.title}' has {len(self.names)} names for {len(self.rows)} rows",
            "each row has one, or none has",
        )


@dataclass(frozen=True)
class Passages:
    """Text beside text: what was given and what came of it; `columns` names both or more."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        _require_columns(self.title, self.columns, self.rows)


Exhibit = Lines | Bars | Pictures | Passages

_KINDS: Mapping[str, type[Exhibit]] = {
    kind.__name__.lower(): kind for kind in (Lines, Bars, Pictures, Passages)
}


def to_json(exhibit: Exhibit) -> dict[str, Any]:
    """Values JSON has; a row of a picture is a string, so that its file stays short."""
    kind = type(exhibit).__name__.lower()
    if isinstance(exhibit, Pictures):
        rows = [[_strings(picture) for picture in row] for row in exhibit.rows]
        return {"kind": kind, **_plain(vars(exhibit)), "rows": rows}
    return {"kind": kind, **_plain(asdict(exhibit))}


def from_json(value: Mapping[str, Any]) -> Exhibit:
    """The inverse of `to_json`, also after JSON made lists of tuples."""
    fields = {name: _tuples(field) for name, field in value.items() if name != "kind"}
    kind = _KINDS[value["kind"]]
    if kind is Lines:
        fields["series"] = tuple(Series(**series) for series in fields["series"])
    if kind is Pictures:
        fields["rows"] = tuple(tuple(map(_picture, row)) for row in fields["rows"])
    return kind(**fields)


def _strings(picture: Picture) -> dict[str, list[str]]:
    """Two hexadecimal digits a pixel; `#` where the outline is, `.` elsewhere."""
    return {
        "pixels": [bytes(row).hex() for row in picture.pixels],
        "outline": ["".join("#" if marked else "." for marked in row) for row in picture.outline],
    }


def _picture(strings: Mapping[str, tuple[str, ...]]) -> Picture:
    return Picture(
        tuple(tuple(bytes.fromhex(row)) for row in strings["pixels"]),
        tuple(tuple(mark == "#" for mark in row) for row in strings["outline"]),
    )


def _plain(value: Any) -> Any:
    """What JSON can write: numbers of numpy become those of Python."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value


def _tuples(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_tuples(each) for each in value)
    if isinstance(value, dict):
        return {name: _tuples(each) for name, each in value.items()}
    return value
