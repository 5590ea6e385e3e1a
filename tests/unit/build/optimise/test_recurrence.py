"""Recurrent layers as PyTorch exports them, simplified: the same answers from fewer nodes."""

from collections import Counter

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from torch import nn

from slipway.build.export import export
from slipway.build.optimise.recurrence import simplify_recurrence
from slipway.recipe import Metric, Recipe, Training
from slipway.tensors import TensorSpec

FEATURES, WIDTH = 3, 5


class Layers(nn.Module):
    def __init__(self, kind=nn.LSTM, **settings):
        super().__init__()
        self.layers = kind(FEATURES, WIDTH, batch_first=True, **settings)

    def forward(self, series):
        return self.layers(series)[0].mean(dim=1)


class FromOnes(Layers):
    """Its state begins with something."""

    def forward(self, series):
        state = torch.ones(1, series.shape[0], WIDTH)
        return self.layers(series, (state, state))[0].mean(dim=1)


def exported(network, path):
    width = WIDTH * (1 + network.layers.bidirectional)
    recipe = Recipe(
        title="series",
        inputs=(TensorSpec("series", "FP32", ("steps", FEATURES)),),
        outputs=(TensorSpec("states", "FP32", (width,)),),
        training=Training(epochs=1, batch_size=2, learning_rate=0.1),
        metric=Metric("accuracy", floor=0.5),
    )
    torch.manual_seed(0)
    export(network, recipe, path)
    return onnx.load(path)


def answers(model, batch, steps):
    series = np.random.default_rng(1).normal(size=(batch, steps, FEATURES)).astype(np.float32)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"series": series})[0]


@pytest.mark.parametrize(
    ("network", "left", "states"),
    [
        (Layers(), {"Transpose": 2, "LSTM": 1, "Squeeze": 1, "ReduceMean": 1}, 0),
        (Layers(nn.GRU), {"Transpose": 2, "GRU": 1, "Squeeze": 1, "ReduceMean": 1}, 0),
        (Layers(num_layers=2), {"Transpose": 2, "LSTM": 2, "Squeeze": 2, "ReduceMean": 1}, 0),
        (FromOnes(), None, 2),
        (Layers(bidirectional=True), None, 0),
    ],
    ids=["LSTM", "GRU", "two layers", "from a state", "two directions"],
)
def test_the_answers_stay_and_what_surrounds_a_layer_goes(network, left, states, tmp_path):
    model = exported(network, tmp_path / "model.onnx")
    simpler = onnx.ModelProto.FromString(model.SerializeToString())
    simplify_recurrence(simpler)
    onnx.checker.check_model(simpler, full_check=True)
    for batch, steps in ((1, 1), (1, 9), (3, 1), (4, 7)):
        assert np.array_equal(answers(simpler, batch, steps), answers(model, batch, steps))
    operators = Counter(node.op_type for node in simpler.graph.node)
    assert len(simpler.graph.node) < len(model.graph.node)
    if left:
        assert operators == left
    for node in simpler.graph.node:
        if node.op_type in ("LSTM", "GRU"):
            assert sum(map(bool, node.input[5:])) == states
    if network.layers.bidirectional:
        assert operators["Reshape"]  # it puts the directions side by side


def reshaping(model):
    """The node that puts a layer's directions side by side."""
    swapped = {n.output[0] for n in model.graph.node if n.op_type == "Transpose"}
    return next(n for n in model.graph.node if n.op_type == "Reshape" and n.input[0] in swapped)


def asked_for(model):
    sizes = onnx.helper.make_tensor_value_info("sizes", onnx.TensorProto.INT64, [3])
    model.graph.input.append(sizes)
    reshaping(model).input[1] = "sizes"


def constant(model):
    sizes = onnx.numpy_helper.from_array(np.int64([7, 3, WIDTH]), "sizes")
    model.graph.initializer.append(sizes)
    reshaping(model).input[1] = "sizes"


def turned(model):
    """Another order of dimensions, the default one."""
    name = reshaping(model).input[0]
    transpose = next(n for n in model.graph.node if n.output[0] == name)
    del transpose.attribute[:]


@pytest.mark.parametrize("plant", [asked_for, constant, turned])
def test_a_shape_that_something_else_decides_is_left(plant, tmp_path):
    model = exported(Layers(), tmp_path / "model.onnx")
    plant(model)
    left = reshaping(model).output[0]
    simplify_recurrence(model)
    assert left in {n.output[0] for n in model.graph.node if n.op_type == "Reshape"}


def test_a_graph_without_layers_is_left_alone(tmp_path):
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    values = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [2]) for n in "xy"]
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", values[:1], values[1:]))
    before = model.SerializeToString()
    simplify_recurrence(model)
    assert model.SerializeToString() == before
