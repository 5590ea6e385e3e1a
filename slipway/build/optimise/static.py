"""8-bit weights and activations with ranges measured beforehand, written as Q/DQ pairs.

QuantizeLinear and DequantizeLinear are standard ONNX, so TensorRT and OpenVINO read the result.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from math import inf
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    TensorsData,
    create_calibrator,
    save_tensors_data,
)
from onnxruntime.quantization import quantize_static as write_pairs

from slipway.build.optimise.graph import optimise_graph
from slipway.build.optimise.intermediates import Batches
from slipway.build.optimise.losses import MOST, decibels
from slipway.build.optimise.quantised import (
    Quantised,
    check_any,
    finish,
    quiet_quantiser,
    ready,
)
from slipway.build.optimise.ranges import NEVER
from slipway.build.session import OnnxModel
from slipway.errors import VariantError
from slipway.tensors import Array, measurable

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
NARROWED = ("Conv", "ConvTranspose")
"""Products whose outputs are brought to 8 bits whatever takes them, since ONNX Runtime has no 8-bit
convolution that gives anything else. The others give FP32, which costs nothing: what takes it may
bring it to 8 bits. With all outputs in 8 bits the answers of a BERT were 9 dB noisier, and later.
"""
PASSING = ("Relu", "MaxPool", "Concat")
OPERATORS = {
    # No ConvTranspose, for which ONNX Runtime has no 8-bit kernel. It computes sums between two
    # quantised layers in 8 bits by itself; others (a mean and a small constant) are better not.
    Activations.UNSIGNED: ("Conv", "Gemm", "MatMul", *PASSING),
    Activations.SIGNED: PRODUCTS,
}
WIDEN = "DequantizeLinear"


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime is not typed
    """One batch: of more the calibration keeps in memory what all give."""

    def __init__(self, batch: Mapping[str, Array]) -> None:
        self._rest = iter([dict(batch)])

    def get_next(self) -> dict[str, Array] | None:
        return next(self._rest, None)


@dataclass(frozen=True)
class StaticQuantiser:
    """Writes one file with Q/DQ pairs, as often as is wanted, with ranges that were measured once.

    `model` is what `source` holds, simplified. `ranges` is the file of ONNX Runtime that holds what
    `method` made of the numbers measured in it.
    """

    source: Path
    model: onnx.ModelProto
    method: CalibrationMethod
    ranges: Path
    reduce_range: bool
    activations: Activations

    def __call__(self, target: Path, excluded: Collection[str] = ()) -> Quantised:
        """`excluded` nodes stay FP32. Raises `VariantError` when nothing was quantised or the
        result is not sound.
        """
        products = _products(self.model, self.activations, excluded)
        check_any(products, excluded)
        self._write(target, [*products, *_passing(self.model, excluded)])
        nodes = _quantised(target, excluded)
        return finish(self.source, target, nodes, excluded, calibration=self.method.name)

    def _write(self, target: Path, nodes: list[str]) -> None:
        signed = self.activations is Activations.SIGNED
        options: dict[str, Any] = {
            "ActivationSymmetric": signed,
            "WeightSymmetric": True,
            # TensorRT takes biases in FP32, and fuses what comes after a product into it.
            "QuantizeBias": not signed,
            "OpTypesToExcludeOutputQuantization": [
                operator for operator in PRODUCTS if signed or operator not in NARROWED
            ],
        }
        copy = onnx.ModelProto()
        copy.CopyFrom(self.model)  # the quantiser changes what it is given
        with quiet_quantiser():
            write_pairs(
                copy,
                target,
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(OPERATORS[self.activations]),
                per_channel=True,
                reduce_range=self.reduce_range,
                activation_type=QuantType.QInt8 if signed else QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_quantize=nodes,
                calibrate_method=self.method,
                calibration_cache_path=self.ranges,
                extra_options=options,
            )


@contextmanager
def calibrated(
    source: Path,
    batches: Batches,
    *,
    reduce_range: bool,
    activations: Activations = Activations.UNSIGNED,
) -> Iterator[StaticQuantiser]:
    """Measure what is needed to quantise `source`, on `batches`. The way to choose ranges is that
    which loses least when all is quantised.

    `reduce_range`: weights of 7 bits, where a processor without VNNI would overflow its 16-bit
    sums. Raises `VariantError` when nothing can be quantised or no range be measured.
    """
    with TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        optimise_graph(source, plain)
        model = ready(plain)
        onnx.save(model, plain)
        products = _products(model, activations, ())
        check_any(products, ())
        reference = _answers(source, batches)
        quantisers = []
        for method in METHODS:
            ranges, attempt = (plain.with_name(f"{method.name}.{end}") for end in ("json", "onnx"))
            measured = _measure(plain, batches, method, OPERATORS[activations])
            if method is CalibrationMethod.MinMax:
                _check_ranges(model, products, measured)
            save_tensors_data(measured, ranges)
            quantise = StaticQuantiser(source, model, method, ranges, reduce_range, activations)
            quantise(attempt)
            quantisers.append((_loss(reference, _answers(attempt, batches)), quantise))
        yield max(quantisers, key=itemgetter(0))[1]


def _measure(
    model: Path, batches: Batches, method: CalibrationMethod, operators: Collection[str]
) -> TensorsData:
    """The ranges of all that the `operators` take and give."""
    with quiet_quantiser():
        calibrator = create_calibrator(
            model,
            list(operators),
            augmented_model_path=str(model.with_suffix(".augmented.onnx")),
            calibrate_method=method,
        )
        for batch in batches:
            calibrator.collect_data(_Reader(batch))
        return calibrator.compute_data()


def quantise_static(
    source: Path,
    target: Path,
    batches: Batches,
    *,
    excluded: Collection[str] = (),
    reduce_range: bool,
    activations: Activations = Activations.UNSIGNED,
) -> Quantised:
    """Write `source` once, as `calibrated` measured it. `excluded` nodes stay FP32.

    Raises `VariantError` as that does, and when nothing was quantised or the result is not sound.
    """
    with calibrated(
        source, batches, reduce_range=reduce_range, activations=activations
    ) as quantise:
        return quantise(target, excluded)


def _answers(path: Path, batches: Batches) -> Mapping[str, Array]:
    """The numbers in each floating-point output, over all batches. Unlike what tells the loss of
    each tensor, the file is run as fast as it is served.
    """
    model = OnnxModel(path)
    parts = [measurable(model(batch)) for batch in batches]
    return {name: np.concatenate([part[name].ravel() for part in parts]) for name in parts[0]}


def _loss(reference: Mapping[str, Array], answers: Mapping[str, Array]) -> float:
    """Decibels of the worst output."""
    found = [MOST]
    for name, wanted in reference.items():
        counted = np.abs(wanted) < NEVER  # masks have no power
        right, got = (each[counted].astype(np.float64) for each in (wanted, answers[name]))
        signal, noise = np.square(right).sum(), np.square(right - got).sum()
        sound = np.isfinite(noise) and (signal or not noise)
        found.append(decibels(noise / (signal or 1) if sound else inf))
    return min(found)


def _products(
    model: onnx.ModelProto, activations: Activations, excluded: Collection[str]
) -> dict[str, onnx.NodeProto]:
    """Those with weights, by name. The quantiser would take those of two activations as well."""
    weights = {initialiser.name for initialiser in model.graph.initializer}
    return {
        node.name: node
        for node in model.graph.node
        if node.op_type in PRODUCTS
        and node.op_type in OPERATORS[activations]
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


def _check_ranges(model: onnx.ModelProto, products: Collection[str], measured: TensorsData) -> None:
    for node in model.graph.node:
        if node.name not in products or node.input[0] not in measured:
            continue
        low, high = (np.asarray(each).item() for each in measured[node.input[0]].range_value)
        if low == high:
            raise VariantError(
                f"No range can be measured for the tensor '{node.input[0]}'",
                why=f"it is {low:g} everywhere on the calibration examples",
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
