"""Generated: a word of one of two fields among words of neither."""

import numpy as np

from slipway.dataset import Data, Sources, Split

FIELDS = (("rain", "wind", "cloud", "frost"), ("oven", "flour", "salt", "pan"))
NEITHER = ("the", "and", "of", "a", "much", "some")


def load(_sources: Sources) -> Data:
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, size=160)
    texts = np.empty((160, 1), dtype=object)
    for row, field in enumerate(targets):
        words = [rng.choice(FIELDS[field]), *rng.choice(NEITHER, size=rng.integers(0, 6))]
        texts[row, 0] = " ".join(rng.permutation(words))
    everything = Split({"text": texts}, targets.astype(np.int64))
    return Data(train=everything.take(slice(0, 120)), holdout=everything.take(slice(120, None)))
