"""Judge the very file that will be served, on data that training never saw."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from slipway.artefact import MetricResult, ParityResult
from slipway.build.network import predict
from slipway.build.parity import compare
from slipway.build.session import OnnxModel
from slipway.errors import GateError
from slipway.files import readable_json
from slipway.metrics import Scores, metric_named
from slipway.recipe import Recipe, Split
from slipway.tensors import Array

EVALUATION_FILE = "evaluation.json"
HOLDOUT_FILE = "holdout.npz"


@dataclass(frozen=True)
class Evaluation:
    """The metric, everything it was computed from, and the ladder of parity."""

    metric: MetricResult
    scores: Scores
    pytorch: float
    parity: tuple[ParityResult, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Evaluation":
        scores = value["scores"]
        return cls(
            metric=MetricResult(**value["metric"]),
            scores=Scores(**{**scores, "confusion": tuple(map(tuple, scores["confusion"]))}),
            pytorch=value["pytorch"],
            parity=tuple(ParityResult(**result) for result in value["parity"]),
        )


def evaluate(
    recipe: Recipe, holdout: Split, network: nn.Module, exported: Path, optimised: Path
) -> tuple[Evaluation, dict[str, Array]]:
    """The evaluation of the optimised file, and PyTorch's own answers to the held-out inputs.

    Raises `ParityError` and, under the floor, `GateError`.
    """
    score = metric_named(recipe.metric.name)
    reference = predict(network, holdout.inputs, recipe)
    onnx, served = OnnxModel(exported), OnnxModel(optimised)
    forms = {"ONNX": onnx, "optimised": served}
    parity = tuple(compare(holdout.inputs, reference, forms, recipe))
    scores = score(
        served.in_batches(holdout.inputs, recipe.serving.max_batch_size), holdout.targets
    )
    if scores.value < recipe.metric.floor:
        raise GateError(
            f"The {recipe.metric.name} on held-out data is {scores.value:.4f}",
            why=f"the recipe asks for {recipe.metric.floor} at least; nothing was packaged",
            mend="Train longer or better, or state the floor that the use needs.",
        )
    metric = MetricResult(recipe.metric.name, scores.value, recipe.metric.floor, scores.examples)
    pytorch = score(reference, holdout.targets).value
    return Evaluation(metric, scores, pytorch, parity), reference


def write_evaluation(
    target: Path, evaluation: Evaluation, holdout: Split, reference: Mapping[str, Array]
) -> None:
    """Write `evaluation.json`, and `holdout.npz` (input/<name>, reference/<name>, targets)."""
    (target / EVALUATION_FILE).write_bytes(readable_json(evaluation.to_json()))
    arrays = {f"input/{name}": array for name, array in holdout.inputs.items()}
    arrays |= {f"reference/{name}": array for name, array in reference.items()}
    np.savez(target / HOLDOUT_FILE, targets=holdout.targets, **arrays)  # type: ignore[arg-type]  # numpy's stub takes **kwds for its own flags


def read_evaluation(folder: Path) -> Evaluation:
    return Evaluation.from_json(json.loads((folder / EVALUATION_FILE).read_bytes()))


def read_holdout(folder: Path) -> tuple[Split, dict[str, Array]]:
    """The held-out examples and PyTorch's answers, as `write_evaluation` wrote them."""
    with np.load(folder / HOLDOUT_FILE) as arrays:
        inputs = {n.removeprefix("input/"): arrays[n] for n in arrays if n.startswith("input/")}
        reference = {
            n.removeprefix("reference/"): arrays[n] for n in arrays if n.startswith("reference/")
        }
        return Split(inputs, arrays["targets"]), reference
