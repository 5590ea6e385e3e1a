"""Judge the very file that will be served, on data that training never saw."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from slipway import exhibits
from slipway.artefact import MetricResult, ParityResult
from slipway.build.padding import trim
from slipway.build.parity import Answers, Rung, compare
from slipway.build.text import preparation
from slipway.dataset import Data, Sources
from slipway.errors import GateError
from slipway.exhibits import Exhibit, View
from slipway.files import readable_json
from slipway.folder import ModelFolder
from slipway.metrics.named import LOWER_IS_BETTER, metric_named
from slipway.metrics.scores import Scores
from slipway.questions import QUESTIONS_FILE, Questions
from slipway.recipe import Recipe
from slipway.tensors import Array

EVALUATION_FILE = "evaluation.json"


@dataclass(frozen=True)
class Evaluation:
    """The metric, everything it was computed from, the ladder of parity, and what is to be shown.

    `pytorch` is the metric of PyTorch's own answers.
    """

    metric: MetricResult
    scores: Scores
    pytorch: float
    parity: tuple[ParityResult, ...]
    exhibits: tuple[Exhibit, ...] = ()

    def to_json(self) -> dict[str, Any]:
        shown = [exhibits.to_json(exhibit) for exhibit in self.exhibits]
        return {**asdict(self), "exhibits": shown}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Evaluation":
        return cls(
            metric=MetricResult(**value["metric"]),
            scores=Scores.from_json(value["scores"]),
            pytorch=value["pytorch"],
            parity=tuple(ParityResult(**result) for result in value["parity"]),
            exhibits=tuple(exhibits.from_json(exhibit) for exhibit in value["exhibits"]),
        )


def evaluate(
    folder: ModelFolder,
    sources: Sources,
    data: Data,
    reference: Mapping[str, Array],
    ladder: Sequence[Rung],
) -> Evaluation:
    """The evaluation of the last of the `ladder`, which is the one that is packaged.

    `data` are what `sources` hold, `reference` PyTorch's answers to the held-out inputs; forms
    answer to what the network takes. Raises `ParityError`, and `GateError` where the recipe's
    demands are not met.
    """
    recipe, holdout = folder.recipe, data.holdout
    score, prepare = metric_named(recipe.metric.name), preparation(folder, sources)
    parity = tuple(compare(prepare(holdout.inputs), reference, ladder, recipe))
    packaged = ladder[-1].answers

    def answer(inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        return in_batches(packaged, prepare(inputs), recipe)

    outputs = answer(holdout.inputs)
    scores = score(outputs, holdout.targets)
    baseline: Mapping[str, Array] = {}
    metric = MetricResult(
        name=recipe.metric.name,
        value=scores.value,
        floor=recipe.metric.floor,
        examples=scores.examples,
        lower_is_better=recipe.metric.name in LOWER_IS_BETTER,
        figures=scores.figures,
    )
    if folder.has("baseline"):
        baseline = folder.function("baseline", "answer")(data)
        metric = MetricResult(
            **{
                **asdict(metric),
                "baseline": score(baseline, holdout.targets).value,
                "baseline_name": folder.module("baseline").TITLE,
            }
        )
    _require_good(metric, recipe)
    shown: tuple[Exhibit, ...] = ()
    if folder.has("exhibits"):
        view = View(data, outputs, baseline, answer, sources)
        shown = tuple(folder.function("exhibits", "exhibits")(view))
    return Evaluation(metric, scores, score(reference, holdout.targets).value, parity, shown)


def _require_good(metric: MetricResult, recipe: Recipe) -> None:
    side = "most" if metric.lower_is_better else "least"
    if not metric.reached:
        raise GateError(
            f"The {metric.name} on held-out data is {metric.value:.4f}",
            why=f"the recipe asks for {metric.floor} at {side}; nothing was packaged",
            mend="Train longer or better, or state the floor that the use needs.",
        )
    if metric.lead is not None and metric.lead < recipe.metric.lead:
        raise GateError(
            f"The {metric.name} of {metric.value:.4f} is too near the {metric.baseline:.4f} of "
            f"{metric.baseline_name}",
            why=f"the recipe asks for a lead of {recipe.metric.lead:.0%} and it is "
            f"{metric.lead:.1%}; nothing was packaged",
            mend="Serve the simpler model, train better, or state the lead that the use needs.",
        )


def in_batches(
    form: Answers, inputs: Mapping[str, Array], recipe: Recipe, size: int | None = None
) -> dict[str, Array]:
    """The answers to any number of examples, in batches of `size`, or as large as served."""
    rows, most = len(next(iter(inputs.values()))), size or recipe.serving.max_batch_size
    parts = [
        form(trim({n: a[k : k + most] for n, a in inputs.items()}, recipe))
        for k in range(0, rows, most)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def write_evaluation(target: Path, evaluation: Evaluation, questions: Questions) -> None:
    """Write `evaluation.json`, and what is to be asked of the served model beside it."""
    (target / EVALUATION_FILE).write_bytes(readable_json(evaluation.to_json()))
    questions.write(target / QUESTIONS_FILE)


def read_evaluation(folder: Path) -> Evaluation:
    return Evaluation.from_json(json.loads((folder / EVALUATION_FILE).read_bytes()))
