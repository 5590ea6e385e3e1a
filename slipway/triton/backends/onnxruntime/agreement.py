"""Whether a model's configuration and its ONNX file say the same, and what they leave open.

The rules are those of the native backend (onnxruntime_backend, ValidateInputs and ValidateOutputs).
What that backend can do and this one cannot is refused by name, so that no model is served wrongly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

TRITON_OF: Mapping[str, str] = {
    "tensor(bool)": "TYPE_BOOL",
    "tensor(uint8)": "TYPE_UINT8",
    "tensor(uint16)": "TYPE_UINT16",
    "tensor(uint32)": "TYPE_UINT32",
    "tensor(uint64)": "TYPE_UINT64",
    "tensor(int8)": "TYPE_INT8",
    "tensor(int16)": "TYPE_INT16",
    "tensor(int32)": "TYPE_INT32",
    "tensor(int64)": "TYPE_INT64",
    "tensor(float16)": "TYPE_FP16",
    "tensor(float)": "TYPE_FP32",
    "tensor(double)": "TYPE_FP64",
}
"""ONNX Runtime's names of the data types, and Triton's. Strings and bfloat16 are not served."""

ANY = -1
"""A dimension that varies, in Triton's configuration."""


class Disagreement(ValueError):
    """The configuration does not fit the ONNX file, or asks for what this backend cannot do."""


class OnnxTensor(Protocol):
    """What ONNX Runtime tells about an input or output; unknown dimensions are str or None."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def shape(self) -> Sequence[int | str | None]: ...


@dataclass(frozen=True)
class Signature:
    """The tensors as both sides agree on them. `batched`: the first dimension is the batch."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    batched: bool


def agree(
    config: Mapping[str, Any], inputs: Sequence[OnnxTensor], outputs: Sequence[OnnxTensor]
) -> Signature:
    """What requests and answers look like. Raises `Disagreement` with the first difference.

    Every input of the ONNX file must be in the configuration; outputs may be left out.
    """
    _refuse_unsupported(config)
    batched = int(config.get("max_batch_size", 0)) > 0
    declared_inputs = _check("input", config["input"], inputs, batched=batched)
    missing = {tensor.name for tensor in inputs} - set(declared_inputs)
    if missing:
        raise Disagreement(
            f"the configuration lacks the model's input {_listed(missing)}; "
            f"it declares {_listed(declared_inputs)}"
        )
    declared_outputs = _check("output", config["output"], outputs, batched=batched)
    return Signature(declared_inputs, declared_outputs, batched)


def _check(
    kind: str, declared: Sequence[Mapping[str, Any]], real: Sequence[OnnxTensor], *, batched: bool
) -> tuple[str, ...]:
    if not declared:
        raise Disagreement(f"the configuration declares no {kind}")
    by_name = {tensor.name: tensor for tensor in real}
    for each in declared:
        name = each["name"]
        if name not in by_name:
            raise Disagreement(f"{kind} '{name}' is not in the model, which has {_listed(by_name)}")
        _check_type(kind, name, each["data_type"], by_name[name].type)
        # Triton hands a reshaped tensor to the backend in its new shape.
        dims = each["reshape"]["shape"] if each.get("reshape") else each["dims"]
        _check_shape(kind, name, [int(d) for d in dims], by_name[name].shape, batched=batched)
    return tuple(each["name"] for each in declared)


def _check_type(kind: str, name: str, declared: str, real: str) -> None:
    if real not in TRITON_OF:
        raise Disagreement(f"{kind} '{name}' is a {real}, which this backend does not serve")
    if TRITON_OF[real] != declared:
        raise Disagreement(
            f"{kind} '{name}' is {declared} in the configuration and {TRITON_OF[real]} in the model"
        )


def _check_shape(
    kind: str,
    name: str,
    dims: Sequence[int],
    shape: Sequence[int | str | None],
    *,
    batched: bool,
) -> None:
    """A dimension the model leaves open may be declared as anything; a fixed one only as itself."""
    model = [size if isinstance(size, int) else ANY for size in shape]
    if batched and (not model or model[0] != ANY):
        raise Disagreement(
            f"max_batch_size needs a batch dimension, but {kind} '{name}' has the shape {model} "
            "in the model, whose first dimension does not vary"
        )
    full = [ANY, *dims] if batched else list(dims)
    if len(full) != len(model) or any(m not in (ANY, d) for d, m in zip(full, model, strict=True)):
        raise Disagreement(
            f"{kind} '{name}' has dims {list(dims)} in the configuration and {model} in the model"
            + (", the batch dimension included" if batched else "")
        )


def _refuse_unsupported(config: Mapping[str, Any]) -> None:
    asked = {
        "sequence_batching": bool(config.get("sequence_batching")),
        "batch_input": bool(config.get("batch_input")),
        "batch_output": bool(config.get("batch_output")),
        "decoupled answers": bool((config.get("model_transaction_policy") or {}).get("decoupled")),
        "allow_ragged_batch": any(each.get("allow_ragged_batch") for each in config["input"]),
        "optional inputs": any(each.get("optional") for each in config["input"]),
    }
    for feature, present in asked.items():
        if present:
            raise Disagreement(f"this onnxruntime backend does not support {feature}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))
