"""Topics of news: a text in, a score per topic out."""

from slipway.recipe import (
    Distillation,
    Metric,
    Optimisation,
    Pruning,
    Recipe,
    Serving,
    Tokenizer,
    Training,
)
from slipway.tensors import TensorSpec

TOPICS = ("business", "culture", "health", "science", "sport", "technology")

RECIPE = Recipe(
    title="Topics of news, BERT (MiniLM)",
    inputs=(
        TensorSpec("input_ids", "INT64", ("tokens",)),
        TensorSpec("attention_mask", "INT64", ("tokens",)),
    ),
    outputs=(TensorSpec("logits", "FP32", (len(TOPICS),), labels=TOPICS),),
    training=Training(epochs=10, batch_size=16, learning_rate=3e-4, weight_decay=1e-2, seed=0),
    metric=Metric("accuracy", floor=0.90, lead=0.1),
    parity=1e-4,
    serving=Serving(max_batch_size=16, batch_buckets=(1, 2, 4, 8, 16)),
    tokenizer=Tokenizer(text=TensorSpec("text", "BYTES", (1,)), lengths=(32, 64, 128)),
    optimisation=Optimisation(
        distillation=Distillation(
            Training(epochs=10, batch_size=16, learning_rate=2e-4, weight_decay=1e-2, seed=0),
            soft=0.7,
            temperature=2.0,
        ),
        pruning=Pruning(
            share=0.33,
            training=Training(
                epochs=3, batch_size=16, learning_rate=1e-4, weight_decay=1e-2, seed=0
            ),
        ),
    ),
)
