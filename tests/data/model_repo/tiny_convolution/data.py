"""Generated: stripes of two pixels with noise over them."""

import numpy as np

from slipway.dataset import Data, Sources, Split


def load(_sources: Sources) -> Data:
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, size=160)
    across = np.tile(np.array([1, 1, -1, -1] * 2, dtype=np.float32)[:, None], (1, 8))
    stripes = np.stack([across, across.T])[targets]
    images = stripes + rng.normal(scale=0.3, size=stripes.shape)
    everything = Split({"image": images[:, None].astype(np.float32)}, targets.astype(np.int64))
    return Data(train=everything.take(slice(0, 120)), holdout=everything.take(slice(120, None)))
