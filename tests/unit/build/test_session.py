"""What runs a file, in which other ways, and what where there is a GPU. None is needed."""

import numpy as np
import onnx
import pytest

from slipway.build import session
from slipway.build.engine import ONNXRUNTIME, OPENVINO
from slipway.build.optimise import rivals
from slipway.errors import BuildError, VariantError
from tests.quantised import products


@pytest.fixture
def gpu(monkeypatch):
    """As where onnxruntime-gpu meets a GPU, but for CUDA itself, which is not here."""
    monkeypatch.setattr(session, "on_gpu", lambda: True)
    monkeypatch.setattr(rivals, "on_gpu", lambda: True)


@pytest.mark.filterwarnings("ignore:Specified provider 'CUDAExecutionProvider':UserWarning")
@pytest.mark.usefixtures("gpu")
def test_the_processor_is_not_measured_in_place_of_a_gpu_that_cannot_be_used(tmp_path):
    path = products(tmp_path / "net.onnx")
    with pytest.raises(BuildError, match="does not run on the GPU that is here"):
        session.loaded(path, ONNXRUNTIME)


@pytest.mark.usefixtures("gpu")
def test_pytorch_on_the_processor_is_not_compared_with_a_gpu():
    with pytest.raises(BuildError, match="PyTorch does not run on the GPU"):
        rivals.device()


def test_pytorch_is_compared_in_the_short_format_that_the_hardware_is_fast_in():
    assert {way.name for way in rivals.ways(rivals.GPU)} >= {"PyTorch compiled FP16"}
    assert {way.name for way in rivals.ways(rivals.CPU)} >= {"PyTorch compiled bfloat16"}
    assert {way.device for way in rivals.ways(rivals.GPU)} == {"cuda"}


@pytest.mark.parametrize(("engine", "ways"), [(ONNXRUNTIME, 1), (OPENVINO, 3)])
def test_other_ways_to_run_a_file_answer_as_it_does_but_for_rounding(engine, ways, tmp_path):
    path = products(tmp_path / "net.onnx")
    width = onnx.load(path).graph.input[0].type.tensor_type.shape.dim[-1].dim_value
    inputs = {"x": np.random.default_rng(0).normal(size=(3, 2, width)).astype(np.float32)}
    (wanted,) = session.loaded(path, engine)(inputs).values()
    found = [next(iter(way(inputs).values())) for way in session.otherwise(path, engine)]
    assert len(found) == ways
    largest = float(np.abs(wanted).max())
    for answer in found:
        assert float(np.abs(answer - wanted).max()) <= 0.05 * largest


def test_a_file_that_is_none_is_refused_in_a_clear_line(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(VariantError, match="ONNX Runtime cannot load it"):
        session.loaded(path, ONNXRUNTIME)
