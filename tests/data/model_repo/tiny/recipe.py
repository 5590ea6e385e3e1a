"""Three clouds of points in four dimensions: small enough to build in seconds."""

from slipway.recipe import Metric, Recipe, Serving, Training
from slipway.tensors import TensorSpec

RECIPE = Recipe(
    title="Three clouds",
    inputs=(TensorSpec("point", "FP32", (4,)),),
    outputs=(TensorSpec("scores", "FP32", (3,), labels=("red", "green", "blue")),),
    training=Training(epochs=6, batch_size=16, learning_rate=0.05, seed=3),
    metric=Metric("accuracy", floor=0.9),
    parity=1e-5,
    serving=Serving(max_batch_size=8, batch_buckets=(1, 4, 8)),
)
