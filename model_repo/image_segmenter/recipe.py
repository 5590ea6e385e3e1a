"""Lesions in scans: a grey image in, the probability of lesion for every pixel out."""

from slipway.recipe import Distillation, Metric, Optimisation, Pruning, Recipe, Serving, Training
from slipway.tensors import TensorSpec

SIDE = 96
"""Pixels of a scan's side: a multiple of 8, for a U-Net halves it three times."""

RECIPE = Recipe(
    title="Lesions in scans, U-Net",
    inputs=(TensorSpec("scan", "FP32", (1, SIDE, SIDE)),),
    outputs=(TensorSpec("mask", "FP32", (1, SIDE, SIDE)),),
    training=Training(epochs=12, batch_size=8, learning_rate=1e-2, weight_decay=1e-2, seed=0),
    metric=Metric("dice", floor=0.90, lead=0.1),
    parity=1e-4,
    serving=Serving(max_batch_size=8, batch_buckets=(1, 2, 4, 8), preferred_batch_sizes=(4,)),
    optimisation=Optimisation(
        distillation=Distillation(
            Training(epochs=8, batch_size=8, learning_rate=1e-2, weight_decay=1e-2, seed=0),
            soft=0.7,
            temperature=2.0,
        ),
        pruning=Pruning(
            share=0.5,
            training=Training(
                epochs=4, batch_size=8, learning_rate=3e-3, weight_decay=1e-2, seed=0
            ),
        ),
    ),
)
