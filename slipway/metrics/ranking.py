"""How well what comes next is foretold."""

from collections.abc import Mapping

import numpy as np

from slipway.metrics.scores import Scores
from slipway.tensors import Array

LENGTH = 10


def hit_rate(outputs: Mapping[str, Array], targets: Array) -> Scores:
    """Share of examples whose target is among the first ten; NDCG and the share at one beside it.

    The first output holds ids, best first, INT64 (batch, ten or more); targets are INT64 (batch,).
    With one right item, NDCG@10 is 1 / log2(1 + its place), or 0 where it is not listed
    (Järvelin and Kekäläinen, 2002).
    """
    places = places_of(next(iter(outputs.values()))[:, :LENGTH], targets)
    gains = np.where(places > 0, 1 / np.log2(1 + np.maximum(places, 1)), 0.0)
    return Scores(
        value=float((places > 0).mean()),
        examples=len(targets),
        figures={"NDCG@10": float(gains.mean()), "hit rate@1": float((places == 1).mean())},
    )


def places_of(listed: Array, targets: Array) -> Array:
    """The place of each target in its list, counted from 1; 0 where it is not there."""
    hits = listed == targets[:, None]
    return np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, 0)
