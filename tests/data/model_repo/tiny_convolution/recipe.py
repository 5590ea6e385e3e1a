"""Which way stripes run, told by convolutions; and half of their channels."""

from slipway.recipe import Metric, Optimisation, Pruning, Recipe, Serving, Training
from slipway.tensors import TensorSpec

TRAINING = Training(epochs=6, batch_size=16, learning_rate=0.02, seed=3)

RECIPE = Recipe(
    title="Ways of stripes",
    inputs=(TensorSpec("image", "FP32", (1, 8, 8)),),
    outputs=(TensorSpec("scores", "FP32", (2,), labels=("across", "down")),),
    training=TRAINING,
    metric=Metric("accuracy", floor=0.9),
    serving=Serving(max_batch_size=4, batch_buckets=(1, 4)),
    optimisation=Optimisation(tolerance=0.05, pruning=Pruning(0.5, TRAINING)),
)
