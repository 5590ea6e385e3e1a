"""Introductions of places for travellers: a few words in, the text that follows out, streamed."""

from slipway.recipe import Distillation, Generation, Metric, Optimisation, Recipe, Training
from slipway.tensors import TensorSpec

VOCABULARY = 1536

RECIPE = Recipe(
    title="Introductions of places, GPT decoder",
    inputs=(TensorSpec("input_ids", "INT64", ("tokens",), fill=0),),
    outputs=(TensorSpec("logits", "FP32", ("tokens", VOCABULARY)),),
    training=Training(
        epochs=5, batch_size=8, learning_rate=2e-3, weight_decay=0.1, seed=0, clip_norm=1.0
    ),
    metric=Metric("perplexity", floor=6.5, lead=0.10),
    parity=1e-3,
    generation=Generation(context=256, rows=8, queue=64, max_tokens=128),
    optimisation=Optimisation(
        distillation=Distillation(
            Training(
                epochs=4, batch_size=8, learning_rate=2e-3, weight_decay=0.1, seed=0, clip_norm=1.0
            ),
            soft=0.7,
            temperature=1.0,
        ),
    ),
)
