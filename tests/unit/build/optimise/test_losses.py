from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.optimise.losses import MOST, decibels, output_loss, tensor_losses

BATCHES = [{"x": np.full((2, 4), v, np.float32)} for v in (1, 3)]


@pytest.fixture
def graph(onnx_file):
    def write(name, gain, last):
        return onnx_file(
            "g (float[n,4] x) => (float[n,4] y) "
            "{ [one] a = Mul(x, gain)\n [two] b = Neg(a)\n [three] y = Mul(b, last) }",
            name,
            gain=np.float32(gain),
            last=np.float32(last),
        )

    return write


def test_a_tenth_of_noise_is_20_decibels_and_is_put_down_to_the_node_that_adds_it(graph):
    losses = tensor_losses(graph("a.onnx", 2, 1), graph("b.onnx", 2.2, 1), BATCHES)
    by_tensor = {loss.tensor: loss for loss in losses}
    assert [by_tensor[name].db for name in "aby"] == [pytest.approx(20, abs=1e-4)] * 3
    assert [by_tensor[name].node for name in "aby"] == ["one", "two", "three"]
    added = [by_tensor[name].added for name in "aby"]
    assert added == [pytest.approx(0.01, rel=1e-4), pytest.approx(0), pytest.approx(0)]


def test_the_worst_tensor_comes_first(graph):
    losses = tensor_losses(graph("a.onnx", 2, 1), graph("b.onnx", 2.02, 2), BATCHES)
    assert losses[0].tensor == "y"
    assert [loss.db for loss in losses] == sorted(loss.db for loss in losses)


def test_graphs_that_agree_lose_nothing(graph):
    path = graph("a.onnx", 2, 1)
    assert {loss.db for loss in tensor_losses(path, path, BATCHES)} == {MOST}
    assert output_loss(path, path, BATCHES) == MOST


def test_a_tensor_that_is_no_number_any_more_is_lost_altogether(graph):
    assert output_loss(graph("a.onnx", 2, 1), graph("b.onnx", np.inf, 1), BATCHES) == -inf


def test_noise_where_nothing_should_be_is_all_noise(graph):
    assert output_loss(graph("a.onnx", 0, 1), graph("b.onnx", 1, 1), BATCHES) == -inf


def test_masks_do_not_drown_what_else_is_in_a_tensor(onnx_file):
    texts = "g (float[n,2] x) => (float[n,2] y) { y = Add(x, k) }"
    lowest = np.finfo(np.float32).min
    before = onnx_file(texts, "a.onnx", k=np.array([0, lowest], np.float32))
    after = onnx_file(texts, "b.onnx", k=np.array([0.1, -1e4], np.float32))
    assert output_loss(before, after, [{"x": np.ones((1, 2), np.float32)}]) == pytest.approx(20)


@given(share=st.floats(1e-15, 1e15), factor=st.floats(1.01, 1e3))
def test_more_noise_is_fewer_decibels(share, factor):
    assert decibels(share * factor) < decibels(share) <= MOST
