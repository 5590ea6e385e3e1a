"""What can be said of a model at a glance: what failed, what is missing, what is doubtful."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from slipway.report.content import ModelReport
from slipway.report.wording import count, score, small, words
from slipway.results import LoadPoint, StreamPoint

Mark = Literal["passed", "failed", "doubtful", "missing"]


@dataclass(frozen=True)
class Verdict:
    """Each entry is a sentence's worth; `mark` is the worst that applies."""

    failed: tuple[str, ...]
    doubtful: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def mark(self) -> Mark:
        if self.failed:
            return "failed"
        if self.missing:
            return "missing"
        return "doubtful" if self.doubtful else "passed"


def judge(model: ModelReport) -> Verdict:
    """Hold every value against the limit that belongs to it."""
    return Verdict(
        failed=tuple(_failures(model)),
        doubtful=tuple(_doubts(model)),
        missing=tuple(_missing(model)),
    )


def _failures(model: ModelReport) -> list[str]:
    metric, accuracy = model.artefact.metric, model.accuracy
    said = []
    name, side = words(metric.name), "over" if metric.lower_is_better else "under"
    if not metric.reached:
        said.append(f"{name} {score(metric.value)} is {side} {score(metric.floor)}")
    over = [result for result in model.artefact.parity if not result.difference <= result.tolerance]
    if over:
        said.append(f"{count(len(over), 'comparison')} out of tolerance")
    same_metric = accuracy is not None and accuracy.metric == metric.name
    if accuracy and same_metric and not metric.reaches(accuracy.value):
        said.append(f"{name} as served {score(accuracy.value)} is {side} {score(metric.floor)}")
    if accuracy and not accuracy.passed:
        said.append(f"the served answers differ by {small(accuracy.difference)}")
    wrong = [check for check in model.smoke if not check.passed]
    if wrong:
        said.append(f"{len(wrong)} of {count(len(model.smoke), 'check')} failed")
    errors = sum(point.errors for point in _points(model))
    if errors:
        said.append(f"{count(errors, 'request')} failed under load")
    return said


def _doubts(model: ModelReport) -> list[str]:
    unstable = [point.concurrency for point in _points(model) if not point.stable]
    said = [f"throughput unstable at concurrency {c}" for c in unstable]
    metric = model.artefact.metric
    if metric.lead is not None and not metric.lead > 0:
        said.append(f"no better than its baseline, {metric.baseline_name}")
    return said


def _missing(model: ModelReport) -> list[str]:
    parts = {
        "not released": model.release,
        "served answers not compared": model.accuracy,
        "not checked": model.smoke,
        "speed not measured": _points(model),
    }
    return [name for name, value in parts.items() if not value]


def _points(model: ModelReport) -> Sequence[LoadPoint | StreamPoint]:
    speed = model.perf or model.streams
    return speed.points if speed else ()
