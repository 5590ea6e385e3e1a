"""Interpolated Kneser-Ney with three discounts an order (Chen and Goodman, 1998), on token ids.

A probability is what is left of a count after its discount, plus the share set free times the
probability under the context without its first token. Of shorter contexts it is not counted how
often a token follows, but after how many different tokens: a token common in one phrase only is
not expected elsewhere. The first tokens of a text have nothing before them, so of them the times
are counted, as KenLM does (Heafield et al., 2013).
"""

from dataclasses import dataclass

import numpy as np

from slipway.tensors import Array

NOTHING = -1
"""Stands where a context reaches beyond the beginning of a text."""
FALLBACK = (0.5, 1.0, 1.5)
"""KenLM's discounts where the counts of counts are too few to estimate them."""


@dataclass(frozen=True)
class Order:
    """The n-grams of one order, as a table by context.

    `contexts` (contexts, n - 1) are sorted; context k has the entries from `starts[k]` to
    `starts[k + 1]` in `tokens` and `shares` (what is left of their counts, as a probability), and
    sets `free[k]` free for the next shorter order.
    """

    contexts: Array
    starts: Array
    tokens: Array
    shares: Array
    free: Array


class KneserNey:
    """An n-gram model of `order`, of a vocabulary of `size` tokens."""

    def __init__(self, order: int, size: int) -> None:
        self.order = order
        self.size = size
        self._orders: list[Order] = []

    def fit(self, contexts: Array, tokens: Array) -> "KneserNey":
        """Count `tokens` (positions,) after `contexts` (positions, order - 1), oldest first."""
        grams = np.column_stack([contexts, tokens])
        grams, counts = np.unique(grams, axis=0, return_counts=True)
        self._orders = [_table(grams, counts)]
        for _ in range(self.order - 1):
            grams, counts = _shorter(grams, counts)
            self._orders.append(_table(grams, counts))
        return self

    def probabilities(self, contexts: Array) -> Array:
        """Of every token after each context: (positions, order - 1) to (positions, size), FP32."""
        answer = np.full((len(contexts), self.size), 1 / self.size, dtype=np.float32)
        for table in reversed(self._orders):
            length = table.contexts.shape[1]
            known = _find(table.contexts, contexts[:, len(contexts[0]) - length :])
            rows = np.flatnonzero(known >= 0)
            found = known[rows]
            answer[rows] *= table.free[found, None].astype(np.float32)
            entries = table.starts[found + 1] - table.starts[found]
            row = np.repeat(rows, entries)
            first = np.repeat(table.starts[found], entries)
            within = np.arange(len(row)) - np.repeat(np.cumsum(entries) - entries, entries)
            answer[row, table.tokens[first + within]] += table.shares[first + within]
        return answer


def _shorter(grams: Array, counts: Array) -> tuple[Array, Array]:
    """The n-grams without their first token, each with how many different tokens came before it.

    Those at the beginning of a text keep how often they occurred.
    """
    shorter, inverse = np.unique(grams[:, 1:], axis=0, return_inverse=True)
    begins = grams[:, 0] == NOTHING
    kinds = np.bincount(inverse, weights=np.where(begins, counts, 1), minlength=len(shorter))
    return shorter, kinds.astype(np.int64)


def _table(grams: Array, counts: Array) -> Order:
    """`grams` are sorted, so those of one context lie together."""
    contexts, starts = np.unique(grams[:, :-1], axis=0, return_index=True)
    starts = np.append(starts, len(grams))
    taken = discounts(counts)[np.minimum(counts, 3) - 1]
    total = np.add.reduceat(counts, starts[:-1])
    left = (counts - taken) / np.repeat(total, np.diff(starts))
    free = np.add.reduceat(taken, starts[:-1]) / total
    return Order(contexts, starts, grams[:, -1], left.astype(np.float32), free)


def discounts(counts: Array) -> Array:
    """What is taken from a count of 1, of 2, and of 3 or more, from the counts of counts."""
    n1, n2, n3, n4 = (int(np.count_nonzero(counts == k)) for k in (1, 2, 3, 4))
    if not (n1 and n2 and n3 and n4):
        return np.array(FALLBACK)
    y = n1 / (n1 + 2 * n2)
    estimated = np.array([1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
    usable = np.all((estimated > 0) & (estimated < (1, 2, 3)))
    return estimated if usable else np.array(FALLBACK)


def _find(table: Array, wanted: Array) -> Array:
    """The row of `table` that equals each row of `wanted`, -1 where none does."""
    if not table.shape[1]:
        return np.zeros(len(wanted), dtype=np.int64)
    both, inverse = np.unique(np.concatenate([table, wanted]), axis=0, return_inverse=True)
    place = np.full(len(both), -1)
    place[inverse[: len(table)]] = np.arange(len(table))
    found: Array = place[inverse[len(table) :]]
    return found
