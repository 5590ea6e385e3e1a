"""The page: one HTML file with its style and its figures inside, that loads nothing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from slipway import contract
from slipway.files import write_whole
from slipway.metrics import Scores
from slipway.report import plots, wording
from slipway.report.content import ModelReport, Report, read_report
from slipway.report.verdict import Mark, Verdict, judge
from slipway.results import LoadPoint

HERE = Path(__file__).parent
INDEX_FILE = "index.html"


@dataclass(frozen=True)
class Tile:
    """One figure of the headline; `mark` is empty where no limit belongs to it."""

    label: str
    value: str
    unit: str
    note: str
    mark: Mark | str = ""


@dataclass(frozen=True)
class Confusion:
    """Examples of class `true` that were taken for `predicted`."""

    true: str
    predicted: str
    count: int


@dataclass(frozen=True)
class Section:
    """One model, ready to be laid out. The figures are SVG, empty where there is nothing to draw.

    `peak` is the point of the highest concurrency.
    """

    anchor: str
    model: ModelReport
    verdict: Verdict
    tiles: tuple[Tile, ...]
    points: tuple[LoadPoint, ...]
    peak: LoadPoint | None
    same_machine: bool
    mistakes: tuple[Confusion, ...]
    configuration: str
    confusion: Markup
    latency: Markup
    time_split: Markup


def render(report: Report) -> str:
    """The report as one HTML document. Equal reports give equal text."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        bytes=wording.size,
        count=wording.count,
        duration=wording.duration,
        hash=wording.short_hash,
        moment=wording.moment,
        ms=wording.milliseconds,
        protocol=wording.protocol,
        rate=wording.rate,
        score=wording.score,
        small=wording.small,
    )
    style = Markup((HERE / "report.css").read_text("utf-8"))  # noqa: S704  # our own file
    return environment.get_template("report.html.j2").render(
        sections=[_section(i, model) for i, model in enumerate(report.models, start=1)],
        style=style,
        slipway=contract.SLIPWAY_VERSION,
    )


def write_page(folder: Path) -> Path:
    """Assemble `<folder>/index.html` from the models' files in it, and return its path."""
    path = folder / INDEX_FILE
    write_whole(path, render(read_report(folder)).encode())
    return path


def _section(number: int, model: ModelReport) -> Section:
    points = tuple(sorted(model.perf.points, key=lambda p: p.concurrency)) if model.perf else ()
    peak = points[-1] if points else None
    endpoint = model.perf.endpoint if model.perf else ""
    labels = _labels(model)
    return Section(
        anchor=f"model-{number}",
        model=model,
        verdict=judge(model),
        tiles=_tiles(model, peak),
        points=points,
        peak=peak,
        same_machine=any(host in endpoint for host in ("127.0.0.1", "localhost", "[::1]")),
        mistakes=_mistakes(model.scores, labels),
        configuration=json.dumps(model.artefact.serving, indent=2),
        confusion=_drawn(
            plots.confusion(model.scores.confusion, labels, name=f"confusion-{number}")
        )
        if model.scores and 0 < len(model.scores.confusion) <= plots.MAX_CLASSES
        else Markup(),
        latency=_drawn(plots.latency(points, name=f"latency-{number}")) if points else Markup(),
        time_split=_drawn(plots.time_split(points, name=f"split-{number}")) if points else Markup(),
    )


def _drawn(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704  # serialised by ElementTree, which escapes every label


def _tiles(model: ModelReport, peak: LoadPoint | None) -> tuple[Tile, ...]:
    artefact = model.artefact
    metric = artefact.metric
    load = f"at concurrency {peak.concurrency}" if peak else "not measured yet"
    doubt = "" if peak is None or peak.stable else "doubtful"
    return (
        Tile(
            metric.name,
            wording.score(metric.value),
            "",
            f"floor {wording.score(metric.floor)}",
            "passed" if metric.value >= metric.floor else "failed",
        ),
        _difference_tile(model),
        Tile("size", *_split(wording.size(artefact.size)), _files(len(artefact.files))),
        Tile("throughput", wording.rate(peak.throughput) if peak else "–", "req/s", load, doubt),
        Tile("p99 latency", wording.milliseconds(peak.p99_ms) if peak else "–", "ms", load, doubt),
    )


def _difference_tile(model: ModelReport) -> Tile:
    label, accuracy = "PyTorch to served", model.accuracy
    if accuracy is None:
        return Tile(label, "–", "", "not measured yet")
    return Tile(
        label,
        wording.small(accuracy.difference),
        "",
        f"tolerance {wording.small(accuracy.tolerance)}",
        "passed" if accuracy.passed else "failed",
    )


def _split(quantity: str) -> tuple[str, str]:
    value, _, unit = quantity.partition(wording.NO_BREAK)
    return value, unit


def _files(number: int) -> str:
    return f"in {wording.count(number, 'file')}"


def _labels(model: ModelReport) -> Sequence[str]:
    classes = len(model.scores.confusion) if model.scores else 0
    return model.labels if len(model.labels) == classes else [str(n) for n in range(classes)]


def _mistakes(scores: Scores | None, labels: Sequence[str]) -> tuple[Confusion, ...]:
    """The five commonest confusions, the commonest first."""
    if scores is None:
        return ()
    found = [
        Confusion(labels[true], labels[predicted], count)
        for true, row in enumerate(scores.confusion)
        for predicted, count in enumerate(row)
        if count and true != predicted
    ]
    return tuple(sorted(found, key=lambda mistake: -mistake.count)[:5])
