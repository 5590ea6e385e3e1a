"""The values a report is made of: one `ModelReport` a model, each a JSON file of its own."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from slipway import contract, exhibits
from slipway.artefact import Artefact
from slipway.errors import IntegrityError, NotFound, RecipeError
from slipway.exhibits import Exhibit
from slipway.files import readable_json, write_whole
from slipway.metrics.scores import Scores
from slipway.results import AccuracyResult, CheckResult, PerfResult, StreamResult


@dataclass(frozen=True)
class StepRecord:
    """One step of the line: whether an earlier result was `reused`, and the seconds it took."""

    name: str
    reused: bool
    seconds: float
    detail: str = ""


@dataclass(frozen=True)
class Released:
    """The environment that points at this model, and the version it points at."""

    environment: str
    version: int


@dataclass(frozen=True)
class ModelReport:
    """Everything the section of one model says. What was not done yet is None or empty.

    `scores` are of the packaged file on the held-out data, `labels` the names of its classes in
    order (empty: they are numbered), `exhibits` what people of its field look at. `accuracy` is the
    same metric through the endpoint, or of a generator whether its texts are the same. `perf` is
    the speed, `streams` a generator's. `server` maps what runs on the server's side to its version.
    `recorded` is when, as ISO 8601 in UTC.
    """

    artefact: Artefact
    scores: Scores | None = None
    labels: tuple[str, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    accuracy: AccuracyResult | None = None
    smoke: tuple[CheckResult, ...] = ()
    perf: PerfResult | None = None
    streams: StreamResult | None = None
    steps: tuple[StepRecord, ...] = ()
    release: Released | None = None
    server: Mapping[str, str] = field(default_factory=dict)
    recorded: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": contract.SCHEMA,
            "artefact": self.artefact.to_json(),
            "scores": self.scores and asdict(self.scores),
            "labels": self.labels,
            "exhibits": [exhibits.to_json(exhibit) for exhibit in self.exhibits],
            "accuracy": self.accuracy and _accuracy_to_json(self.accuracy),
            "smoke": [asdict(result) for result in self.smoke],
            "perf": self.perf and self.perf.to_json(),
            "streams": self.streams and self.streams.to_json(),
            "steps": [asdict(step) for step in self.steps],
            "release": self.release and asdict(self.release),
            "server": dict(self.server),
            "recorded": self.recorded,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "ModelReport":
        """Raises `IntegrityError` on anything that `to_json` of this schema did not write."""
        try:
            if value["schema"] != contract.SCHEMA:
                raise IntegrityError(
                    f"The schema {value['schema']!r} is not known",
                    why=f"this Slipway reads schema {contract.SCHEMA}",
                )
            return cls(
                artefact=Artefact.from_json(value["artefact"]),
                scores=_optional(Scores.from_json, value["scores"]),
                labels=tuple(value["labels"]),
                exhibits=tuple(map(exhibits.from_json, value.get("exhibits", ()))),
                accuracy=_optional(_accuracy_from_json, value["accuracy"]),
                smoke=tuple(CheckResult(**result) for result in value["smoke"]),
                perf=_optional(PerfResult.from_json, value["perf"]),
                streams=_optional(StreamResult.from_json, value.get("streams")),
                steps=tuple(StepRecord(**step) for step in value["steps"]),
                release=_optional(lambda release: Released(**release), value["release"]),
                server=dict(value["server"]),
                recorded=value["recorded"],
            )
        except (KeyError, TypeError, ValueError, AttributeError, RecipeError) as error:
            raise IntegrityError(
                "This is not a model's report", why=f"{type(error).__name__}: {error}"
            ) from error


@dataclass(frozen=True)
class Report:
    """All models of one page, in the order they appear."""

    models: tuple[ModelReport, ...]


def write_model_report(folder: Path, report: ModelReport) -> Path:
    """Write `<folder>/<model>.json`, whole or not at all, and return its path."""
    path = folder / f"{report.artefact.model}.json"
    write_whole(path, readable_json(report.to_json()))
    return path


def read_report(folder: Path) -> Report:
    """Read every `<model>.json` of `folder`, in alphabetical order.

    Raises `NotFound` where there is none and `IntegrityError`, naming the file, for an unfit one.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise NotFound(
            f"There is nothing to report in {folder}",
            why="it holds no <model>.json",
            mend="Run `make demo`, which writes one for each model.",
        )
    return Report(tuple(_read_model_report(path) for path in paths))


def _read_model_report(path: Path) -> ModelReport:
    try:
        return ModelReport.from_json(json.loads(path.read_bytes()))
    except (OSError, ValueError, IntegrityError) as error:
        raise IntegrityError(
            f"{path} cannot be read",
            why=str(error),
            mend="Delete it and run the step that writes it again.",
        ) from error


def _optional(read: Any, value: Any) -> Any:
    return None if value is None else read(value)


def _accuracy_to_json(accuracy: AccuracyResult) -> dict[str, Any]:
    # An answer of the wrong shape differs by infinity, for which JSON has no number: null.
    finite = accuracy.difference if math.isfinite(accuracy.difference) else None
    return {**asdict(accuracy), "difference": finite}


def _accuracy_from_json(value: Mapping[str, Any]) -> AccuracyResult:
    difference = math.inf if value["difference"] is None else value["difference"]
    return AccuracyResult(**{**value, "difference": difference})
