"""The line from recipe to package: five steps, each done once for what decides its result."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import nn

from slipway.artefact import read_artefact
from slipway.build.decoder.form import DecoderForm
from slipway.build.evaluate import evaluate, read_evaluation, write_evaluation
from slipway.build.form import Form
from slipway.build.network import load_network, predict
from slipway.build.package import package
from slipway.build.plain import PlainForm
from slipway.build.step import Step, Workspace, hashes, key_of, tree, versions
from slipway.build.text import preparation
from slipway.build.train import HISTORY_FILE, WEIGHTS_FILE, train
from slipway.dataset import Data, Sources
from slipway.files import sha256_of
from slipway.folder import ModelFolder
from slipway.metrics.named import metric_source
from slipway.progress import Progress
from slipway.questions import QUESTIONS_FILE, Questions

STEPS = ("train", "export", "optimise", "evaluate", "package")

KIT = Path(__file__).parent.parent
CODE = {
    "train": (
        *("build/train.py", "build/network.py", "build/text.py", "build/minilm.py"),
        *("build/padding.py", "build/checkpoint.py", "formats.py", "duplicates.py"),
    ),
    "export": ("build/network.py",),
    "optimise": (),
    "evaluate": (
        *("build/evaluate.py", "build/parity.py", "build/padding.py"),
        *("exhibits.py", "questions.py", "tensors.py", "metrics/scores.py", "metrics/named.py"),
    ),
    "package": (
        *("build/package.py", "build/triton_config.py", "build/triton_folder.py"),
        *("artefact.py", "contract.py", "tensors.py"),
    ),
}
"""Which of our own modules decide what a step gives: a change of them does the step again. Those of
the model's form come to all but the training.
"""

LIBRARIES = {
    "train": (
        "torch",
        "numpy",
        "tokenizers",
        "transformers",
        "safetensors",
        "scikit-learn",
        "pillow",
    ),
    "export": ("torch", "onnx", "onnxscript", "onnxruntime-genai", "transformers"),
    "optimise": ("onnxruntime", "onnx"),
    "evaluate": ("onnxruntime", "torch", "numpy", "scikit-learn"),
    "package": ("tritonclient", "protobuf"),
}


@dataclass(frozen=True)
class StepDone:
    """A step of the line that is finished, and what came of it in a few words."""

    step: Step
    detail: str


def build(
    folder: ModelFolder, workspace: Path, progress: Progress, sources: Sources | None = None
) -> Iterator[StepDone]:
    """Take a model from its recipe to its package; the last step's folder is the package."""
    line = _Line(folder, sources or Sources(), Workspace(workspace, folder.name), progress)
    trained = line.train()
    yield StepDone(trained, _training(folder.recipe.training.epochs, trained))
    exported = line.export(trained)
    yield StepDone(exported, line.form.exported(exported.folder))
    optimised = line.optimise(exported)
    yield StepDone(optimised, line.form.optimised(optimised.folder))
    evaluated = line.evaluate(trained, exported, optimised)
    yield StepDone(evaluated, _judgement(evaluated))
    packaged = line.package(optimised, evaluated)
    artefact = read_artefact(packaged.folder)
    yield StepDone(packaged, f"{len(artefact.files)} files, {artefact.size / 1e6:.1f} MB")


