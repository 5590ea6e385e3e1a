"""8-bit weights, and activations brought to 8 bits anew for each request.

It needs no calibration data. For what spends its time in products with weights: transformers and
LSTMs.
"""

from collections.abc import Collection, Iterable
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from slipway.build.optimise.attention import PROJECTION, has_bias, unpack_attention
from slipway.build.optimise.quantised import Quantised, finish, quiet_quantiser, ready

OPERATORS = ("MatMul", "Gemm", "Attention", "LSTM")
TABLE = "Gather"
"""Looks embeddings up; in 8 bits the whole table has one scale."""
DONE = "_quant"
"""What the quantiser appends to the name of a node that it made its own form of."""
PARTS = ("", "_MatMul", PROJECTION)
"""What stands for a node may have more of a name: it splits a Gemm into a product and a sum."""


def quantise_dynamic(
    source: Path,
    target: Path,
    *,
    excluded: Collection[str] = (),
    reduce_range: bool,
    tables: bool = False,
) -> Quantised:
    """Write `source` with INT8 weights, a scale for each channel; `excluded` nodes stay FP32.

    `reduce_range`: 7 bits, where a processor without VNNI would overflow its 16-bit sums. With
    `tables` those of embeddings as well: a small BERT is then 23 MB large where it was 59, and
    somewhat less accurate.

    Raises `VariantError` when nothing was quantised, or the result is not sound.
    """
    model = ready(source)
    operators = (*OPERATORS, TABLE) if tables else OPERATORS
    candidates = [node for node in model.graph.node if node.op_type in operators]
    unpack_attention(model)
    left = {*excluded, *(node.name for node in model.graph.node if has_bias(node))}
    with quiet_quantiser():
        quantize_dynamic(
            model,
            target,
            op_types_to_quantize=list(operators),
            per_channel=True,
            reduce_range=reduce_range,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=[name + part for name in left for part in PARTS],
        )
    return finish(source, target, _quantised(candidates, target), left)


def _quantised(candidates: Iterable[onnx.NodeProto], target: Path) -> dict[str, str]:
    """Those of which the quantiser wrote its own form, or whose table it replaced."""
    written = {node.name: node for node in onnx.load(target, load_external_data=False).graph.node}
    return {
        node.name: node.op_type
        for node in candidates
        if any(node.name + part + DONE in written for part in PARTS)
        or (node.op_type == TABLE and written[node.name].input[0] != node.input[0])
    }
