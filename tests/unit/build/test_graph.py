import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from slipway.build.optimise.graph import optimise_graph
from slipway.build.session import OnnxModel


@pytest.fixture
def foldable(tmp_path):
    """y = x + (1 + 2): the sum of constants can be folded."""
    constants = [numpy_helper.from_array(np.float32([v]), n) for n, v in (("a", 1), ("b", 2))]
    graph = helper.make_graph(
        [helper.make_node("Add", ["a", "b"], ["c"]), helper.make_node("Add", ["x", "c"], ["y"])],
        "foldable",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 1])],
        constants,
    )
    path = tmp_path / "foldable.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]), path)
    return path


def test_constants_are_folded_and_counted(foldable, tmp_path):
    change = optimise_graph(foldable, tmp_path / "out.onnx")
    assert (change.before, change.after) == (2, 1)
    assert change.operators == {"Add": (2, 1)}
    answer = OnnxModel(tmp_path / "out.onnx")({"x": np.float32([[1], [5]])})
    assert answer["y"].tolist() == [[4], [8]]


def test_the_result_stays_standard_onnx(foldable, tmp_path):
    optimise_graph(foldable, tmp_path / "out.onnx")
    model = onnx.load(tmp_path / "out.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert {entry.domain for entry in model.opset_import} <= {"", "ai.onnx"}
