"""How well predicted masks cover the true ones."""

from collections.abc import Mapping

import numpy as np

from slipway.metrics.scores import Scores
from slipway.tensors import Array

THRESHOLD = 0.5
"""The probability from which a pixel belongs to the mask."""


def dice(outputs: Mapping[str, Array], targets: Array) -> Scores:
    """Dice coefficient, mean over the images; intersection over union beside it.

    The first output holds a probability for each pixel, shape (batch, ...); targets have the same
    shape and are not 0 where there is something to find. Every image counts the same, however much
    that is. Where it is nothing, an image counts 1 if nothing is predicted, else 0. Precision and
    recall are those of all pixels together.
    """
    predicted = next(iter(outputs.values())) >= THRESHOLD
    truth = targets.astype(bool)
    coefficients = dice_of_each(predicted, truth)
    both = int(np.count_nonzero(predicted & truth))
    empty = ~truth.reshape(len(truth), -1).any(axis=1)
    figures = {
        "intersection over union": float((coefficients / (2 - coefficients)).mean()),
        "precision": both / max(int(np.count_nonzero(predicted)), 1),
        "recall": both / max(int(np.count_nonzero(truth)), 1),
    }
    if empty.any():
        figures["empty images left empty"] = float(coefficients[empty].mean())
    return Scores(value=float(coefficients.mean()), examples=len(truth), figures=figures)


def dice_of_each(predicted: Array, truth: Array) -> Array:
    """2 |A and B| / (|A| + |B|) for each pair of masks, BOOL (batch, ...); 1 for two empty ones."""
    both, sizes = _size(predicted & truth), _size(predicted) + _size(truth)
    coefficients: Array = np.where(sizes > 0, 2 * both / np.maximum(sizes, 1), 1.0)
    return coefficients


def _size(masks: Array) -> Array:
    sizes: Array = np.count_nonzero(masks.reshape(len(masks), -1), axis=1)
    return sizes
