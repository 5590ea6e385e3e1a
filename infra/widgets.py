"""The widgets of a CloudWatch dashboard, as values, and their places on its grid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.metrics import Metric, Published

COLUMNS = 24
_HEIGHT = 6


@dataclass(frozen=True)
class Widget:
    """`kind` and `properties` are CloudWatch's; `height` in units of the grid. Width and region
    follow from where it is put.
    """

    kind: str
    properties: Mapping[str, Any]
    height: int = _HEIGHT


@dataclass(frozen=True)
class Row:
    """Widgets side by side, under a heading."""

    title: str
    widgets: tuple[Widget, ...]


@dataclass(frozen=True)
class Line:
    """One line of a graph: a metric, or an expression over those lines that have an `id`."""

    label: str
    metric: Metric | None = None
    stat: str = ""
    expression: str = ""
    id: str = ""
    hidden: bool = False

    def written(self) -> list[Any]:
        """As CloudWatch reads it."""
        shown: dict[str, Any] = {"label": self.label, "visible": not self.hidden}
        if self.id:
            shown["id"] = self.id
        if self.metric is None:
            return [{**shown, "expression": self.expression}]
        dimensions = [part for pair in self.metric.dimensions.items() for part in pair]
        shown["stat"] = self.stat or self.metric.stat
        return [self.metric.namespace, self.metric.name, *dimensions, shown]


@dataclass(frozen=True)
class Limit:
    """A horizontal line: from here on an alarm speaks."""

    value: float
    label: str = "alarm"


def graph(
    title: str,
    *lines: Line,
    unit: str,
    limit: Limit | None = None,
    period: int = 60,
) -> Widget:
    """Lines over time, from zero up; a value every `period` seconds."""
    properties: dict[str, Any] = {
        "title": title,
        "view": "timeSeries",
        "stacked": False,
        "period": period,
        "metrics": [line.written() for line in lines],
        "yAxis": {"left": {"label": unit, "min": 0, "showUnits": False}},
    }
    if limit:
        properties["annotations"] = {"horizontal": [{"value": limit.value, "label": limit.label}]}
    return Widget("metric", properties)


def found(metric: Published, first: str, period: int = 60) -> Line:
    """A line for everything that the metric turns out to have, where its first dimension is given.

    Only a dashboard can search; an alarm cannot.
    """
    schema = ",".join((metric.namespace, *metric.dimensions))
    search = f'{{{schema}}} MetricName="{metric.name}" {metric.dimensions[0]}="{first}"'
    return Line("", expression=f"SEARCH('{search}', '{metric.stat}', {period})")


def text(markdown: str, height: int = _HEIGHT) -> Widget:
    return Widget("text", {"markdown": markdown}, height)


def states(title: str, alarm_arns: Sequence[str], height: int = 3) -> Widget:
    """The alarms, each as a field in the colour of its state."""
    return Widget("alarm", {"title": title, "alarms": list(alarm_arns)}, height)


def log_table(title: str, groups: Sequence[str], query: str) -> Widget:
    """What Logs Insights answers to `query` over log groups."""
    sources = " | ".join(f"SOURCE '{group}'" for group in groups)
    properties = {
        "title": title,
        "view": "table",
        "query": f"{sources} | {query}",
    }
    return Widget("log", properties, height=8)


def laid_out(rows: Sequence[Row], region: str) -> list[dict[str, Any]]:
    """Every widget with its place: a row is as wide as the grid and as high as its highest."""
    placed: list[dict[str, Any]] = []
    y = 0
    for row in rows:
        placed.append(_at(text(f"## {row.title}", height=1), 0, y, COLUMNS, region))
        y += 1
        for number, widget in enumerate(row.widgets):
            left = number * COLUMNS // len(row.widgets)
            right = (number + 1) * COLUMNS // len(row.widgets)
            placed.append(_at(widget, left, y, right - left, region))
        y += max(widget.height for widget in row.widgets)
    return placed


def _at(widget: Widget, x: int, y: int, width: int, region: str) -> dict[str, Any]:
    queried = widget.kind in {"metric", "log"}
    return {
        "type": widget.kind,
        "x": x,
        "y": y,
        "width": width,
        "height": widget.height,
        "properties": {**widget.properties, **({"region": region} if queried else {})},
    }
