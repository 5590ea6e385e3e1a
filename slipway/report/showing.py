"""Exhibits made ready for the page: charts drawn, pictures turned into images."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from slipway.exhibits import Bars, Exhibit, Lines, Passages, Pictures
from slipway.report import charts
from slipway.report.pictures import data_uri
from slipway.report.svg import element


@dataclass(frozen=True)
class Chart:
    """Lines or bars: the figure, empty where there was nothing to draw, and its key."""

    exhibit: Lines | Bars
    drawing: Markup
    keys: tuple[charts.Key, ...] = ()


@dataclass(frozen=True)
class Image:
    """`uri` holds the image itself; `alternative` is read where it is not seen."""

    uri: str
    alternative: str


@dataclass(frozen=True)
class Album:
    """Pictures in rows, each row with a name or ''."""

    exhibit: Pictures
    rows: tuple[tuple[str, tuple[Image, ...]], ...]


@dataclass(frozen=True)
class Readings:
    """Passages, which the page sets as they are."""

    exhibit: Passages


Shown = Chart | Album | Readings


@dataclass(frozen=True)
class Group:
    """Neighbours that are laid out alike: `kind` is chart, album or readings."""

    kind: str
    shown: tuple[Shown, ...]


def groups(exhibits: Sequence[Exhibit], *, name: str) -> tuple[Group, ...]:
    """The exhibits in their order. `name` is unique on the page."""
    shown = [_shown(exhibit, f"{name}-{n}") for n, exhibit in enumerate(exhibits, start=1)]
    return tuple(
        Group(kind.__name__.lower(), tuple(same))
        for kind, same in itertools.groupby(shown, key=type)
    )


def _shown(exhibit: Exhibit, name: str) -> Shown:
    match exhibit:
        case Lines():
            return Chart(exhibit, element(charts.lines(exhibit, name=name)), charts.keys(exhibit))
        case Bars():
            return Chart(exhibit, element(charts.bars(exhibit, name=name)))
        case Pictures():
            return Album(exhibit, tuple(_rows(exhibit)))
        case Passages():
            return Readings(exhibit)


def _rows(exhibit: Pictures) -> Iterator[tuple[str, tuple[Image, ...]]]:
    names = exhibit.names or [""] * len(exhibit.rows)
    for number, (name, row) in enumerate(zip(names, exhibit.rows, strict=True), start=1):
        yield (
            name,
            tuple(
                Image(data_uri(picture), f"{column}, {name or f'row {number}'}")
                for column, picture in zip(exhibit.columns, row, strict=True)
            ),
        )
