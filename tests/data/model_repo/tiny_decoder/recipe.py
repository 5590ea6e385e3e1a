"""A sentence over and over, gone on with by a small Llama."""

from slipway.recipe import Generation, Metric, Recipe, Training
from slipway.tensors import TensorSpec

VOCABULARY = 258
"""Bytes, and the tokens before and after a text."""

RECIPE = Recipe(
    title="The letters that follow",
    inputs=(TensorSpec("input_ids", "INT64", ("tokens",), fill=0),),
    outputs=(TensorSpec("logits", "FP32", ("tokens", VOCABULARY)),),
    training=Training(epochs=8, batch_size=8, learning_rate=0.005, seed=3),
    metric=Metric("perplexity", floor=2.0),
    parity=1e-3,
    generation=Generation(context=96, rows=2),
)
