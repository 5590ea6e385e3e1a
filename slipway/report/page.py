"""The page: one HTML file with its style and its figures inside, that loads nothing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from slipway import contract
from slipway.files import write_whole
from slipway.metrics.scores import Scores
from slipway.report import plots, wording
from slipway.report.comparison import Comparison, comparison
from slipway.report.content import ModelReport, Report, read_report
from slipway.report.showing import Group, groups
from slipway.report.streaming import stream_curves
from slipway.report.svg import element
from slipway.report.tiles import Tile, tiles
from slipway.report.verdict import Mark, Verdict, judge
from slipway.results import LoadPoint, StreamPoint

HERE = Path(__file__).parent
INDEX_FILE = "index.html"


@dataclass(frozen=True)
class Confusion:
    """Examples of class `true` that were taken for `predicted`."""

    true: str
    predicted: str
    count: int


Point = TypeVar("Point", LoadPoint, StreamPoint)


@dataclass(frozen=True)
class State:
    """What stands beside the title of a part that can be folded; a plain fact has no mark."""

    said: str
    mark: Mark | str = ""


@dataclass(frozen=True)
class Section:
    """One model, ready to be laid out. The figures are SVG, empty where there is nothing to draw.

    `peak` is the point of the highest concurrency. `folded`: details that are all well show only
    when they are asked for.
    """

    anchor: str
    model: ModelReport
    verdict: Verdict
    tiles: tuple[Tile, ...]
    exhibits: tuple[Group, ...]
    points: tuple[LoadPoint, ...]
    peak: LoadPoint | None
    stream_points: tuple[StreamPoint, ...]
    stream_peak: StreamPoint | None
    streaming: tuple[Group, ...]
    same_machine: bool
    mistakes: tuple[Confusion, ...]
    configuration: str
    confusion: Markup
    latency: Markup
    time_split: Markup
    parity: State
    checks: State
    built: State
    folded: bool
    comparison: Comparison | None


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
        figure=wording.figure,
        hash=wording.short_hash,
        lead=wording.lead,
        moment=wording.moment,
        ms=wording.milliseconds,
        percent=wording.percent,
        protocol=wording.protocol,
        rate=wording.rate,
        score=wording.score,
        small=wording.small,
        words=wording.words,
    )
    style = Markup((HERE / "report.css").read_text("utf-8"))  # noqa: S704  # our own file
    folded = len(report.models) > 1
    return environment.get_template("report.html.j2").render(
        sections=[_section(model, folded=folded) for model in report.models],
        style=style,
        slipway=contract.SLIPWAY_VERSION,
    )


def write_page(folder: Path) -> Path:
    """Assemble `<folder>/index.html` from the models' files in it, and return its path."""
    path = folder / INDEX_FILE
    write_whole(path, render(read_report(folder)).encode())
    return path


def _section(model: ModelReport, *, folded: bool) -> Section:
    anchor = model.artefact.model
    points = _by_concurrency(model.perf.points) if model.perf else ()
    peak = points[-1] if points else None
    streamed = _by_concurrency(model.streams.points) if model.streams else ()
    stream_peak = streamed[-1] if streamed else None
    speed = model.perf or model.streams
    endpoint = speed.endpoint if speed else ""
    labels = _labels(model)
    return Section(
        anchor=anchor,
        model=model,
        verdict=judge(model),
        tiles=tiles(model, peak or stream_peak),
        exhibits=groups(model.exhibits, name=f"{anchor}-exhibit"),
        points=points,
        peak=peak,
        stream_points=streamed,
        stream_peak=stream_peak,
        streaming=groups(stream_curves(streamed), name=f"{anchor}-streams"),
        same_machine=any(host in endpoint for host in ("127.0.0.1", "localhost", "[::1]")),
        mistakes=_mistakes(model.scores, labels),
        configuration=json.dumps(model.artefact.serving, indent=2),
        confusion=element(
            plots.confusion(model.scores.confusion, labels, name=f"{anchor}-confusion")
        )
        if model.scores and 0 < len(model.scores.confusion) <= plots.MAX_CLASSES
        else Markup(),
        latency=element(plots.latency(points, name=f"{anchor}-latency")) if points else Markup(),
        time_split=element(plots.time_split(points, name=f"{anchor}-split"))
        if points
        else Markup(),
        parity=_parity(model),
        checks=_checks(model),
        built=State(
            f"{wording.size(model.artefact.size)} in "
            f"{wording.count(len(model.artefact.files), 'file')}"
        ),
        folded=folded,
        comparison=comparison(study, name=f"{anchor}-variants")
        if (study := model.artefact.study)
        else None,
    )


def _parity(model: ModelReport) -> State:
    within = [result.difference <= result.tolerance for result in model.artefact.parity]
    if model.accuracy:
        within.append(model.accuracy.passed)
    return _state(within, "within tolerance")


def _checks(model: ModelReport) -> State:
    return _state([check.passed for check in model.smoke], "passed")


def _state(outcomes: Sequence[bool], good: str) -> State:
    if not outcomes:
        return State("not done yet", "missing")
    mark: Mark = "passed" if all(outcomes) else "failed"
    return State(f"{sum(outcomes)} of {len(outcomes)} {good}", mark)


def _by_concurrency(points: Sequence[Point]) -> tuple[Point, ...]:
    return tuple(sorted(points, key=lambda point: point.concurrency))


def _labels(model: ModelReport) -> Sequence[str]:
    if model.scores and model.scores.classes:
        return model.scores.classes
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
