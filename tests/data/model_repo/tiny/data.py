"""Generated: clouds around three corners."""

from collections.abc import Mapping

import numpy as np

from slipway.dataset import Data, Sources, Split
from slipway.tensors import Array


def load(_sources: Sources) -> Data:
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 3, size=240)
    points = np.eye(3, 4)[targets] * 3 + rng.normal(scale=0.5, size=(240, 4))
    everything = Split({"point": points.astype(np.float32)}, targets.astype(np.int64))
    return Data(train=everything.take(slice(0, 192)), holdout=everything.take(slice(192, None)))


def augment(inputs: Mapping[str, Array], rng: np.random.Generator) -> Mapping[str, Array]:
    noise = rng.normal(scale=0.05, size=inputs["point"].shape).astype(np.float32)
    return {"point": inputs["point"] + noise}