class _Line:
    """The steps of one model; each names what decides it and does its work when that is new."""

    def __init__(
        self, folder: ModelFolder, sources: Sources, workspace: Workspace, progress: Progress
    ) -> None:
        self._folder = folder
        self._sources = sources
        self._recipe = folder.recipe
        self._workspace = workspace
        self._progress = progress
        self.form = form_of(folder, sources)

    @cached_property
    def _data(self) -> Data:
        data: Data = self._folder.function("data", "load")(self._sources)
        return data

    def _ingredients(self, step: str, **more: Any) -> Mapping[str, Any]:
        of_form = () if step == "train" else self.form.code
        code = hashes(KIT / path for path in (*CODE[step], *of_form))
        return {"code": code, "libraries": versions(*LIBRARIES[step]), **more}

    def train(self) -> Step:
        # The recipe counts by its values, so that a new serving policy does not train again.
        tokenizer, generation = self._recipe.tokenizer, self._recipe.generation
        brought = (self._sources.data, self._sources.checkpoint)
        ingredients = self._ingredients(
            "train",
            sources={
                path.relative_to(self._folder.path).as_posix(): sha256_of(path)
                for path in self._folder.training_sources
            },
            constants={name: repr(value) for name, value in self._folder.constants.items()},
            context=generation.context if generation else None,
            brought=[tree(path) if path else None for path in brought],
            tensors=[asdict(spec) for spec in (*self._recipe.inputs, *self._recipe.outputs)],
            tokenizer=asdict(tokenizer) if tokenizer else None,
            training=asdict(self._recipe.training),
        )
        key = key_of("train", ingredients)
        checkpoint = self._workspace.step("train") / f".checkpoint-{key}.pt"

        def work(target: Path) -> None:
            prepare = preparation(self._folder, self._sources)
            train(
                self._folder,
                self._sources,
                prepare,
                target=target,
                checkpoint=checkpoint,
                progress=self._progress,
            )

        step = self._workspace.run("train", ingredients, work)
        checkpoint.unlink(missing_ok=True)
        return step

    def _network(self, trained: Step) -> nn.Module:
        return load_network(self._folder, trained.folder / WEIGHTS_FILE, self._sources)

    def export(self, trained: Step) -> Step:
        return self._workspace.run(
            "export",
            self._ingredients("export", trained=trained.key, **self.form.ingredients()),
            lambda target: self.form.export(self._network(trained), target),
        )

    def optimise(self, exported: Step) -> Step:
        return self._workspace.run(
            "optimise",
            self._ingredients("optimise", exported=exported.key),
            lambda target: self.form.optimise(exported.folder, target),
        )

    def evaluate(self, trained: Step, exported: Step, optimised: Step) -> Step:
        def work(target: Path) -> None:
            data, network = self._data, self._network(trained)
            prepare = preparation(self._folder, self._sources)
            reference = predict(network, prepare(data.holdout.inputs), self._recipe)
            forms = {
                "ONNX": self.form.answers(exported.folder),
                "optimised": self.form.answers(optimised.folder),
            }
            judged = evaluate(self._folder, self._sources, data, reference, forms)
            proved = (*self.form.proof(exported.folder), *judged.parity)
            questions = self.form.questions(network, data, reference)
            write_evaluation(target, replace(judged, parity=proved), questions)

        metric = self._recipe.metric.name
        judging = (self._folder.path / f"{name}.py" for name in ("baseline", "exhibits"))
        ingredients = self._ingredients(
            "evaluate",
            optimised=optimised.key,
            metric=[asdict(self._recipe.metric), hashes([metric_source(metric)])],
            parity=self._recipe.parity,
            buckets=self._recipe.serving.batch_buckets,
            judging=hashes(path for path in judging if path.is_file()),
        )
        return self._workspace.run("evaluate", ingredients, work)

    def package(self, optimised: Step, evaluated: Step) -> Step:
        ingredients = self._ingredients(
            "package",
            evaluated=evaluated.key,
            title=self._recipe.title,
            labels=[spec.labels for spec in self._recipe.outputs],
            serving=asdict(self._recipe.serving),
            generation=asdict(self._recipe.generation) if self._recipe.generation else None,
        )
        return self._workspace.run(
            "package",
            ingredients,
            lambda target: package(
                self._folder,
                self.form,
                evaluation=read_evaluation(evaluated.folder),
                optimised=optimised.folder,
                questions=Questions.read(evaluated.folder / QUESTIONS_FILE),
                target=target,
            ),
        )


def form_of(folder: ModelFolder, sources: Sources) -> Form:
    """The form that a recipe's network takes."""
    if folder.recipe.generation is not None:
        return DecoderForm(folder, sources, folder.recipe.generation)
    return PlainForm(folder, sources)


def _training(epochs: int, trained: Step) -> str:
    history = json.loads((trained.folder / HISTORY_FILE).read_bytes())
    if not epochs:
        return "no epochs, weights as they came"
    return f"{epochs} epochs, loss {history['loss'][-1]:.3f} on {history['examples']} examples"


def _judgement(evaluated: Step) -> str:
    evaluation = read_evaluation(evaluated.folder)
    metric, worst = evaluation.metric, max(r.difference for r in evaluation.parity)
    limit = "at most" if metric.lower_is_better else "floor"
    beside = f", {metric.baseline_name} {metric.baseline:.4f}" if metric.baseline_name else ""
    return (
        f"{metric.name} {metric.value:.4f} ({limit} {metric.floor}{beside}), "
        f"parity within {worst:.1e}"
    )
