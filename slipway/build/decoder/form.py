"""The form of decoders: a graph with a key-value cache, served by the `generator` backend."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import PreTrainedModel

from slipway import contract
from slipway.artefact import ParityResult
from slipway.build.decoder.export import end_tokens, export_decoder
from slipway.build.decoder.graph import DECODER_FILE, MODEL_FILE
from slipway.build.decoder.session import DecoderModel
from slipway.build.parity import Answers
from slipway.build.text import TOKENIZER_FILE, tokenizer_file
from slipway.build.triton_config import as_json, generator_config
from slipway.build.triton_folder import write_model
from slipway.dataset import Data, Sources
from slipway.errors import BuildError
from slipway.files import hard_link, readable_json
from slipway.folder import ModelFolder
from slipway.questions import Questions
from slipway.recipe import Generation
from slipway.tensors import Array, Golden

GRAPH = "decoder"
"""The folder of a step that holds the graph."""
REPORT_FILE = "report.json"
PROMPTS = 16
"""How many held-out texts are begun, and served to their end."""
PROMPT_TOKENS, ANSWER_TOKENS = 16, 48
GREEDY = {"temperature": 0, "max_tokens": ANSWER_TOKENS}


@dataclass(frozen=True)
class DecoderForm:
    """Of one model folder and what its user brought."""

    folder: ModelFolder
    sources: Sources
    generation: Generation

    code = (
        "build/export.py",
        *(
            f"build/decoder/{name}.py"
            for name in ("builder", "export", "fallback", "form", "graph", "parity", "session")
        ),
    )

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

    def answers(self, source: Path) -> Answers:
        decoder = DecoderModel(source / GRAPH)

        def answer(inputs: Mapping[str, Array]) -> dict[str, Array]:
            (ids,) = inputs.values()
            return {self.folder.recipe.outputs[0].name: decoder.logits(ids)}

        return answer

    def proof(self, source: Path) -> tuple[ParityResult, ...]:
        return tuple(ParityResult(**result) for result in _report(source)["parity"])

    def questions(
        self,
        network: nn.Module,
        data: Data,
        reference: Mapping[str, Array],  # noqa: ARG002 - as the protocol
    ) -> Questions:
        """Beginnings of held-out texts, and what PyTorch writes after them."""
        model: PreTrainedModel = self.folder.function("network", "decoder")(network.eval())
        tokenizer = Tokenizer.from_file(str(tokenizer_file(self.folder, self.sources)))
        tokenizer.encode_special_tokens = True
        tokenizer.no_padding()
        tokenizer.no_truncation()
        (held,) = data.holdout.inputs.values()
        rows = np.linspace(0, len(held) - 1, PROMPTS).astype(int)
        fill, context = self.folder.recipe.inputs[0].fill, self.generation.context
        begun = (_beginning(held[row], fill, tokenizer) for row in rows)
        prompts = list(filter(None, begun))
        answers = [_continuation(model, tokenizer, prompt, context) for prompt in prompts]
        if not any(answers):
            raise BuildError(
                "There is nothing to ask the generator",
                why=f"it writes nothing after the beginnings of {len(rows)} held-out texts",
                mend="Bring longer texts, or train it longer.",
            )
        texts = np.array(answers, dtype=object)[:, None]
        asked = {
            "text_input": np.array(prompts, dtype=object)[:, None],
            "sampling_parameters": np.full((len(prompts), 1), json.dumps(GREEDY), dtype=object),
            "exclude_input_in_output": np.ones((len(prompts), 1), dtype=bool),
        }
        return Questions(asked, {"text_output": texts}, texts, "same_text")

    def golden(self, questions: Questions) -> Golden:
        """The question with the longest answer. A decoder is asked without a batch dimension."""
        (answers,) = questions.reference.values()
        row = max(range(len(answers)), key=lambda k: len(answers[k, 0]))
        return Golden(
            inputs={name: array[row] for name, array in questions.inputs.items()},
            outputs={name: array[row] for name, array in questions.reference.items()},
            tolerance=0.0,
            stream=True,
        )

    def lay_out(self, source: Path, target: Path) -> dict[str, Any]:
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


@torch.inference_mode()
def _continuation(model: PreTrainedModel, tokenizer: Tokenizer, prompt: str, context: int) -> str:
    """What PyTorch writes after a prompt, the likeliest token each time, as text behind it."""
    given = tokenizer.encode(prompt).ids
    ends, written = end_tokens(model), list[int]()
    answer = model(input_ids=torch.tensor([given]), use_cache=True)
    while len(written) < min(ANSWER_TOKENS, context - len(given)):
        token = int(answer.logits[0, -1].argmax())
        if token in ends:
            break
        written.append(token)
        cache = answer.past_key_values
        answer = model(input_ids=torch.tensor([[token]]), past_key_values=cache, use_cache=True)
    # Some tokenizers give the first word of a text another form than one that follows.
    return str(tokenizer.decode([*given, *written]))[len(str(tokenizer.decode(given))) :]


def _report(source: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((source / REPORT_FILE).read_bytes())
    return value
