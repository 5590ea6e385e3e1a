"""What no change of a graph may touch: its inputs and outputs, and that servers can read it."""

from collections.abc import Iterable
from pathlib import Path

import onnx
import onnxruntime as ort

from slipway.build.export import NEWEST_IR
from slipway.build.optimise.graph import STANDARD_DOMAINS
from slipway.errors import VariantError, first_line

ONNX_RUNTIME = "com.microsoft"
DOMAINS = (*STANDARD_DOMAINS, ONNX_RUNTIME)
"""Of operators that ONNX Runtime has; TensorRT and OpenVINO read the standard ones."""
NEWEST_OPSET = 21
"""Of the standard operators in ONNX Runtime 1.18, the first to read `NEWEST_IR`; it refuses 22."""


def check_signature(before: Path, after: Path) -> None:
    """Raise `VariantError` unless both files have the same inputs and outputs.

    The same names in the same order, types, and dimensions: fixed ones as large, open ones open.
    """
    old, new = (onnx.load(path, load_external_data=False).graph for path in (before, after))
    for kind, had, has in (("input", old.input, new.input), ("output", old.output, new.output)):
        names, now = [value.name for value in had], [value.name for value in has]
        if names != now:
            raise _changed(f"The {kind}s were {names} and are now {now}")
        for was, is_ in zip(had, has, strict=True):
            _check_tensor(kind, was, is_)


def _check_tensor(kind: str, was: onnx.ValueInfoProto, now: onnx.ValueInfoProto) -> None:
    old, new = was.type.tensor_type, now.type.tensor_type
    if old.elem_type != new.elem_type:
        types = [onnx.TensorProto.DataType.Name(each.elem_type) for each in (old, new)]
        raise _changed(f"The {kind} '{was.name}' was {types[0]} and is now {types[1]}")
    shapes = [_dimensions(each) for each in (old, new)]
    if shapes[0] != shapes[1]:
        raise _changed(
            f"The {kind} '{was.name}' had the dimensions {shapes[0]} and has now {shapes[1]}"
        )


def _dimensions(tensor: onnx.TypeProto.Tensor) -> list[int | str] | None:
    if not tensor.HasField("shape"):
        return None
    return [d.dim_value if d.HasField("dim_value") else "any" for d in tensor.shape.dim]


def _changed(what: str) -> VariantError:
    return VariantError(
        what,
        why="the tool that made this form changed what clients send and get",
        mend="Leave this form out, or try another version of the tool.",
    )


def check_loads(path: Path) -> None:
    """Raise `VariantError` unless every supported server's ONNX Runtime can read the file."""
    model = onnx.load(path)
    if model.ir_version > NEWEST_IR:
        raise VariantError(
            f"This form has IR version {model.ir_version}",
            why=f"the oldest server supported reads up to {NEWEST_IR}",
        )
    standard = (o.version for o in model.opset_import if o.domain in STANDARD_DOMAINS)
    opset = max(standard, default=0)
    if opset > NEWEST_OPSET:
        raise VariantError(
            f"This form has opset {opset}",
            why=f"the oldest server supported reads up to {NEWEST_OPSET}",
        )
    strange = {*_domains(model.graph.node), *(o.domain for o in model.opset_import)} - set(DOMAINS)
    if strange:
        raise VariantError(
            f"This form needs operators of {', '.join(sorted(strange))}",
            why=f"servers have those of {', '.join(filter(None, DOMAINS))}",
        )
    options = ort.SessionOptions()
    options.log_severity_level = 3
    try:
        ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises classes of its C++ core that share no base
        raise VariantError(
            "ONNX Runtime does not load this form of the model", why=first_line(error)
        ) from error


def drop_unused_domains(model: onnx.ModelProto) -> None:
    """Tools list domains whose operators are not there; other readers refuse those."""
    used = {"", *_domains(model.graph.node)}
    kept = [entry for entry in model.opset_import if entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)


def _domains(nodes: Iterable[onnx.NodeProto]) -> set[str]:
    return {node.domain for node in nodes}
