"""scikit-learn's bundled digits: 1,797 real scans of 8 x 8 grey values from 0 to 16, ten classes.

Source: UCI, "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, 1998), test part.
"""

from collections.abc import Mapping

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from slipway.dataset import Data, Sources, Split
from slipway.tensors import Array

HOLDOUT = 0.2
SEED = 0


def load(_sources: Sources) -> Data:
    """The same split every time, each digit with its share in both parts."""
    digits = load_digits()
    images = digits.images.astype(np.float32)[:, None]
    labels = digits.target.astype(np.int64)
    train, holdout = train_test_split(
        np.arange(len(labels)), test_size=HOLDOUT, stratify=labels, random_state=SEED
    )
    everything = Split({"image": images}, labels)
    return Data(train=everything.take(train), holdout=everything.take(holdout))


def augment(inputs: Mapping[str, Array], rng: np.random.Generator) -> Mapping[str, Array]:
    """Move each scan by up to one pixel in each direction."""
    images = inputs["image"]
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    down, right = rng.integers(0, 3, size=(2, len(images)))
    side = np.arange(images.shape[-1])
    rows = down[:, None, None] + side[:, None]
    columns = right[:, None, None] + side[None, :]
    moved = padded[np.arange(len(images))[:, None, None], 0, rows, columns]
    return {"image": moved[:, None]}
