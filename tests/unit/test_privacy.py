"""ONNX Runtime and OpenVINO report their use unless kept from it before they are imported."""

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


USE_OF_OPENVINO = """
import sys
{first}
import numpy
import openvino
from openvino import opset13 as ops
x = ops.parameter([-1, 2], numpy.float32, name="x")
model = openvino.Model([ops.relu(x)], [x])
openvino.save_model(model, "{folder}/model.xml")
compiled = openvino.Core().compile_model(openvino.Core().read_model("{folder}/model.xml"), "CPU")
assert compiled(numpy.float32([[-1, 2]]))[0].tolist() == [[0.0, 2.0]]
"""

NO_PROXY = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
"""Leads to nothing that listens: what is to be reported goes nowhere."""


def run(program, home):
    subprocess.run(
        [sys.executable, "-c", program],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", **NO_PROXY},
        check=True,
    )


def files_left_by(first, home, wait):
    """What using ONNX Runtime leaves in a home folder, `wait` seconds after at most."""
    run(USE.format(first=first, wait=wait), home)
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


@pytest.fixture
def openvino_leaves(tmp_path):
    """Call it with what comes first for what using OpenVINO leaves in a home folder."""
    home, folder = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    folder.mkdir()

    def leaves(first):
        run(USE_OF_OPENVINO.format(first=first, folder=folder), home)
        return sorted(path.name for path in home.rglob("*"))

    return leaves


@pytest.mark.parametrize("module", ["slipway.build.openvino", "slipway.recipe"])
def test_whatever_of_ours_is_imported_first_openvino_reports_nothing(openvino_leaves, module):
    assert openvino_leaves(f"import {module}") == []


WATCHED = """
import atexit, os, sys
def note(event):
    os.close(os.open(os.environ["HOME"] + "/" + event, os.O_CREAT))
def watch(event, given):
    if event in ("socket.connect", "socket.getaddrinfo", "os.fork"):
        note(event)
def watch_imports():
    if sys.modules.get("openvino_telemetry"):
        note("imported")
sys.addaudithook(watch)
atexit.register(watch_imports)
"""
"""Whatever is tried leaves a file, since OpenVINO keeps errors of its reporting to itself."""


def test_while_openvino_is_used_no_process_is_started_and_nothing_is_connected_to(openvino_leaves):
    assert openvino_leaves(f"{WATCHED}\nimport slipway") == []


def test_without_us_openvino_reports_its_import_so_the_tests_above_can_fail(openvino_leaves):
    assert {"openvino_ga_cid", "stats", "imported", "os.fork"} <= set(openvino_leaves(WATCHED))
