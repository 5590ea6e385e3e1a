"""Small ONNX models with random weights, and the same quantised as Slipway does it."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

RNG = np.random.default_rng(0)


def weights(name, *shape):
    return numpy_helper.from_array((RNG.normal(size=shape) * 0.2).astype(np.float32), name)


def write(path, nodes, initializers, x, y):
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, y)],
        initializers,
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path
    )
    return path


def convolutions(path):
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["c1"], pads=[1] * 4),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "w2"], ["c2"], pads=[1] * 4),
        helper.make_node("GlobalAveragePool", ["c2"], ["y"]),
    ]
    shapes = weights("w1", 8, 3, 3, 3), weights("w2", 8, 8, 3, 3)
    return write(path, nodes, shapes, ["batch", 3, 8, 8], ["batch", 8, 1, 1])


def products(path):
    nodes = [
        helper.make_node("MatMul", ["x", "w1"], ["m"]),
        helper.make_node("Relu", ["m"], ["r"]),
        helper.make_node("MatMul", ["r", "w2"], ["y"]),
    ]
    shapes = weights("w1", 32, 64), weights("w2", 64, 8)
    return write(path, nodes, shapes, ["batch", "tokens", 32], ["batch", "tokens", 8])


def some(*shape):
    return {"x": RNG.normal(size=shape).astype(np.float32)}


class Examples(CalibrationDataReader):
    def __init__(self, *shape):
        self.left = iter([some(*shape) for _ in range(4)])

    def get_next(self):
        return next(self.left, None)


def quantised(source, target, *shape):
    quantize_static(
        source,
        target,
        Examples(*shape),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
    )
    return target
