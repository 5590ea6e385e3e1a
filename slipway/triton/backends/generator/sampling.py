"""From logits to one token."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Sampler:
    """Picks the tokens of one request, with a generator of its own.

    The same seed gives the same tokens for the same logits, whatever is decoded beside it.
    Temperature 0 is the likeliest token; `top_k` 0 and `top_p` 1 leave all tokens in.
    """

    def __init__(
        self, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0, seed: int | None = None
    ) -> None:
        self._temperature, self._top_k, self._top_p = temperature, top_k, top_p
        self._random = np.random.default_rng(seed)

    def __call__(self, logits: Array) -> int:
        """One token for logits (vocabulary,). Raises `FloatingPointError` on NaN and infinity."""
        if not np.isfinite(logits.max()):  # with NaN anywhere it is NaN
            raise FloatingPointError("the decoder's logits are not numbers")
        if self._temperature == 0 or self._top_k == 1:
            return int(logits.argmax())
        tokens, shares = self._shares(logits.astype(np.float64))
        bounds = np.cumsum(shares)
        drawn = int(np.searchsorted(bounds, self._random.random() * bounds[-1], side="right"))
        return int(tokens[min(drawn, len(tokens) - 1)])

    def _shares(self, logits: Array) -> tuple[Array, Array]:
        """The tokens that may be drawn, in their own order, and how likely each is.

        In the order of likelihood two that are nearly as likely would change places with the last
        bits of their logits, and with them what a seed gives.
        """
        if 0 < self._top_k < len(logits):
            tokens = np.sort(np.argpartition(-logits, self._top_k - 1)[: self._top_k])
        else:
            tokens = np.arange(len(logits))
        # From the largest down: a small temperature makes shares 0, and never too large.
        with np.errstate(over="ignore"):
            shares = np.exp((logits[tokens] - logits.max()) / self._temperature)
        shares /= shares.sum()
        if self._top_p < 1:
            kept = self._nucleus(shares)
            tokens, shares = tokens[kept], shares[kept]
        return tokens, shares

    def _nucleus(self, shares: Array) -> Array:
        """Where the fewest shares are that reach `top_p` together, in rising order."""
        # All below this are less than what may be left out: few remain to be sorted.
        likely = np.flatnonzero(shares >= (1 - self._top_p) / len(shares))
        falling = likely[np.argsort(-shares[likely], kind="stable")]
        count = int(np.searchsorted(np.cumsum(shares[falling]), self._top_p)) + 1
        return np.sort(falling[:count])
