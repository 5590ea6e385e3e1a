"""How many classes are told right."""

from collections.abc import Mapping

import numpy as np

from slipway.metrics.scores import Scores
from slipway.tensors import Array


def accuracy(outputs: Mapping[str, Array], targets: Array) -> Scores:
    """Share of right answers; macro F1 beside it.

    The first output holds a score per class, shape (batch, classes).
    """
    scores = next(iter(outputs.values()))
    classes = scores.shape[1]
    predicted = scores.argmax(axis=1)
    confusion = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(confusion, (targets, predicted), 1)
    found, said = confusion.sum(axis=1), confusion.sum(axis=0)
    f1 = 2 * confusion.diagonal() / np.maximum(found + said, 1)
    return Scores(
        value=float((predicted == targets).mean()),
        examples=len(targets),
        confusion=tuple(tuple(int(n) for n in row) for row in confusion),
        figures={"macro F1": float(f1[(found + said) > 0].mean())},
    )
