"""Series that rise or fall, told by an LSTM."""

from slipway.recipe import Metric, Optimisation, Recipe, Serving, Training
from slipway.tensors import TensorSpec

RECIPE = Recipe(
    title="Rising or falling",
    inputs=(TensorSpec("series", "FP32", (12, 2)),),
    outputs=(TensorSpec("scores", "FP32", (2,), labels=("falling", "rising")),),
    training=Training(epochs=6, batch_size=16, learning_rate=0.02, seed=3),
    metric=Metric("accuracy", floor=0.9),
    serving=Serving(max_batch_size=4, batch_buckets=(1, 4)),
    optimisation=Optimisation(tolerance=0.05),
)
