"""8-bit weights and activations with ranges measured beforehand, written as Q/DQ pairs.

QuantizeLinear and DequantizeLinear are standard ONNX, so TensorRT and OpenVINO read the result.
"""

from collections.abc import Collection, Mapping
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
)
from onnxruntime.quantization import quantize_static as write_pairs

from slipway.build.optimise.graph import optimise_graph
from slipway.build.optimise.intermediates import Batches
from slipway.build.optimise.losses import output_loss
from slipway.build.optimise.quantised import (
    Quantised,
    check_any,
    finish,
    quiet_quantiser,
    ready,
)
from slipway.build.optimise.ranges import Range, measure_ranges
from slipway.errors import VariantError
from slipway.tensors import Array

METHODS = (CalibrationMethod.MinMax, CalibrationMethod.Entropy, CalibrationMethod.Percentile)


class Activations(Enum):
    """How activations are written as 8 bits; weights always are signed, a scale for each channel.

    UNSIGNED, with a zero point: what ONNX Runtime computes on x86. Of a ResNet-18 with signed ones
    it left 11 of 20 convolutions in FP32, and was no faster.
    SIGNED, symmetric, before each product and not after: what TensorRT takes.
    """

    UNSIGNED = "unsigned"
    SIGNED = "signed"


PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
PASSING = ("Relu", "MaxPool", "Concat")
OPERATORS = {
    # No ConvTranspose, for which ONNX Runtime has no 8-bit kernel. It computes sums between two
    # quantised layers in 8 bits by itself; others (a mean and a small constant) are better not.
    Activations.UNSIGNED: ("Conv", "Gemm", "MatMul", *PASSING),
    Activations.SIGNED: PRODUCTS,
}
WIDEN = "DequantizeLinear"


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime is not typed
    """Batches, one at a time: else the calibration keeps what all give in memory."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches
        self._next = iter(batches)

    def __len__(self) -> int:
        return len(self._batches)

    def set_range(self, start_index: int, end_index: int) -> None:
        self._next = iter(self._batches[start_index:end_index])

    def get_next(self) -> dict[str, Array] | None:
        batch = next(self._next, None)
        return None if batch is None else dict(batch)


def quantise_static(
    source: Path,
    target: Path,
    batches: Batches,
    *,
    excluded: Collection[str] = (),
    reduce_range: bool,
    activations: Activations = Activations.UNSIGNED,
) -> Quantised:
    """Write `source` with Q/DQ pairs, by that way to choose ranges which loses least on `batches`.

    `excluded` nodes stay FP32. `reduce_range`: weights of 7 bits, where a processor without VNNI
    would overflow its 16-bit sums. Raises `VariantError` when nothing was quantised, no range can
    be measured or the result is not sound.
    """
    with TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        optimise_graph(source, plain)
        model = ready(plain)
        products = _products(model, OPERATORS[activations], excluded)
        check_any(products, excluded)
        _check_ranges(model, products, measure_ranges(plain, batches))
        quantise = [*products, *_passing(model, excluded)]
        attempts = {}
        for method in METHODS:
            attempt = Path(folder) / f"{method.name}.onnx"
            _write(
                model,
                attempt,
                batches,
                method=method,
                nodes=quantise,
                reduce_range=reduce_range,
                activations=activations,
            )
            attempts[output_loss(source, attempt, batches)] = (method, attempt)
        method, best = attempts[max(attempts)]
        target.write_bytes(best.read_bytes())
    nodes = _quantised(target, excluded)
    return finish(source, target, nodes, excluded, calibration=method.name)


def _write(
    model: onnx.ModelProto,
    target: Path,
    batches: Batches,
    *,
    method: CalibrationMethod,
    nodes: list[str],
    reduce_range: bool,
    activations: Activations,
) -> None:
    signed = activations is Activations.SIGNED
    options: dict[str, Any] = {
        "ActivationSymmetric": signed,
        "WeightSymmetric": True,
        "CalibStridedMinMax": 1,
        # TensorRT takes biases in FP32, and fuses what comes after a product into it.
        "QuantizeBias": not signed,
        "OpTypesToExcludeOutputQuantization": list(PRODUCTS) if signed else [],
    }
    copy = onnx.ModelProto()
    copy.CopyFrom(model)  # the quantiser changes what it is given
    with quiet_quantiser():
        write_pairs(
            copy,
            target,
            _Reader(batches),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(OPERATORS[activations]),
            per_channel=True,
            reduce_range=reduce_range,
            activation_type=QuantType.QInt8 if signed else QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=nodes,
            calibrate_method=method,
            extra_options=options,
        )


def _products(
    model: onnx.ModelProto, operators: Collection[str], excluded: Collection[str]
) -> dict[str, onnx.NodeProto]:
    """Those with weights, by name. The quantiser would take those of two activations as well."""
    weights = {initialiser.name for initialiser in model.graph.initializer}
    return {
        node.name: node
        for node in model.graph.node
        if node.op_type in PRODUCTS
        and node.op_type in operators
        and node.input[1] in weights
        and node.name not in excluded
    }


def _passing(model: onnx.ModelProto, excluded: Collection[str]) -> list[str]:
    """What passes 8 bits on between products, but not to one that is excluded."""
    spared = {name for n in model.graph.node if n.name in excluded for name in n.input}
    return [
        node.name
        for node in model.graph.node
        if node.op_type in PASSING and spared.isdisjoint(node.output)
    ]


def _check_ranges(
    model: onnx.ModelProto, products: Collection[str], ranges: Mapping[str, Range]
) -> None:
    for node in model.graph.node:
        measured = ranges.get(node.input[0]) if node.name in products else None
        if measured and measured.low == measured.high:
            raise VariantError(
                f"No range can be measured for the tensor '{node.input[0]}'",
                why=f"it is {measured.low:g} everywhere on the calibration examples",
                mend="Calibrate on examples such as clients send.",
            )


def _quantised(target: Path, excluded: Collection[str]) -> dict[str, str]:
    """Products whose weights and whose other input come out of 8 bits."""
    graph = onnx.load(target, load_external_data=False).graph
    wide = {node.output[0] for node in graph.node if node.op_type == WIDEN}
    return {
        node.name: node.op_type
        for node in graph.node
        if node.op_type in PRODUCTS and set(node.input[:2]) <= wide and node.name not in excluded
    }
