"""The form of networks that answer a request at once: one ONNX file, in an ensemble if they take
text.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn

from slipway import contract
from slipway.artefact import ParityResult
from slipway.build.export import MODEL_FILE, OPSET, export
from slipway.build.optimise.graph import optimise_graph
from slipway.build.parity import Answers
from slipway.build.session import OnnxModel
from slipway.build.text import TOKENIZER_FILE, tokenizer_file
from slipway.build.triton_config import NETWORK, TOKENIZER, as_json, configurations
from slipway.build.triton_folder import write_model
from slipway.dataset import Data, Sources
from slipway.files import readable_json
from slipway.folder import ModelFolder
from slipway.questions import Questions
from slipway.tensors import Array, Golden

GRAPH_FILE = "graph.json"
GOLDEN_ROWS = 2
"""Two: a batch, so that an answer that mixes rows up is noticed."""


@dataclass(frozen=True)
class PlainForm:
    """Of one model folder and what its user brought."""

    folder: ModelFolder
    sources: Sources

    code = ("build/plain.py", "build/export.py", "build/optimise/graph.py", "build/session.py")

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

    def answers(self, source: Path) -> Answers:
        return OnnxModel(source / MODEL_FILE)

    def proof(self, source: Path) -> tuple[ParityResult, ...]:  # noqa: ARG002 - as the protocol
        return ()

    def questions(
        self,
        network: nn.Module,  # noqa: ARG002 - as the protocol
        data: Data,
        reference: Mapping[str, Array],
    ) -> Questions:
        """The held-out examples themselves."""
        holdout = data.holdout
        return Questions(holdout.inputs, reference, holdout.targets, self.folder.recipe.metric.name)

    def golden(self, questions: Questions) -> Golden:
        return Golden(
            inputs={name: array[:GOLDEN_ROWS] for name, array in questions.inputs.items()},
            outputs={name: array[:GOLDEN_ROWS] for name, array in questions.reference.items()},
            tolerance=self.folder.recipe.parity,
        )

    def lay_out(self, source: Path, target: Path) -> dict[str, Any]:
        recipe = self.folder.recipe
        configs = configurations(self.folder.name, recipe)
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
