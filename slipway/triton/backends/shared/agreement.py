"""Whether a model's configuration and its file say the same, and what they leave open.

The rules are those of the native backends (ValidateInputs and ValidateOutputs of each). What they
can do and these cannot is refused by name, so that no model is served wrongly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

ANY = -1
"""A dimension that varies, in Triton's configuration."""


class Disagreement(ValueError):
    """The configuration does not fit the file, or asks for what this backend cannot do."""


class ModelTensor(Protocol):
    """What an engine tells about an input or output.

    `type` is the engine's own name of it; of `shape`, what is no whole number varies.
    """

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
    config: Mapping[str, Any],
    inputs: Sequence[ModelTensor],
    outputs: Sequence[ModelTensor],
    types: Mapping[str, str],
) -> Signature:
    """What requests and answers look like. Raises `Disagreement` with the first difference.

    Every input of the file must be in the configuration; outputs may be left out. `types` are the
    engine's names of the data types that are served, and Triton's.
    """
    _refuse_unsupported(config)
    batched = int(config.get("max_batch_size", 0)) > 0
    declared_inputs = _check("input", config["input"], inputs, types, batched=batched)
    missing = {tensor.name for tensor in inputs} - set(declared_inputs)
    if missing:
        raise Disagreement(
            f"the configuration lacks the model's input {_listed(missing)}; "
            f"it declares {_listed(declared_inputs)}"
        )
    declared_outputs = _check("output", config["output"], outputs, types, batched=batched)
    return Signature(declared_inputs, declared_outputs, batched)


def _check(
    kind: str,
    declared: Sequence[Mapping[str, Any]],
    real: Sequence[ModelTensor],
    types: Mapping[str, str],
    *,
    batched: bool,
) -> tuple[str, ...]:
    if not declared:
        raise Disagreement(f"the configuration declares no {kind}")
    by_name = {tensor.name: tensor for tensor in real}
    for each in declared:
        name = each["name"]
        if name not in by_name:
            raise Disagreement(f"{kind} '{name}' is not in the model, which has {_listed(by_name)}")
        _check_type(kind, name, each["data_type"], by_name[name].type, types)
        # Triton hands a reshaped tensor to the backend in its new shape.
        dims = each["reshape"]["shape"] if each.get("reshape") else each["dims"]
        _check_shape(kind, name, [int(d) for d in dims], by_name[name].shape, batched=batched)
    return tuple(each["name"] for each in declared)


def _check_type(kind: str, name: str, declared: str, real: str, types: Mapping[str, str]) -> None:
    if real not in types:
        raise Disagreement(f"{kind} '{name}' is a {real}, which this backend does not serve")
    if types[real] != declared:
        raise Disagreement(
            f"{kind} '{name}' is {declared} in the configuration and {types[real]} in the model"
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
            raise Disagreement(f"this Python-based backend does not support {feature}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))
