"""Whether an engine is what was promised: the precision of its heavy layers, and its size.

TensorRT's layer information names types in three ways: `Format/Datatype` in a sentence (10.x),
`DataType` or `Datatype` in a word (11.x), and inside the name of the kernel that was chosen.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from slipway.engines import PRECISIONS, EngineSpec
from slipway.errors import NodeError

HEAVY_PARAMETERS = {"Convolution", "Deconvolution", "MatrixMultiply", "FullyConnected"}
HEAVY_NAMES = re.compile(r"conv|gemm|matmul|matrixmultiply|mha|attention", re.IGNORECASE)
"""In the type of a layer or the name of its kernel. A fused attention is a `kgen` layer that only
its kernel tells (`_gemm_mha_v2`).
"""
NOT_HEAVY = re.compile(r"reformat|shuffle|constant|signal|wait", re.IGNORECASE)

OF_WORDS = (
    ("int8", re.compile(r"\bint8\b", re.IGNORECASE)),
    ("fp8", re.compile(r"\bfp8\b", re.IGNORECASE)),
    ("bf16", re.compile(r"\b(?:bf16|bfloat16)\b", re.IGNORECASE)),
    ("fp16", re.compile(r"\b(?:half|fp16)\b", re.IGNORECASE)),
    ("fp32", re.compile(r"\b(?:float|fp32)\b", re.IGNORECASE)),
)
OF_KERNELS = (
    ("int8", re.compile(r"i8i8|int8|imma")),
    ("fp8", re.compile(r"e4m3|fp8")),
    ("bf16", re.compile(r"bf16")),
    ("fp16", re.compile(r"f16f16|h1688|h16816|h884|fp16|hmma")),
    ("fp32", re.compile(r"f32f32|tf32|s1688|sgemm|fp32")),
)
"""A TF32 kernel computes what is stored in FP32."""

UNKNOWN = "unknown"

MARGIN = 64 << 20
"""Bytes that a plan may hold besides weights: kernels, and tables of every profile."""
MOST, LEAST = 1.5, 0.1
"""A plan's bytes as parts of its ONNX file's. Twice as much is FP16 that became FP32; the least is
a file of FP32 weights that became INT8, with some left out.
"""


def inspect(layers: Any, spec: EngineSpec, plan_bytes: int, onnx_bytes: int) -> Mapping[str, int]:
    """How many heavy layers run in which precision. Raises `NodeError` where that is not enough."""
    counts = Counter(_precision(layer) for layer in _heavy(_layers(layers)))
    total = sum(counts.values())
    if not total or counts[UNKNOWN] == total:
        raise NodeError(
            f"An engine in {spec.precision} is refused",
            why="which precision its heavy layers have cannot be told from its layer information",
        )
    check_share(counts, spec)
    _check_size(spec, plan_bytes, onnx_bytes)
    return dict(sorted(counts.items()))


def check_share(counts: Mapping[str, int], spec: EngineSpec) -> None:
    """Raises `NodeError` where too few heavy layers are in the precision or a narrower one."""
    total = sum(counts.values())
    narrow = PRECISIONS[: PRECISIONS.index(spec.precision) + 1]
    kept = sum(counts.get(precision, 0) for precision in narrow)
    if kept < spec.share * total:
        found = ", ".join(f"{number} in {name}" for name, number in sorted(counts.items()))
        raise NodeError(
            f"An engine in {spec.precision} is refused",
            why=f"it was silently built in another precision: of {total} heavy layers {found}",
            mend="Build the model again, with an ONNX file that is typed throughout.",
        )


def _check_size(spec: EngineSpec, plan_bytes: int, onnx_bytes: int) -> None:
    if not LEAST * onnx_bytes <= plan_bytes <= MOST * onnx_bytes + MARGIN:
        raise NodeError(
            f"An engine in {spec.precision} is refused",
            why=f"its plan has {plan_bytes} bytes, the ONNX file {onnx_bytes}: weights are missing "
            "or in another precision",
        )


def _layers(layers: Any) -> list[Mapping[str, Any]]:
    """Raises `NodeError` where there are names alone: the plan was not built as it was to be."""
    found = layers.get("Layers") if isinstance(layers, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(layer, Mapping) for layer in found):
        raise NodeError(
            "An engine is refused", why="its layer information has no details to be judged by"
        )
    return found


def _heavy(layers: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for layer in layers:
        kind = str(layer.get("LayerType", ""))
        if NOT_HEAVY.search(kind):
            continue
        if layer.get("ParameterType") in HEAVY_PARAMETERS or HEAVY_NAMES.search(
            f"{kind} {layer.get('TacticName', '')}"
        ):
            yield layer


def _precision(layer: Mapping[str, Any]) -> str:
    """What a layer computes in: the type of the first number that goes in, else that of its
    weights, else its kernel's.
    """
    for tensor in layer.get("Inputs", ()):
        words = " ".join(
            str(tensor.get(field, "")) for field in ("Format/Datatype", "DataType", "Datatype")
        )
        if found := _named(words, OF_WORDS):
            return found
    weights = layer.get("Weights")
    if isinstance(weights, Mapping) and (found := _named(str(weights.get("Type")), OF_WORDS)):
        return found
    return _named(str(layer.get("TacticName", "")), OF_KERNELS) or UNKNOWN


def _named(text: str, names: Iterable[tuple[str, re.Pattern[str]]]) -> str:
    return next((name for name, pattern in names if pattern.search(text)), "")
