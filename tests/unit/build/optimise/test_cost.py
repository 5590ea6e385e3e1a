"""Costs that can be reckoned by hand."""

import torch.nn.functional as F
from torch import nn

from slipway.build.optimise.cost import VARYING, Cost, cost_of
from slipway.recipe import Metric, Recipe, Training
from slipway.tensors import TensorSpec


def recipe_of(inputs, outputs):
    return Recipe(
        title="-",
        inputs=(TensorSpec("x", "FP32", inputs),),
        outputs=(TensorSpec("y", "FP32", outputs),),
        training=Training(epochs=1, batch_size=2, learning_rate=0.1),
        metric=Metric("accuracy", 0.0),
    )


def test_a_linear_layer_multiplies_each_input_with_each_output():
    assert cost_of(nn.Linear(4, 3), recipe_of((4,), (3,))) == Cost(15, 12)


def test_a_convolution_does_so_at_each_place():
    layer = nn.Conv2d(2, 5, 3, padding=1, bias=False)
    assert cost_of(layer, recipe_of((2, 6, 7), (5, 6, 7))) == Cost(90, 90 * 42)


def test_a_recurrent_layer_counts_in_each_step():
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(3, 5, batch_first=True)

        def forward(self, x):
            return self.lstm(x)[0][:, -1]

    cost = cost_of(Last(), recipe_of(("steps", 3), (5,)))
    assert cost.multiply_adds == VARYING * 4 * 5 * (3 + 5)


def test_attention_counts_beside_what_has_weights():
    class Attention(nn.Module):
        def forward(self, x):
            return F.scaled_dot_product_attention(x[:, None], x[:, None], x[:, None])[:, 0]

    cost = cost_of(Attention(), recipe_of(("tokens", 8), ("tokens", 8)))
    assert cost == Cost(0, 2 * VARYING * VARYING * 8)


def test_a_layer_used_twice_has_its_parameters_once_and_its_work_twice():
    layer = nn.Linear(4, 4, bias=False)
    assert cost_of(nn.Sequential(layer, layer), recipe_of((4,), (4,))) == Cost(16, 32)
