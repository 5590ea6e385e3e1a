"""Always the commoner class."""

from collections.abc import Mapping

import numpy as np

from slipway.dataset import Data
from slipway.tensors import Array

TITLE = "the commoner class"


def answer(data: Data) -> Mapping[str, Array]:
    commoner = np.bincount(data.train.targets).argmax()
    scores = np.zeros((len(data.holdout), 2), dtype=np.float32)
    scores[:, commoner] = 1
    return {"scores": scores}
