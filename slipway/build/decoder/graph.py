"""What a decoder's ONNX file takes and gives: `decoder.json`, read by whatever runs it."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import onnx

from slipway.errors import ExportError
from slipway.files import readable_json

MODEL_FILE = "model.onnx"
DECODER_FILE = "decoder.json"
ONE_FILE = 2_000_000_000
"""Bytes below which an ONNX file is one: protobuf ends at 2 GiB."""
FORMAT = 1
"""Of decoder.json. A reader refuses a number it does not know."""

INPUT_IDS = "input_ids"
ATTENTION_MASK = "attention_mask"
POSITION_IDS = "position_ids"
LOGITS = "logits"
PAST = re.compile(r"past_key_values\.(\d+)\.(key|value)")


@dataclass(frozen=True)
class DecoderGraph:
    """A decoder with a key-value cache; everything it computes with is FP32, ids are INT64.

    - `input_ids` (rows, tokens): the new tokens;
    - `attention_mask` (rows, past + tokens): 1 where a position holds a token of the row;
    - `position_ids` (rows, tokens), where `positions`: how many tokens stand before each;
    - `past` (rows, kv_heads, past, head_size): for each layer its keys and its values;
    - `logits` (rows, tokens, vocabulary);
    - `present` in the order of `past`, (rows, kv_heads, past + tokens, head_size).

    With `shared_cache` past and present may be one buffer of any length: each row's tokens begin at
    its start, the row's sum of the mask says how many there are with the new ones, and these are
    written behind the others. Without, present is past with the new tokens behind it: rows of
    different lengths end at the same place, and the mask is 0 before a row's first token.

    `context` is the most tokens a row may have, `eos` are the tokens that end a text.
    """

    layers: int
    kv_heads: int
    head_size: int
    vocabulary: int
    context: int
    eos: tuple[int, ...]
    shared_cache: bool
    positions: bool

    def __post_init__(self) -> None:
        for name in ("layers", "kv_heads", "head_size", "vocabulary", "context"):
            if getattr(self, name) < 1:
                raise ExportError(
                    f"The decoder has {name}={getattr(self, name)}", why="at least 1 is needed"
                )
        if any(not 0 <= token < self.vocabulary for token in self.eos):
            raise ExportError(
                f"The decoder ends texts with the tokens {list(self.eos)}",
                why=f"its vocabulary has {self.vocabulary}",
            )

    @property
    def past(self) -> tuple[str, ...]:
        return tuple(f"past_key_values.{each}" for each in self._cached())

    @property
    def present(self) -> tuple[str, ...]:
        return tuple(f"present.{each}" for each in self._cached())

    def _cached(self) -> Iterator[str]:
        for layer in range(self.layers):
            yield f"{layer}.key"
            yield f"{layer}.value"

    def save(self, folder: Path) -> None:
        value = {"format": FORMAT, **asdict(self), "past": self.past, "present": self.present}
        (folder / DECODER_FILE).write_bytes(readable_json(value))

    @classmethod
    def load(cls, folder: Path) -> "DecoderGraph":
        """Raises `ExportError` where decoder.json is of another format."""
        value = json.loads((folder / DECODER_FILE).read_text())
        if value.pop("format") != FORMAT:
            raise ExportError(f"{folder / DECODER_FILE} has a format that is not known here")
        value["eos"] = tuple(value["eos"])
        fields = {name: value[name] for name in cls.__dataclass_fields__}
        return cls(**fields)


def describe(
    path: Path,
    *,
    context: int,
    eos: Sequence[int],
    shared_cache: bool,
    head_size: int = 0,
) -> DecoderGraph:
    """Read from an ONNX file what it takes and gives; `head_size` where the file leaves it open.

    Raises `ExportError` where that is not what a `DecoderGraph` can say.
    """
    model = onnx.load(path, load_external_data=False)
    inputs = {value.name: value.type.tensor_type for value in model.graph.input}
    outputs = {value.name: value.type.tensor_type for value in model.graph.output}
    caches = {
        (tensor.elem_type, *(dim.dim_value for dim in tensor.shape.dim[1::2]))
        for name, tensor in inputs.items()
        if PAST.fullmatch(name)
    }
    if len(caches) != 1:
        raise ExportError(
            f"The decoder's layers have {len(caches)} forms of cache",
            why="one form is served: the same heads and head size in every layer",
        )
    ((datatype, kv_heads, fixed),) = caches
    graph = DecoderGraph(
        layers=sum(1 for name in inputs if PAST.fullmatch(name)) // 2,
        kv_heads=kv_heads,
        head_size=fixed or head_size,
        vocabulary=outputs[LOGITS].shape.dim[-1].dim_value if LOGITS in outputs else 0,
        context=context,
        eos=tuple(eos),
        shared_cache=shared_cache,
        positions=POSITION_IDS in inputs,
    )
    wanted = {INPUT_IDS, ATTENTION_MASK, *graph.past} | ({POSITION_IDS} & set(inputs))
    _same("inputs", set(inputs), wanted)
    _same("outputs", set(outputs), {LOGITS, *graph.present})
    if datatype != onnx.TensorProto.FLOAT or outputs[LOGITS].elem_type != datatype:
        raise ExportError("The decoder does not compute with FP32", why="only that is served")
    return graph


def _same(kind: str, got: set[str], wanted: set[str]) -> None:
    if got != wanted:
        raise ExportError(
            f"The decoder's {kind} are not those of a decoder with a cache",
            why=f"{', '.join(sorted(got ^ wanted))}: only in one of both",
        )


def save_as_one_file(path: Path) -> None:
    """Take weights that lie beside an ONNX file into it, where one file may hold both."""
    beside = path.with_name(f"{path.name}.data")
    if not beside.exists() or path.stat().st_size + beside.stat().st_size >= ONE_FILE:
        return
    model: Any = onnx.load(path)
    onnx.save(model, path)
    beside.unlink()
