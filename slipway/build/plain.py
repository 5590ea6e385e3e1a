"""The form of networks that answer a request at once: one ONNX file, in an ensemble if they take
text.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from slipway import contract
from slipway.artefact import ParityResult
from slipway.build.engine import Engine
from slipway.build.export import MODEL_FILE, OPSET, export
from slipway.build.form import Asked, Inputs
from slipway.build.optimise import files, rivals
from slipway.build.optimise.catalogue import traits
from slipway.build.optimise.files import Material
from slipway.build.optimise.graph import optimise_graph
from slipway.build.optimise.timing import Call
from slipway.build.optimise.workload import workload
from slipway.build.parity import Answers
from slipway.build.session import loaded, on_gpu, otherwise
from slipway.build.text import TOKENIZER_FILE, tokenizer_file
from slipway.build.triton_config import NETWORK, TOKENIZER, as_json, configurations
from slipway.build.triton_folder import write_model
from slipway.dataset import Sources
from slipway.engines import Profile
from slipway.files import readable_json
from slipway.folder import ModelFolder
from slipway.golden import Golden
from slipway.profiles import profiles_of
from slipway.questions import Questions
from slipway.tensors import Array, farthest, measurable

GRAPH_FILE = "graph.json"


@dataclass(frozen=True)
class PlainForm:
    """Of one model folder and what its user brought."""

    folder: ModelFolder
    sources: Sources

    code = (
        "build/plain.py",
        "build/export.py",
        "build/notes.py",
        "build/optimise/graph.py",
        "build/optimise/recurrence.py",
        "build/session.py",
    )

    def on_gpu(self) -> bool:
        return on_gpu()

    def ingredients(self) -> Mapping[str, Any]:
        return {}

    def export(self, network: nn.Module, target: Path) -> None:
        export(network, self.folder.recipe, target / MODEL_FILE)

    def exported(self, source: Path) -> str:
        size = (source / MODEL_FILE).stat().st_size
        return f"ONNX opset {OPSET}, {size / 1e6:.1f} MB"

    def optimise(self, source: Path, target: Path) -> None:
        change = optimise_graph(source / MODEL_FILE, target / MODEL_FILE)
        (target / GRAPH_FILE).write_bytes(readable_json(asdict(change)))

    def optimised(self, source: Path) -> str:
        change = json.loads((source / GRAPH_FILE).read_bytes())
        if not change["operators"]:
            return f"{change['after']} nodes, the exporter had folded all"
        return f"{change['before']} -> {change['after']} nodes"

    def traits(self, source: Path) -> frozenset[str]:
        return traits(source / MODEL_FILE)

    def write(self, file: str, source: Path, target: Path, material: Material) -> str:
        return files.write(file, source / MODEL_FILE, target / MODEL_FILE, material)

    def profiles(self) -> tuple[Profile, ...]:
        recipe = self.folder.recipe
        ranges = {s.name: (s.least, s.likeliest, s.most) for s in recipe.serving.ranges}
        return profiles_of(recipe, ranges)

    def model(self, source: Path) -> Path:
        return source / MODEL_FILE

    def answers(self, file: Path, engine: Engine) -> Answers:
        return loaded(file, engine)

    def proof(self, source: Path) -> tuple[ParityResult, ...]:  # noqa: ARG002 - as the protocol
        return ()

    def workload(self, inputs: Mapping[str, Array]) -> Mapping[int, Inputs]:
        return workload(inputs, self.folder.recipe)

    def ready(self, file: Path, engine: Engine) -> Callable[[Inputs], Call]:
        answers = loaded(file, engine)
        return lambda inputs: partial(answers, inputs)

    def otherwise(self, file: Path, engine: Engine) -> Sequence[Answers]:
        return otherwise(file, engine)

    def rivals(self, network: nn.Module) -> Mapping[str, Callable[[Inputs], Call]]:
        recipe = self.folder.recipe
        return {
            way.name: partial(rivals.caller, network, recipe, way)
            for way in rivals.ways(rivals.device())
        }

    def questions(self, asked: Asked) -> Questions:
        """The held-out examples themselves."""
        holdout = asked.data.holdout
        metric = self.folder.recipe.metric.name
        return Questions(holdout.inputs, asked.right(), holdout.targets, metric, asked.exact)

    def golden(self, questions: Questions, tolerance: float) -> Golden:
        rows = [0, farthest(measurable(questions.reference))]
        return Golden(
            inputs={name: array[rows] for name, array in questions.inputs.items()},
            outputs={name: array[rows] for name, array in questions.reference.items()},
            tolerance=tolerance,
        )

    def lay_out(self, source: Path, target: Path, engine: Engine) -> dict[str, Any]:
        recipe = self.folder.recipe
        configs = configurations(self.folder.name, recipe, engine=engine)
        model, network = target / contract.MODEL_FOLDER, {MODEL_FILE: source / MODEL_FILE}
        if not configs.steps:
            write_model(model, configs.model, network, recipe.outputs)
            return as_json(configs.model)
        write_model(model, configs.model, {}, recipe.outputs)
        tokenizer = {TOKENIZER_FILE: tokenizer_file(self.folder, self.sources)}
        steps = target / contract.STEPS_FOLDER
        write_model(steps / TOKENIZER, configs.steps[TOKENIZER], tokenizer)
        write_model(steps / NETWORK, configs.steps[NETWORK], network, recipe.outputs)
        return as_json(configs.model)
