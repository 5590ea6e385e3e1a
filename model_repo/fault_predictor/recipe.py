"""Pumps that will fail within a day: two days of sensor readings in, the risk and its mode out."""

from slipway.recipe import Distillation, Metric, Optimisation, Recipe, Serving, Sizes, Training
from slipway.tensors import TensorSpec

from .signals import MODES, SENSORS

RECIPE = Recipe(
    title="Failures of pumps, LSTM",
    inputs=(
        TensorSpec("readings", "FP32", ("steps", len(SENSORS))),
        TensorSpec("observed", "BOOL", ("steps", len(SENSORS))),
    ),
    outputs=(
        TensorSpec("risk", "FP32", (1,)),
        TensorSpec("mode", "FP32", (len(MODES),), labels=MODES),
    ),
    training=Training(
        epochs=6, batch_size=64, learning_rate=1e-2, weight_decay=1e-2, seed=0, clip_norm=1.0
    ),
    metric=Metric("recall", floor=0.90, lead=0.3),
    serving=Serving(
        max_batch_size=16,
        batch_buckets=(1, 2, 4, 8, 16),
        # Two days are a window of training; who sends up to four is answered as well.
        ranges=(Sizes("steps", 1, 48, 96),),
    ),
    optimisation=Optimisation(
        distillation=Distillation(
            Training(
                epochs=16,
                batch_size=64,
                learning_rate=1e-2,
                weight_decay=1e-2,
                seed=0,
                clip_norm=1.0,
            ),
            soft=0.7,
            temperature=2.0,
        ),
    ),
)
