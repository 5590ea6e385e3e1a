"""Generated: straight lines with noise over them."""

import numpy as np

from slipway.dataset import Data, Sources, Split

STEPS, SENSORS = 12, 2


def load(_sources: Sources) -> Data:
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, size=160)
    lines = np.linspace(-1, 1, STEPS) * (2 * targets[:, None] - 1)
    series = lines[..., None] + rng.normal(scale=0.3, size=(160, STEPS, SENSORS))
    everything = Split({"series": series.astype(np.float32)}, targets.astype(np.int64))
    return Data(train=everything.take(slice(0, 120)), holdout=everything.take(slice(120, None)))
