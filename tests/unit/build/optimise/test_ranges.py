import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from slipway.build.optimise.ranges import Range, measure_ranges, range_of

STEPS = """
g (float[n,2] x) => (float[n,2] y) {
    raised = Mul(x, k)
    cut = Relu(raised)
    back = Div(cut, k)
    y = Add(back, x)
}
"""


def test_every_tensor_inside_is_measured_over_all_batches(onnx_file):
    path = onnx_file(STEPS, k=np.float32(1000))
    batches = [
        {"x": np.array([[-3, 2]], np.float32)},
        {"x": np.array([[5, -1], [0, 0]], np.float32)},
    ]
    ranges = measure_ranges(path, batches)
    assert ranges["x"] == Range(-3, 5, 1)
    assert ranges["raised"] == Range(-3000, 5000, 1000)
    assert ranges["cut"] == Range(0, 5000, 2000)
    assert ranges["y"] == Range(-3, 10, 1)
    assert ranges["raised"].largest == 5000


def test_more_tensors_than_one_run_gives_out_are_all_measured(onnx_file, monkeypatch):
    path = onnx_file(STEPS, k=np.float32(1000))
    batches = [{"x": np.array([[-3, 2]], np.float32)}]
    whole = measure_ranges(path, batches)
    monkeypatch.setattr("slipway.build.optimise.intermediates.AT_ONCE", 1)
    assert measure_ranges(path, batches) == whole


def test_operators_of_onnx_runtime_are_measured_too(onnx_file):
    path = onnx_file(
        "g (float[n,4] x) => (float[n,4] y) "
        "{ inside = com.microsoft.BiasGelu(x, b)\n y = Neg(inside) }",
        b=np.full(4, 7, np.float32),
    )
    ranges = measure_ranges(path, [{"x": np.zeros((2, 4), np.float32)}])
    assert ranges["inside"].high == pytest.approx(7, abs=1e-3)


def test_infinity_and_what_masks_are_made_of_do_not_count():
    array = np.array([1, -2, np.inf, -np.inf, np.nan, np.finfo(np.float32).min], np.float32)
    assert range_of(array) == Range(-2, 1, 1)
    assert range_of(array[2:]) is None


@given(arrays(np.float32, 12, elements=st.floats(-1e6, 1e6, width=32)), st.integers(1, 11))
def test_ranges_of_parts_joined_are_the_range_of_the_whole(array, cut):
    whole, one, other = range_of(array), range_of(array[:cut]), range_of(array[cut:])
    assert one.joined(other) == whole
