"""Write a network as ONNX, and make sure that what was written is what the recipe declares."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from slipway.build.network import examples
from slipway.build.notes import drop_notes
from slipway.errors import ExportError, first_line
from slipway.recipe import Recipe
from slipway.tensors import NUMPY_OF, TensorSpec

MODEL_FILE = "model.onnx"
OPSET = 20
"""Read by every ONNX Runtime since 1.17, so by that of any Triton since 24.02."""
NEWEST_IR = 10
"""ONNX Runtime 1.18 (Triton 24.05) and later read it."""
RECURRENT = (torch.ops.aten.lstm.input, torch.ops.aten.gru.input)
"""While it exports, PyTorch 2.13 puts other kernels in their place, and does not notice those that
an export before has left in the cache: a second one in a process would fix the length."""


def export(network: nn.Module, recipe: Recipe, target: Path) -> None:
    """Write `target` with a dynamic batch dimension, and load and check it.

    Raises `ExportError` when the exporter fails or when the file is not valid ONNX with exactly the
    declared tensors.
    """
    arrays = examples(recipe.inputs, batch=2)
    inputs = tuple(torch.from_numpy(arrays[spec.name]) for spec in recipe.inputs)
    for operator in RECURRENT:
        operator._dispatch_cache.clear()
    with quiet_exporter():
        try:
            program = torch.onnx.export(
                network.eval(),
                inputs,
                input_names=[spec.name for spec in recipe.inputs],
                output_names=[spec.name for spec in recipe.outputs],
                opset_version=OPSET,
                dynamo=True,
                dynamic_shapes=_dynamic_shapes(recipe),
                optimize=True,
                verbose=False,
            )
        except torch.onnx.OnnxExporterError as error:
            raise ExportError(
                "The network cannot be exported to ONNX",
                why=first_line(error.__cause__ or error),
                mend="See which operation torch.export refuses and write it another way.",
            ) from error
    assert program is not None
    # One file: a manifest lists it with one hash, and ONNX's external data would be named inside.
    model = program.model_proto
    drop_notes(model)
    onnx.save(model, target)
    check_export(target, recipe)


def check_export(path: Path, recipe: Recipe) -> None:
    """Raise `ExportError` unless the file is valid ONNX with exactly the declared tensors."""
    try:
        onnx.checker.check_model(str(path), full_check=True)
        model = onnx.load(path)
    except Exception as error:  # onnx raises classes of its C++ core that share no base
        raise ExportError("The exported file is not valid ONNX", why=str(error)) from error
    if model.ir_version > NEWEST_IR:
        raise ExportError(
            f"The exported file has IR version {model.ir_version}",
            why=f"the oldest server supported reads up to {NEWEST_IR}",
        )
    opset = next(entry.version for entry in model.opset_import if not entry.domain)
    if opset > OPSET:
        raise ExportError(
            f"The exported file has opset {opset}", why=f"opset {OPSET} was asked for"
        )
    for kind, specs, values in (
        ("input", recipe.inputs, model.graph.input),
        ("output", recipe.outputs, model.graph.output),
    ):
        got = {value.name: value.type.tensor_type for value in values}
        if set(got) != {spec.name for spec in specs}:
            raise ExportError(
                f"The exported {kind}s are {sorted(got)}",
                why=f"the recipe declares {sorted(spec.name for spec in specs)}",
            )
        for spec in specs:
            _check_tensor(kind, spec, got[spec.name])


def _check_tensor(kind: str, spec: TensorSpec, got: onnx.TypeProto.Tensor) -> None:
    dims = [d.dim_value if d.HasField("dim_value") else None for d in got.shape.dim]
    dtype = onnx.helper.tensor_dtype_to_np_dtype(got.elem_type)
    if dims[:1] != [None]:
        raise ExportError(
            f"The {kind} '{spec.name}' was exported with the batch fixed at {dims[:1]}",
            why="something in the network turns the batch size into a constant",
            mend="Use x.shape[0] or -1 in reshapes, never a number.",
        )
    declared = [None if isinstance(size, str) else size for size in spec.shape]
    if dims[1:] != declared or dtype != NUMPY_OF[spec.datatype]:
        raise ExportError(
            f"The {kind} '{spec.name}' was exported with the shape {dims[1:]} ({dtype})",
            why=f"the recipe declares {list(spec.shape)} ({spec.dtype}), without the batch",
        )


def _dynamic_shapes(recipe: Recipe) -> tuple[dict[int, Any], ...]:
    """torch.export finds out which sizes are equal and refuses one that the network fixes."""
    dynamic = torch.export.Dim.DYNAMIC
    return tuple(
        {0: dynamic}
        | {axis: dynamic for axis, size in enumerate(spec.shape, 1) if isinstance(size, str)}
        for spec in recipe.inputs
    )


@contextmanager
def quiet_exporter() -> Iterator[None]:
    """It warns of each torchvision operator it could not register, of its own deprecations, and
    of an LSTM, whose length it first takes for fixed.
    """
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*LeafSpec.* is deprecated", FutureWarning)
            warnings.filterwarnings("ignore", "_check_is_size will be removed", FutureWarning)
            warnings.filterwarnings("ignore", r"The tensor attributes .*_flat_weights", UserWarning)
            warnings.filterwarnings("ignore", r"The \.grad attribute of a Tensor", UserWarning)
            yield
    finally:
        logger.setLevel(level)
