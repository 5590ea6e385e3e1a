"""`model.py` against the few calls of Triton's Python interface that it makes."""

import json

import numpy as np
import pytest

from tests.triton_python import Request, Tensor


@pytest.fixture
def backend(load_backend):
    return load_backend("onnxruntime")


@pytest.fixture
def instance(backend):
    class Session:
        def run(self, outputs, feeds):
            assert outputs == ["y", "z"]
            if (feeds["b"] < 0).any():
                raise RuntimeError("negative")
            return [feeds["a"] + feeds["b"], feeds["b"]]

    made = backend.TritonPythonModel()
    made.signature = backend.agreement.Signature(("a", "b"), ("y", "z"), batched=True)
    made.outputs = ["y", "z"]
    made.session = Session()
    return made


def request(a, b, **more):
    # In another order than declared: clients may send them as they like.
    return Request([Tensor("b", np.array([[b]])), Tensor("a", np.array([[a]]))], **more)


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_numpy_2_is_refused_before_anything_is_served(load_backend, monkeypatch, name):
    monkeypatch.setattr(np, "__version__", "2.1.0")
    with pytest.raises(RuntimeError, match=r"numpy 2\.1\.0"):
        load_backend(name)


def test_every_request_is_answered_in_order_and_by_name(instance):
    responses = instance.execute([request(1, 10), request(2, 20)])
    answered = [{t.name(): t.as_numpy().item() for t in r.output_tensors} for r in responses]
    assert answered == [{"y": 11, "z": 10}, {"y": 22, "z": 20}]


def test_only_the_outputs_asked_for_are_sent(instance):
    (response,) = instance.execute([request(1, 10, wanted=("z",))])
    assert [tensor.name() for tensor in response.output_tensors] == ["z"]


def test_a_failure_is_an_error_of_its_own_request_alone(instance):
    good, bad = instance.execute([request(1, 10), request(2, -1)])
    assert good.error is None
    assert bad.error == "negative"


def test_the_file_may_have_a_name_of_its_own_or_a_folder_around_it(backend, tmp_path):
    assert backend.model_path(str(tmp_path), {}) == str(tmp_path / "model.onnx")
    named = {"default_model_filename": "net.onnx"}
    assert backend.model_path(str(tmp_path), named) == str(tmp_path / "net.onnx")
    tmp_path.joinpath("net.onnx").mkdir()
    assert backend.model_path(str(tmp_path), named) == str(tmp_path / "net.onnx/model.onnx")


def test_a_file_that_cannot_be_read_is_one_line_of_why(backend, tmp_path):
    tmp_path.joinpath("model.onnx").write_bytes(b"garbage")
    with pytest.raises(RuntimeError, match="INVALID_PROTOBUF") as caught:
        backend.TritonPythonModel().initialize({"model_config": json.dumps({})})
    assert "\n" not in str(caught.value)
