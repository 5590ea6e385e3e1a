"""A decoder's graph by PyTorch's own exporter, for what the model builder does not take.

Standard ONNX. It takes every architecture to which transformers gives a plain cache, GPT-2 among
them. Each step copies the cache, so it is slower than the builder's graph.
"""

import inspect
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn
from transformers import DynamicCache, PreTrainedModel

from slipway.build.decoder.graph import (
    ATTENTION_MASK,
    INPUT_IDS,
    LOGITS,
    MODEL_FILE,
    ONE_FILE,
    POSITION_IDS,
    DecoderGraph,
    describe,
)
from slipway.build.export import OPSET
from slipway.build.notes import drop_notes
from slipway.errors import ExportError, first_line

NAME = "PyTorch's exporter"
ROWS, TOKENS, PAST = 2, 3, 5
"""Of the example that is traced: all different, and none 1, which would be taken as fixed."""


def write(
    model: PreTrainedModel, folder: Path, *, context: int, eos: Sequence[int]
) -> DecoderGraph:
    """Fill `folder` with the graph of a model, FP32. Raises `ExportError`."""
    layers = _example_cache(model)
    names = [f"{layer}.{part}" for layer in range(len(layers) // 2) for part in ("key", "value")]
    dynamic = torch.export.Dim.DYNAMIC
    example = (
        torch.zeros((ROWS, TOKENS), dtype=torch.int64),
        torch.ones((ROWS, PAST + TOKENS), dtype=torch.int64),
        torch.arange(PAST, PAST + TOKENS).repeat(ROWS, 1),
        layers,
    )
    with _quiet():
        try:
            program = torch.onnx.export(
                _Cached(model).eval(),
                example,
                input_names=[
                    INPUT_IDS,
                    ATTENTION_MASK,
                    POSITION_IDS,
                    *(f"past_key_values.{name}" for name in names),
                ],
                output_names=[LOGITS, *(f"present.{name}" for name in names)],
                opset_version=OPSET,
                dynamo=True,
                dynamic_shapes=(
                    *({0: dynamic, 1: dynamic} for _ in example[:3]),
                    [{0: dynamic, 2: dynamic} for _ in layers],
                ),
                optimize=True,
                verbose=False,
            )
        except torch.onnx.OnnxExporterError as error:
            raise ExportError(
                f"{NAME} does not take {type(model).__name__}",
                why=first_line(error.__cause__ or error),
            ) from error
    assert program is not None
    target = folder / MODEL_FILE
    weights = sum(each.numel() * each.element_size() for each in model.parameters())
    program.save(target, external_data=weights >= ONE_FILE)
    _tidy(target)
    return describe(target, context=context, eos=eos, shared_cache=False)


class _Cached(nn.Module):
    """The model as a function of tensors alone: the cache as a list in, and as outputs."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model
        self._positions = POSITION_IDS in inspect.signature(model.forward).parameters

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        position_ids: torch.Tensor,
        past: list[torch.Tensor],
    ) -> tuple[torch.Tensor, ...]:
        cache = DynamicCache(list(zip(past[::2], past[1::2], strict=True)))
        given = {POSITION_IDS: position_ids} if self._positions else {}
        answer = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            past_key_values=cache,
            use_cache=True,
            **given,
        )
        grown = (each for layer in answer.past_key_values.layers for each in _tensors(layer))
        return (answer.logits, *grown)


@torch.inference_mode()
def _example_cache(model: PreTrainedModel) -> list[torch.Tensor]:
    """What the model itself keeps of a text: each layer's keys and values."""
    ids = torch.zeros((ROWS, PAST), dtype=torch.int64)
    answer = model(input_ids=ids, use_cache=True)
    try:
        tensors = [each for layer in answer.past_key_values.layers for each in _tensors(layer)]
    except AttributeError:  # Mamba's has no such cache
        tensors = []
    if not tensors or any(each.ndim != 4 or each.shape[2] != PAST for each in tensors):
        raise ExportError(
            f"{NAME} does not take {type(model).__name__}",
            why="it keeps something else than the keys and values of each layer",
        )
    return [each.clone() for each in tensors]


def _tensors(layer: Any) -> tuple[torch.Tensor, torch.Tensor]:
    return layer.keys, layer.values


def _tidy(path: Path) -> None:
    """Put names that say something in place of the exporter's symbols, and drop its notes."""
    model = onnx.load(path, load_external_data=False)
    drop_notes(model)
    del model.graph.value_info[:]  # it holds the old symbols
    for value in (*model.graph.input, *model.graph.output):
        dims = value.type.tensor_type.shape.dim
        dims[0].dim_param = "rows"
        if value.name.startswith(("past", "present")):
            dims[2].dim_param = "past" if value.name.startswith("past") else "total"
        else:
            dims[1].dim_param = "total" if value.name == ATTENTION_MASK else "tokens"
    onnx.save(model, path)


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns of operators it could not register, and of its own deprecations."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
