"""The same processor with and without VNNI, and what that does to weights of 8 and of 7 bits."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmarks.optimise_parts.processor import hiding
from benchmarks.optimise_parts.summary import decibels, rows
from slipway.build.optimise.dynamic import quantise_dynamic
from slipway.hardware import this_machine

ROOT = Path(__file__).parents[3]
WIDTH = 256


@pytest.fixture
def folder(tmp_path):
    """A product whose weights and inputs are as large as 8 bits take, in FP32, 8 and 7 bits."""
    rng = np.random.default_rng(2)
    weights = np.sign(rng.normal(size=(WIDTH, 32))) * rng.uniform(0.9, 1.0, (WIDTH, 32))
    inputs = rng.uniform(0.8, 1.0, (4, WIDTH)).astype(np.float32)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", WIDTH])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 32])
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")],
        "product",
        [x],
        [y],
        [numpy_helper.from_array(weights.astype(np.float32), "w")],
    )
    plain = tmp_path / "FP32.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, plain)
    quantise_dynamic(plain, tmp_path / "INT8.onnx", reduce_range=False)
    quantise_dynamic(plain, tmp_path / "INT7.onnx", reduce_range=True)
    np.savez(tmp_path / "inputs.npz", x=inputs)
    return tmp_path


def noise(folder, name, environment=None):
    """What a process of its own answers, in decibels, by file."""
    command = [sys.executable, "-m", "benchmarks.optimise_parts.child", folder, name]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, input="", text=True)
    with np.load(folder / "inputs.npz") as file, np.load(folder / f"answers_{name}.npz") as said:
        assert file["x"].shape == (4, WIDTH)
        return {stem: decibels(said["FP32"], said[stem]) for stem in said.files}


def test_without_vnni_weights_of_8_bits_overflow_and_those_of_7_bits_do_not(folder, tmp_path):
    hidden = hiding(tmp_path)
    if isinstance(hidden, str):
        pytest.skip(hidden)
    old = noise(folder, "without VNNI", hidden)
    assert old["INT8"] < 20
    assert old["INT7"] > 30


def test_a_processor_with_vnni_takes_all_8_bits(folder):
    if not this_machine().vnni:
        pytest.skip("this processor has no VNNI")
    assert noise(folder, "as it is")["INT8"] > 30


def test_each_file_is_compared_with_fp32_of_the_same_rounds(tmp_path):
    np.savez(tmp_path / "answers_as it is.npz", FP32=np.ones(4), INT8=np.ones(4) * 1.1)
    rounds = [{"FP32": 0.02, "INT8": 0.01}] * 5 + [{"FP32": 0.04, "INT8": 0.02}] * 4
    plain, small = rows(tmp_path, {"as it is": rounds})
    assert (plain["file"], plain["said"], plain["db"]) == ("FP32", "1.00x (1.00-1.00)", "inf dB")
    assert small["said"] == "2.00x (2.00-2.00)"
    assert small["db"] == "20.0 dB"
