"""What tests of engines share: small typed ONNX files, and trtexec's stand-in."""

import os
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from slipway.engines import EngineSpec, Profile
from slipway.node.engines.gpu import Gpu
from slipway.node.engines.trtexec import Trtexec

STAND_IN = Path(__file__).parent / "trtexec.py"
L4 = Gpu("NVIDIA L4", "8.9", "550.54.14")
WIDTH = 4


def trtexec(timeout=60.0, **environ):
    """The real adapter around the stand-in; `environ` are the stand-in's own variables."""
    return Trtexec((sys.executable, str(STAND_IN)), {**os.environ, **environ}, timeout)


def write_typed(path, *, elements=np.float16, factor=2.0, batch="batch"):
    """`point` (batch, 4) times a matrix, in some type; its input and output stay FP32."""
    weights = (np.eye(WIDTH) * factor).astype(elements)
    typed = helper.np_dtype_to_tensor_dtype(weights.dtype)
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["point"], ["narrow"], name="down", to=typed),
            helper.make_node("MatMul", ["narrow", "weights"], ["product"], name="product"),
            helper.make_node("Cast", ["product"], ["y"], name="up", to=TensorProto.FLOAT),
        ],
        "typed",
        [helper.make_tensor_value_info("point", TensorProto.FLOAT, [batch, WIDTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, WIDTH])],
        [numpy_helper.from_array(weights, "weights")],
    )
    return _save(graph, path)


def write_quantised(path):
    """The same product between QuantizeLinear and DequantizeLinear, weights in INT8."""
    floats = TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("QuantizeLinear", ["point", "scale", "zero"], ["q"], name="quantise"),
            helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["d"], name="back"),
            helper.make_node("DequantizeLinear", ["w", "scale", "zero"], ["dw"], name="weights"),
            helper.make_node("MatMul", ["d", "dw"], ["y"], name="product"),
        ],
        "quantised",
        [helper.make_tensor_value_info("point", floats, ["batch", WIDTH])],
        [helper.make_tensor_value_info("y", floats, ["batch", WIDTH])],
        [
            numpy_helper.from_array(np.float32(0.05), "scale"),
            numpy_helper.from_array(np.int8(0), "zero"),
            numpy_helper.from_array((np.eye(WIDTH) * 40).astype(np.int8), "w"),
        ],
    )
    return _save(graph, path)


def _save(graph, path):
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


def profile(least, best, most, name="point", width=WIDTH):
    return Profile({name: (least, width)}, {name: (best, width)}, {name: (most, width)})


def spec(precision="fp16", source="typed/fp16.onnx", **changes):
    profiles = (profile(1, 1, 1), profile(1, 8, 8))
    return EngineSpec(**{"precision": precision, "source": source, "profiles": profiles,
                         **changes})  # fmt: skip
