"""Handwritten digits: an 8 x 8 scan in, a score per digit out."""

from slipway.recipe import Distillation, Metric, Optimisation, Pruning, Recipe, Serving, Training
from slipway.tensors import TensorSpec

DIGITS = tuple("0123456789")
SIDE = 8
"""Pixels."""
INK = 16.0
"""The grey value of full ink; paper is 0."""

RECIPE = Recipe(
    title="Handwritten digits, ResNet-18",
    inputs=(TensorSpec("image", "FP32", (1, SIDE, SIDE)),),
    outputs=(TensorSpec("logits", "FP32", (len(DIGITS),), labels=DIGITS),),
    training=Training(epochs=8, batch_size=32, learning_rate=2e-3, weight_decay=5e-2, seed=0),
    metric=Metric("accuracy", floor=0.97, lead=0.03),
    parity=1e-4,
    serving=Serving(max_batch_size=16, batch_buckets=(1, 2, 4, 8, 16), preferred_batch_sizes=(8,)),
    optimisation=Optimisation(
        distillation=Distillation(
            Training(epochs=6, batch_size=32, learning_rate=1e-2, weight_decay=5e-2, seed=0),
            soft=0.7,
            temperature=2.0,
        ),
        pruning=Pruning(
            share=0.5,
            training=Training(
                epochs=3, batch_size=32, learning_rate=5e-4, weight_decay=5e-2, seed=0
            ),
        ),
    ),
)
