"""ONNX Runtime reports its use unless it is told not to before it is imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from slipway import contract

USE = """
import os, pathlib, time
{first}
import onnxruntime
from onnx import TensorProto, helper
x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1]) for n in "xy")
graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", [x], [y])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
until = time.monotonic() + {wait}
while time.monotonic() < until and not any(pathlib.Path.home().rglob("onnxruntime.db")):
    time.sleep(0.05)
"""


def files_left_by(first, home, wait):
    """What using ONNX Runtime leaves in a home folder, `wait` seconds after at most."""
    subprocess.run(
        [sys.executable, "-c", USE.format(first=first, wait=wait)],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        check=True,
    )
    return [path for path in home.rglob("*") if path.is_file()]


@pytest.mark.parametrize("module", ["slipway.build.session", "slipway.recipe"])
def test_whatever_of_ours_is_imported_first_nothing_is_collected(module, tmp_path):
    assert files_left_by(f"import {module}", tmp_path, wait=3) == []


def test_without_us_something_is_collected_so_the_test_above_can_fail(tmp_path):
    assert files_left_by("", tmp_path, wait=30)


def test_the_switch_is_written_in_one_place():
    root = Path(contract.__file__).parents[1]
    places = [
        path.relative_to(root).as_posix()
        for part in ("slipway", "scripts", "model_repo", "benchmarks")
        for path in sorted((root / part).rglob("*.py"))
        if "ORT_DISABLE_TELEMETRY" in path.read_text()
    ]
    assert places == ["slipway/contract.py"]
