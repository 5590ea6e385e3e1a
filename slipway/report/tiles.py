"""The figures at the head of a model's section."""

from dataclasses import dataclass

from slipway.report import wording
from slipway.report.content import ModelReport
from slipway.report.verdict import Mark
from slipway.results import LoadPoint, StreamPoint

UNKNOWN = "–"


@dataclass(frozen=True)
class Tile:
    """One figure. `mark` and the word `said` beside it are empty where no limit belongs to it."""

    label: str
    value: str
    unit: str
    note: str
    mark: Mark | str = ""
    said: str = ""


Peak = LoadPoint | StreamPoint | None
"""The point of the highest concurrency, where the speed was measured."""


def tiles(model: ModelReport, peak: Peak) -> tuple[Tile, ...]:
    artefact = model.artefact
    size, _, unit = wording.size(artefact.size).partition(wording.NO_BREAK)
    return (
        _metric(model),
        *_lead(model),
        _difference(model),
        Tile("size", size, unit, f"in {wording.count(len(artefact.files), 'file')}"),
        *_speed(peak),
    )


def _metric(model: ModelReport) -> Tile:
    metric = model.artefact.metric
    limit = "at most" if metric.lower_is_better else "floor"
    return _judged(
        wording.words(metric.name),
        wording.score(metric.value),
        f"{limit} {wording.score(metric.floor)}",
        passed=metric.reached,
    )


def _lead(model: ModelReport) -> tuple[Tile, ...]:
    """How much better than the baseline, where one was computed."""
    metric = model.artefact.metric
    if metric.lead is None or metric.baseline is None:
        return ()
    behind = metric.lead <= 0
    return (
        Tile(
            "behind baseline" if behind else "ahead of baseline",
            wording.percent(abs(metric.lead)),
            "%",
            f"{metric.baseline_name} {wording.score(metric.baseline)}".lstrip(),
            "doubtful" if behind else "",
            "no gain" if behind else "",
        ),
    )


def _difference(model: ModelReport) -> Tile:
    accuracy = model.accuracy
    if accuracy is None:
        return Tile("PyTorch to served", UNKNOWN, "", "not measured yet")
    return _judged(
        accuracy.way,
        wording.small(accuracy.difference),
        f"tolerance {wording.small(accuracy.tolerance)}",
        passed=accuracy.passed,
    )


def _speed(peak: Peak) -> tuple[Tile, ...]:
    if peak is None:
        return tuple(
            Tile(label, UNKNOWN, "", "not measured yet") for label in ("throughput", "p99 latency")
        )
    load = f"at concurrency {peak.concurrency}"
    mark, said = ("", "") if peak.stable else ("doubtful", "unstable")
    if isinstance(peak, StreamPoint):
        first = wording.milliseconds(peak.ttft_p50_ms)
        return (
            Tile("throughput", wording.rate(peak.tokens_per_s), "tokens/s", load, mark, said),
            Tile("first token, p50", first, "ms", load, mark, said),
        )
    return (
        Tile("throughput", wording.rate(peak.throughput), "req/s", load, mark, said),
        Tile("p99 latency", wording.milliseconds(peak.p99_ms), "ms", load, mark, said),
    )


def _judged(label: str, value: str, note: str, *, passed: bool) -> Tile:
    word: Mark = "passed" if passed else "failed"
    return Tile(label, value, "", note, word, word)
