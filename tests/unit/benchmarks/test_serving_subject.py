"""What the benchmark of serving agrees to compare."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.serving_parts.systems import Subject
from slipway.artefact import ARTEFACT_FILE
from slipway.errors import BuildError
from slipway.golden import Golden
from slipway.variants import Interval, Measured, Study, Timing
from tests.factories import packaged_model

X = np.zeros((2, 3), np.float32)
GOLDEN = Golden({"x": X}, {"y": X}, 1e-4)


def study(chosen):
    timings = (Timing(1, (0.01,) * 9, (0.01,) * 9),)
    each = {
        name: Measured(name, ("trained",), 1, 0.9, Interval(0, 0, 0), timings)
        for name in ("onnx", "distil")
    }
    return Study("a processor", "latency", "accuracy", lower_is_better=False,
                 baseline=each["onnx"], rivals=(), outcomes=(each["distil"],), verdicts=(),
                 chosen=chosen)  # fmt: skip


@pytest.fixture
def built(tmp_path):
    """A workspace with a package that was chosen by a comparison, or without one."""

    def make(chosen):
        steps = tmp_path / "models/tiny"
        package = steps / "package/latest"
        artefact = packaged_model(package, files={"model/1/model.onnx": b"onnx"})
        artefact = replace(artefact, study=study(chosen) if chosen else None)
        (package / ARTEFACT_FILE).write_text(json.dumps(artefact.to_json()))
        (steps / "train/latest").mkdir(parents=True)
        (steps / "train/latest/weights.pt").write_bytes(b"weights")
        return tmp_path

    return make


@pytest.mark.parametrize("chosen", [None, "onnx"])
def test_the_network_as_it_was_trained_is_compared(built, tmp_path, chosen):
    subject = Subject.built("tiny", tmp_path, built(chosen), GOLDEN)
    assert len(subject.requests) == 2


def test_another_network_than_pytorch_serves_is_refused(built, tmp_path):
    with pytest.raises(BuildError, match="'tiny' is packaged as 'distil'") as caught:
        Subject.built("tiny", tmp_path, built("distil"), GOLDEN)
    assert "scripts/build.py tiny" in str(caught.value)


def test_what_is_not_built_is_refused(tmp_path):
    with pytest.raises(BuildError, match="'tiny' is not built"):
        Subject.built("tiny", tmp_path, tmp_path, GOLDEN)
