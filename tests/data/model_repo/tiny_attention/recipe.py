"""Weather or kitchen, as `tiny_text` has it, told by attention; and half of it as a student."""

from slipway.recipe import (
    Distillation,
    Metric,
    Optimisation,
    Recipe,
    Serving,
    Tokenizer,
    Training,
)
from slipway.tensors import TensorSpec

TRAINING = Training(epochs=6, batch_size=16, learning_rate=0.01, seed=3)

RECIPE = Recipe(
    title="Weather or kitchen, by attention",
    inputs=(
        TensorSpec("input_ids", "INT64", ("tokens",)),
        TensorSpec("attention_mask", "INT64", ("tokens",)),
    ),
    outputs=(TensorSpec("scores", "FP32", (2,), labels=("weather", "kitchen")),),
    training=TRAINING,
    metric=Metric("accuracy", floor=0.9),
    serving=Serving(max_batch_size=4, batch_buckets=(1, 4)),
    tokenizer=Tokenizer(text=TensorSpec("text", "BYTES", (1,)), lengths=(4, 8)),
    optimisation=Optimisation(tolerance=0.05, distillation=Distillation(TRAINING)),
)
