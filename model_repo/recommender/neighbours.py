"""Items that the same visitors look at, without any text: what the report sets beside the model."""

from collections.abc import Mapping

import numpy as np

from slipway.tensors import Array

from .data import Visits, popularity
from .recipe import OFFERED

TITLE = "Item neighbours"


def answer(data: Visits) -> Mapping[str, Array]:
    """The items unseen whose visitors are most like those of the items seen.

    Ids and scores are (visits, OFFERED). Likeness is the cosine between two items, each a vector of
    the visits that hold it (Sarwar et al., 2001).
    """
    together = np.zeros((len(data.catalogue), len(data.catalogue)))
    for history, target in zip(data.histories(data.train), data.train.targets, strict=True):
        # A visit is there once for each item that came next, so each pair of it counts once.
        together[list(history), target] += 1
    looks = np.maximum(popularity(data), 1)
    likeness = (together + together.T) / np.sqrt(np.outer(looks, looks))
    scores = np.empty((len(data.holdout), len(data.catalogue)))
    for row, history in zip(scores, data.histories(data.holdout), strict=True):
        row[:] = likeness[list(history)].sum(axis=0)
        row[list(history)] = -1.0
    items = np.argsort(-scores, axis=1, kind="stable")[:, :OFFERED].astype(np.int64)
    return {"items": items, "scores": np.take_along_axis(scores, items, axis=1).astype(np.float32)}
