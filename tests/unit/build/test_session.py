"""What runs where there is a GPU. None is needed."""

import pytest

from slipway.build import session
from slipway.build.engine import ONNXRUNTIME
from slipway.build.optimise import rivals
from slipway.errors import BuildError
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
