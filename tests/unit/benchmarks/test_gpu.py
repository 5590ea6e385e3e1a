"""What benchmarks/gpu.py tells of its figures, and of a machine that has no GPU."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.gpu_parts.markdown import document
from benchmarks.gpu_parts.model import built
from benchmarks.gpu_parts.table import HEADER, rows
from slipway.build.optimise.rivals import EAGER
from slipway.build.session import on_gpu
from slipway.variants import Failed, Interval, Measured, Rival, Study, Timing, Verdict
from tests.engines import spec, trtexec, write_typed

ROOT = Path(__file__).parents[3]
SAME = Interval(0.0, 0.0, 0.0)


def timings(seconds):
    return tuple(Timing(batch, (seconds,) * 6, (0.004,) * 6) for batch in (1, 4, 16))


@pytest.fixture
def value():
    study = Study(
        hardware="1 x Some Processor, Some GPU",
        objective="latency",
        metric="accuracy",
        lower_is_better=False,
        baseline=Measured("onnx", ("trained",), 100, 0.9, SAME, timings(0.004)),
        rivals=(Rival(EAGER, timings(0.008)), Rival("compiled", (), "there is no compiler")),
        outcomes=(
            Measured("fp16", ("trained",), 50, 0.9, SAME, timings(0.002)),
            Failed("graph", "nothing was fused"),
        ),
        verdicts=(
            Verdict("fp16", kept=True, reason="2.00x"),
            Verdict("graph", kept=False, reason="nothing was fused"),
        ),
        chosen="fp16",
    )
    return {
        "study": study.to_json(),
        "tf32": {
            "timings": [
                {"batch": 1, "seconds": [0.003] * 6, "baseline": [0.004] * 6},
                {"batch": 4, "seconds": [0.003] * 6, "baseline": [0.004] * 6},
                {"batch": 16, "seconds": [0.001] * 6, "baseline": [0.004] * 6},
            ],
            "parity": 1e-4,
            "difference": {"exact": 2e-6, "tf32": 3e-3},
        },
        "tensorrt": {"missing": "There is no trtexec to build engines with"},
    }


def test_every_system_has_a_line_that_says_what_it_took_or_why_it_is_missing(value):
    table = {row[0]: row for row in rows(value)}
    assert all(len(row) == len(HEADER) for row in table.values())
    assert table[EAGER][1:4] == ("8.000 ms, 0.50x",) * 3
    assert table["compiled"][-1] == "there is no compiler"
    assert table["ONNX Runtime fp16"][-1] == "chosen: 2.00x"
    assert table["ONNX Runtime graph"][1:] == ("", "", "", "dropped: nothing was fused")
    assert table["ONNX Runtime onnx, TF32"][3] == "1.000 ms, 4.00x"
    assert "3.0e-03, without TF32 by 2.0e-06" in table["ONNX Runtime onnx, TF32"][-1]
    assert "no trtexec" in table["TensorRT"][-1]


def test_the_page_tells_what_was_measured_and_what_is_missing(value):
    page = document(
        {
            "hardware": "1 x Some Processor, Some GPU",
            "software": {"onnxruntime": "1.32.0"},
            "models": {"digits": value, "pumps": {"failed": "it cannot be exported"}},
        }
    )
    assert "On 1 x Some Processor, Some GPU; onnxruntime 1.32.0." in page
    assert "| digits | 1.33 / 1.33 / 4.00 | 3.0e-03 | 2.0e-06 | 1e-04 |" in page
    assert "- pumps: it cannot be exported" in page
    assert "- TensorRT: There is no trtexec" in page
    assert f"| {EAGER} |" in page


def test_engines_are_told_with_what_they_took_or_why_they_were_refused(value):
    value["tensorrt"] = {
        "version": "10.3.0",
        "engines": [
            {"precision": "fp16", "milliseconds": 0.25, "build_s": 60.0},
            {"precision": "int8", "failed": "it was silently built in another precision"},
        ],
    }
    table = {row[0]: row for row in rows(value)}
    assert table["TensorRT 10.3.0 fp16"][3] == "0.250 ms"
    assert "silently" in table["TensorRT 10.3.0 int8"][-1]


def test_an_engine_is_built_and_inspected_with_the_node_s_own_trtexec(tmp_path):
    """The command is the stand-in, which prints the milliseconds that it is known by."""
    offered = spec()
    write_typed(tmp_path / offered.source)
    value = built(trtexec(), tmp_path, offered)
    assert value["layers"] == {"fp16": 1}
    assert value["milliseconds"] == 0.25
    assert value["bytes"] > 0
    refused = built(trtexec(TRTEXEC_FAILURE="silently fp32"), tmp_path, offered)
    assert "silently built in another precision" in refused["failed"]


def test_a_model_that_failed_says_why():
    assert next(iter(rows({"failed": "it does not fit"})))[-1] == "it does not fit"


@pytest.mark.skipif(on_gpu(), reason="there is a GPU, and measuring on it takes minutes")
def test_without_a_gpu_one_line_says_what_is_missing():
    done = subprocess.run(
        [sys.executable, "benchmarks/gpu.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: There is no GPU to measure on")
    assert done.stderr.count("\n") == 1
