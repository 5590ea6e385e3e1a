"""How well a language model expects the tokens that come."""

from collections.abc import Mapping

import numpy as np

from slipway.metrics.scores import Scores
from slipway.tensors import Array

IGNORED = -100
"""A target where nothing is predicted."""


def perplexity(outputs: Mapping[str, Array], targets: Array) -> Scores:
    """The exponential of the mean surprise per predicted token: lower is better, 1 is perfect.

    The first output holds logits, shape (rows, tokens, vocabulary); `targets` the token that
    follows each, shape (rows, tokens).
    """
    surprise = surprises(next(iter(outputs.values())), targets)
    mean = float(np.nanmean(surprise))
    return Scores(
        value=float(np.exp(mean)),
        examples=int(np.count_nonzero(~np.isnan(surprise))),
        figures={"bits per token": mean / float(np.log(2))},
    )


def surprises(logits: Array, targets: Array) -> Array:
    """Minus the log-probability of each target, in nats: (rows, tokens), NaN where none is.

    One row at a time, since logits are large. Raises `ValueError` where a target has no logits.
    """
    tokens = logits.shape[1]
    if (targets[:, tokens:] != IGNORED).any():
        raise ValueError(f"there are targets beyond the {tokens} tokens that were answered")
    surprise = np.full(targets.shape, np.nan)
    for row, (scores, wanted) in enumerate(zip(logits, targets[:, :tokens], strict=True)):
        at = np.flatnonzero(wanted != IGNORED)
        given = scores[at].astype(np.float64)
        highest = given.max(axis=1, initial=-np.inf)
        total = highest + np.log(np.exp(given - highest[:, None]).sum(axis=1))
        surprise[row, at] = total - given[np.arange(len(at)), wanted[at]]
    return surprise
