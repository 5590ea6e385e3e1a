"""Models run by OpenVINO in this process. No test assumes bfloat16 or AMX of the processor."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from slipway.build.openvino import NEEDED, OpenvinoModel, capabilities
from slipway.errors import VariantError
from tests.quantised import convolutions, products, quantised, some


def onnx_runtime(path, inputs):
    return ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(["y"], inputs)[0]


def test_answers_are_those_of_onnx_runtime_at_any_batch_and_length(tmp_path):
    path = products(tmp_path / "net.onnx")
    model = OpenvinoModel(path, precision="f32", threads=1)
    for rows, tokens in ((1, 4), (3, 17), (2, 1)):
        inputs = some(rows, tokens, 32)
        np.testing.assert_allclose(model(inputs)["y"], onnx_runtime(path, inputs), atol=1e-5)


def test_an_output_keeps_its_name_where_openvino_takes_it_for_another_tensor(tmp_path):
    """A cast to the type that is there is left out, and its tensors become one."""
    one = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4])
    other = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 4])
    graph = helper.make_graph(
        [
            helper.make_node("Exp", ["x"], ["exp"]),
            helper.make_node("Cast", ["exp"], ["scores"], to=TensorProto.FLOAT),
        ],
        "merged",
        [one],
        [other],
    )
    path = tmp_path / "merged.onnx"
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path
    )
    answers = OpenvinoModel(path, precision="f32")({"x": np.zeros((2, 4), np.float32)})
    np.testing.assert_allclose(answers["scores"], np.ones((2, 4)), atol=1e-6)


def test_an_answer_outlives_the_next_call(tmp_path):
    model = OpenvinoModel(products(tmp_path / "net.onnx"), precision="f32", threads=1)
    first = model(some(2, 3, 32))["y"]
    before = first.copy()
    model(some(2, 3, 32))
    np.testing.assert_array_equal(first, before)


@pytest.mark.parametrize(("net", "shape"), [(convolutions, (2, 3, 8, 8)), (products, (2, 5, 32))])
def test_a_file_quantised_for_onnx_runtime_really_runs_in_8_bits(tmp_path, net, shape):
    plain = net(tmp_path / "net.onnx")
    path = quantised(plain, tmp_path / "int8.onnx", *shape)
    model = OpenvinoModel(path, precision="int8", threads=1)
    assert model.layer_precisions()
    assert set(model.layer_precisions()) <= {"i8", "u8"}
    inputs = some(*shape)
    np.testing.assert_allclose(model(inputs)["y"], onnx_runtime(path, inputs), atol=0.05)
    assert set(OpenvinoModel(plain, precision="f32").layer_precisions()) == {"f32"}


def test_a_precision_that_the_processor_lacks_is_refused_and_not_imitated(tmp_path):
    path = products(tmp_path / "net.onnx")
    assert "FP32" in capabilities()
    for precision, needed in NEEDED.items():
        if needed in capabilities():
            OpenvinoModel(path, precision=precision)
        else:
            with pytest.raises(VariantError, match=f"only imitate {needed} here: "):
                OpenvinoModel(path, precision=precision)


def test_a_precision_nobody_knows_is_a_mistake_of_the_caller(tmp_path):
    with pytest.raises(ValueError, match="'fp64' is none of default, f32, bf16, int8"):
        OpenvinoModel(tmp_path / "net.onnx", precision="fp64")


def test_a_file_that_is_no_model_is_one_line_that_says_so(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(VariantError, match=r"cannot load net\.onnx: Unable to read") as caught:
        OpenvinoModel(path, precision="f32")
    assert "src/" not in str(caught.value)


def test_inputs_that_do_not_fit_are_one_line_that_says_so(tmp_path):
    model = OpenvinoModel(products(tmp_path / "net.onnx"), precision="f32", threads=1)
    with pytest.raises(VariantError, match="cannot run the model: "):
        model(some(2, 3, 31))
