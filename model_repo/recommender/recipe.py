"""What to show next: the texts of the items a visitor looked at in, ten items of the shop out."""

from slipway.recipe import (
    Distillation,
    Metric,
    Optimisation,
    Recipe,
    Serving,
    Sizes,
    Tokenizer,
    Training,
)
from slipway.tensors import TensorSpec

OFFERED = 10
"""Items that are recommended."""

RECIPE = Recipe(
    title="Recommendations, BERT and attention over the history",
    inputs=(
        TensorSpec("input_ids", "INT64", ("items", "tokens")),
        TensorSpec("attention_mask", "INT64", ("items", "tokens")),
    ),
    outputs=(TensorSpec("items", "INT64", (OFFERED,)), TensorSpec("scores", "FP32", (OFFERED,))),
    tokenizer=Tokenizer(text=TensorSpec("history", "BYTES", ("items",), fill=""), lengths=(16, 32)),
    training=Training(
        epochs=6, batch_size=256, learning_rate=4e-3, weight_decay=1e-2, seed=0, clip_norm=1.0
    ),
    metric=Metric("hit_rate", floor=0.80, lead=1.0),
    parity=1e-4,
    serving=Serving(
        max_batch_size=8,
        batch_buckets=(1, 2, 4, 8),
        # Training saw up to 20 items; who sends twice as many is answered as well.
        ranges=(Sizes("items", 1, 8, 40),),
    ),
    optimisation=Optimisation(
        distillation=Distillation(
            Training(
                epochs=2,
                batch_size=256,
                learning_rate=1e-3,
                weight_decay=1e-2,
                seed=0,
                clip_norm=1.0,
            ),
            soft=0.9,
            temperature=1.0,
        ),
    ),
)
