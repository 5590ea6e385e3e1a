"""What most visitors look at, less what this one has seen: no taste is taken into account."""

from collections.abc import Mapping

import numpy as np

from slipway.tensors import Array

from .data import Visits, popularity
from .recipe import OFFERED

TITLE = "Popularity"


def answer(data: Visits) -> Mapping[str, Array]:
    """Ids and scores (visits, OFFERED) as the model's own, with shares of all looks as scores."""
    share = popularity(data) / len(data.train)
    scores = np.tile(share, (len(data.holdout), 1))
    for row, history in zip(scores, data.histories(data.holdout), strict=True):
        row[list(history)] = -1.0
    items = np.argsort(-scores, axis=1, kind="stable")[:, :OFFERED]
    return {
        "items": items.astype(np.int64),
        "scores": np.take_along_axis(scores, items, axis=1).astype(np.float32),
    }
