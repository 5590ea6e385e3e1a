"""The form of decoders: a graph with a key-value cache, served by the `generator` backend."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer
from torch import nn
from transformers import PreTrainedModel

from slipway import contract
from slipway.artefact import ParityResult
from slipway.build.decoder.export import end_tokens, export_decoder
from slipway.build.decoder.graph import DECODER_FILE, MODEL_FILE
from slipway.build.decoder.session import DecoderModel
from slipway.build.decoder.weights import quantise_weights
from slipway.build.decoder.writing import Writer, by_file, by_pytorch, write_one, write_rows
from slipway.build.engine import Engine
from slipway.build.form import Asked, Inputs
from slipway.build.optimise.catalogue import DECODER
from slipway.build.optimise.files import Material
from slipway.build.optimise.rivals import CPU, Way, ways
from slipway.build.optimise.timing import Call
from slipway.build.parity import Answers
from slipway.build.text import TOKENIZER_FILE, tokenizer_file
from slipway.build.triton_config import as_json, generator_config
from slipway.build.triton_folder import write_model
from slipway.dataset import Sources
from slipway.engines import Profile
from slipway.errors import BuildError, VariantError
from slipway.files import hard_link, readable_json
from slipway.folder import ModelFolder
from slipway.golden import Golden
from slipway.questions import Questions
from slipway.recipe import Generation
from slipway.tensors import Array

GRAPH = "decoder"
"""The folder of a step that holds the graph."""
REPORT_FILE = "report.json"
PROMPTS = 16
"""How many held-out texts are begun, and served to their end."""
PROMPT_TOKENS, ANSWER_TOKENS = 16, 48
TIMED_TOKENS = 16
"""Written after each prompt where speed is measured."""
BITS = {"int8_weights": 8, "int4_weights": 4}
GREEDY = {"temperature": 0, "max_tokens": ANSWER_TOKENS}


@dataclass(frozen=True)
class DecoderForm:
    """Of one model folder and what its user brought."""

    folder: ModelFolder
    sources: Sources
    generation: Generation

    code = (
        *("build/export.py", "build/notes.py"),
        *(
            f"build/decoder/{name}.py"
            for name in (
                "builder",
                "export",
                "fallback",
                "form",
                "graph",
                "parity",
                "session",
                "weights",
                "writing",
            )
        ),
    )

    def on_gpu(self) -> bool:
        """Its file is written for processors."""
        return False

    def ingredients(self) -> Mapping[str, Any]:
        return {"context": self.generation.context, "parity": self.folder.recipe.parity}

    def export(self, network: nn.Module, target: Path) -> None:
        """The graph, and `report.json`: who wrote it, how near it is, who was refused and why."""
        model: PreTrainedModel = self.folder.function("network", "decoder")(network.eval())
        exported = export_decoder(
            model,
            target / GRAPH,
            context=self.generation.context,
            tolerance=self.folder.recipe.parity,
        )
        report = {
            "how": exported.how,
            "refused": exported.refused,
            "parity": [asdict(result) for result in exported.report],
        }
        (target / REPORT_FILE).write_bytes(readable_json(report))

    def exported(self, source: Path) -> str:
        size = sum(file.stat().st_size for file in (source / GRAPH).iterdir())
        return f"{_report(source)['how']}, {size / 1e6:.1f} MB"

    def optimise(self, source: Path, target: Path) -> None:
        """Nothing is left to do: the exporter fused what can be fused."""
        (target / GRAPH).mkdir()
        for file in (source / GRAPH).iterdir():
            hard_link(file, target / GRAPH / file.name)

    def optimised(self, source: Path) -> str:  # noqa: ARG002 - as the protocol
        return "as it was exported"

    def traits(self, source: Path) -> frozenset[str]:  # noqa: ARG002 - as the protocol
        return frozenset({DECODER})

    def write(
        self,
        file: str,
        source: Path,
        target: Path,
        material: Material,  # noqa: ARG002 - weights are all that it takes
    ) -> str:
        (target / GRAPH).mkdir()
        hard_link(source / GRAPH / DECODER_FILE, target / GRAPH / DECODER_FILE)
        bits = BITS[file]
        model = target / GRAPH / MODEL_FILE
        count = quantise_weights(source / GRAPH / MODEL_FILE, model, bits)
        return f"weights of {count} products in {bits} bits"

    def profiles(self) -> tuple[Profile, ...]:
        raise VariantError(
            "No engine takes the place of a decoder",
            why="the `generator` backend that keeps its cache runs ONNX Runtime alone",
        )

    def model(self, source: Path) -> Path:
        return source / GRAPH / MODEL_FILE

    def answers(self, file: Path, engine: Engine) -> Answers:  # noqa: ARG002 - it has one
        decoder = DecoderModel(file.parent)

        def answer(inputs: Mapping[str, Array]) -> dict[str, Array]:
            (ids,) = inputs.values()
            return {self.folder.recipe.outputs[0].name: decoder.logits(ids)}

        return answer

    def workload(self, inputs: Mapping[str, Array]) -> Mapping[int, Inputs]:
        """Beginnings of held-out texts, for one text, half of what is decoded at once, and all."""
        (name, ids), rows = next(iter(inputs.items())), self.generation.rows
        begun = ids[:, :PROMPT_TOKENS]
        return {
            size: {name: begun[np.linspace(0, len(begun) - 1, size).astype(int)]}
            for size in sorted({1, max(1, rows // 2), rows})
        }

    def ready(self, file: Path, engine: Engine) -> Callable[[Inputs], Call]:  # noqa: ARG002 - it has one
        decoder = DecoderModel(file.parent)
        return lambda inputs: partial(write_rows, by_file(decoder), _only(inputs), TIMED_TOKENS)

    def otherwise(self, file: Path, engine: Engine) -> Sequence[Answers]:  # noqa: ARG002 - as the protocol
        """Text is what is compared, and it is the same or not."""
        return ()

    def rivals(self, network: nn.Module) -> Mapping[str, Callable[[Inputs], Call]]:
        """Not compiled: a cache that grows would be compiled anew for each token."""
        model: PreTrainedModel = self.folder.function("network", "decoder")(network.eval())

        def ready(way: Way, inputs: Inputs) -> Call:
            return partial(write_rows, by_pytorch(model, way), _only(inputs), TIMED_TOKENS)

        return {way.name: partial(ready, way) for way in ways(CPU) if not way.compiled}

    def proof(self, source: Path) -> tuple[ParityResult, ...]:
        return tuple(ParityResult(**result) for result in _report(source)["parity"])

    def questions(self, asked: Asked) -> Questions:
        """Beginnings of held-out texts, and what is written after them: by PyTorch, or by a file
        that is not exact.
        """
        model: PreTrainedModel = self.folder.function("network", "decoder")(asked.network.eval())
        tokenizer = Tokenizer.from_file(str(tokenizer_file(self.folder, self.sources)))
        tokenizer.encode_special_tokens = True
        tokenizer.no_padding()
        tokenizer.no_truncation()
        (held,) = asked.data.holdout.inputs.values()
        rows = np.linspace(0, len(held) - 1, PROMPTS).astype(int)
        fill = self.folder.recipe.inputs[0].fill
        begun = (_beginning(held[row], fill, tokenizer) for row in rows)
        prompts = list(filter(None, begun))
        writer = by_pytorch(model) if asked.exact else by_file(DecoderModel(asked.served.parent))
        ends = end_tokens(model)
        answers = [self._answer(writer, tokenizer, prompt, ends) for prompt in prompts]
        if not any(answers):
            raise BuildError(
                "There is nothing to ask the generator",
                why=f"it writes nothing after the beginnings of {len(rows)} held-out texts",
                mend="Bring longer texts, or train it longer.",
            )
        texts = np.array(answers, dtype=object)[:, None]
        sent = {
            "text_input": np.array(prompts, dtype=object)[:, None],
            "sampling_parameters": np.full((len(prompts), 1), json.dumps(GREEDY), dtype=object),
            "exclude_input_in_output": np.ones((len(prompts), 1), dtype=bool),
        }
        return Questions(sent, {"text_output": texts}, texts, "same_text", asked.exact)

    def _answer(
        self, writer: Writer, tokenizer: Tokenizer, prompt: str, ends: Collection[int]
    ) -> str:
        given = tokenizer.encode(prompt).ids
        most = min(ANSWER_TOKENS, self.generation.context - len(given))
        written = write_one(writer, given, ends, most)
        # Some tokenizers give the first word of a text another form than one that follows.
        return str(tokenizer.decode([*given, *written]))[len(str(tokenizer.decode(given))) :]

    def golden(
        self,
        questions: Questions,
        tolerance: float,  # noqa: ARG002 - texts are the same or not
    ) -> Golden:
        """The question with the longest answer. A decoder is asked without a batch dimension."""
        (answers,) = questions.reference.values()
        row = max(range(len(answers)), key=lambda k: len(answers[k, 0]))
        return Golden(
            inputs={name: array[row] for name, array in questions.inputs.items()},
            outputs={name: array[row] for name, array in questions.reference.items()},
            tolerance=0.0,
            stream=True,
        )

    def lay_out(
        self,
        source: Path,
        target: Path,
        engine: Engine,  # noqa: ARG002 - decoders have a backend of their own
    ) -> dict[str, Any]:
        config = generator_config(self.folder.name, self.generation)
        files = {file.name: file for file in sorted((source / GRAPH).iterdir())}
        assert {MODEL_FILE, DECODER_FILE} <= set(files)
        files[TOKENIZER_FILE] = tokenizer_file(self.folder, self.sources)
        write_model(target / contract.MODEL_FOLDER, config, files)
        return as_json(config)


def _beginning(row: Array, fill: float | str, tokenizer: Tokenizer) -> str:
    """The first words of a text (tokens,), at most half of it, so that more can follow."""
    used = np.flatnonzero(row != fill)
    length = int(used[-1]) + 1 if len(used) else 1
    return str(tokenizer.decode(row[: min(PROMPT_TOKENS, max(1, length // 2))].tolist()))


def _only(inputs: Inputs) -> Array:
    (array,) = inputs.values()
    return array


def _report(source: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((source / REPORT_FILE).read_bytes())
    return value
