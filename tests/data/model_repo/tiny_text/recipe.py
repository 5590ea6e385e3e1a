"""Weather or kitchen: sentences of a few words, small enough to build in seconds."""

from slipway.recipe import Metric, Recipe, Serving, Tokenizer, Training
from slipway.tensors import TensorSpec

RECIPE = Recipe(
    title="Weather or kitchen",
    inputs=(
        TensorSpec("input_ids", "INT64", ("tokens",)),
        TensorSpec("attention_mask", "INT64", ("tokens",)),
    ),
    outputs=(TensorSpec("scores", "FP32", (2,), labels=("weather", "kitchen")),),
    training=Training(epochs=6, batch_size=16, learning_rate=0.05, seed=3),
    metric=Metric("accuracy", floor=0.9, lead=0.2),
    parity=1e-5,
    serving=Serving(max_batch_size=4, batch_buckets=(1, 4)),
    tokenizer=Tokenizer(text=TensorSpec("text", "BYTES", (1,)), lengths=(4, 8)),
)
