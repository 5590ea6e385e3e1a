"""Near-duplicates: how alike examples are, and a split that leaves those which are on one side.

A likeness is 1 for equal examples, and 0 or less for two that have nothing in common. It comes as
one row for each example of `left`: how alike it is to each of `right`. Rows are made as they are
asked for, so the memory is that of the data; the time grows with the product of both sizes.
"""

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from slipway.tensors import Array

TEXTS_ALIKE = 0.5
"""Of the word pairs of two texts half are in both. One word of a headline, or every seventh word of
a longer text, was replaced."""
ARRAYS_ALIKE = 0.99
"""The noise that was added to an array is a seventh of what tells it from the others."""
BLOCK = 1024
"""Arrays that are compared in one multiplication."""
ROUNDING = 1e-12
"""Of the largest value: no spread is as small."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Pair:
    """Two examples, by their places in `left` and `right`, and how alike they are."""

    left: int
    right: int
    likeness: float


def texts(left: Sequence[str], right: Sequence[str]) -> Iterator[Array]:
    """Jaccard's index of the pairs of neighbouring words; case and punctuation do not count.

    Source: Broder, "On the resemblance and containment of documents", 1997, with shingles of two.
    """
    holders: dict[tuple[str, str], list[int]] = {}
    sizes = np.zeros(len(right), dtype=np.int64)
    for place, text in enumerate(right):
        pairs = _word_pairs(text)
        sizes[place] = len(pairs)
        for pair in pairs:
            holders.setdefault(pair, []).append(place)
    for text in left:
        pairs = _word_pairs(text)
        found = [place for pair in pairs for place in holders.get(pair, ())]
        shared = np.bincount(np.array(found, dtype=np.int64), minlength=len(right))
        yield shared / (sizes + len(pairs) - shared)


def _word_pairs(text: str) -> set[tuple[str, str]]:
    """The ends of a text count as words, so that one without a word has a pair too."""
    words = ["", *_WORD.findall(text.lower()), ""]
    return set(pairwise(words))


def arrays(left: Array, right: Array) -> Iterator[Array]:
    """The cosine of two arrays once each element is standardised over all that are given.

    Elements with units of their own, such as sensors, count alike then, and what all arrays share
    does not count. `left` and `right` are batches (batch first) of the same shape.
    """
    both = np.concatenate([left, right]).reshape(len(left) + len(right), -1).astype(np.float64)
    spread = both.std(axis=0)
    # Rounding alone gives a constant element some spread; divided by it, it would rule the rest.
    varies = spread > ROUNDING * np.abs(both).max(axis=0)
    both = np.where(varies, (both - both.mean(axis=0)) / np.where(varies, spread, 1.0), 0.0)
    length = np.linalg.norm(both, axis=1, keepdims=True)
    plain = length == 0
    both = np.concatenate([both / np.where(plain, 1.0, length), plain], axis=1)
    ours, theirs = both[: len(left)], both[len(left) :]
    for start in range(0, len(ours), BLOCK):
        yield from ours[start : start + BLOCK] @ theirs.T


def closest(rows: Iterable[Array]) -> Pair:
    """The two examples most alike between two splits, neither of which is empty."""
    best = Pair(0, 0, -np.inf)
    for left, row in enumerate(rows):
        right = int(row.argmax())
        if row[right] > best.likeness:
            best = Pair(left, right, float(row[right]))
    return best


def groups(rows: Iterable[Array], alike: float) -> Array:
    """The group of each example, INT64, from the rows of examples with themselves.

    Two that are at least `alike` are in one group, and so are those that others join.
    """
    parent: list[int] = []

    def root(member: int) -> int:
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    for left, row in enumerate(rows):
        parent.append(left)
        for right in np.flatnonzero(row[:left] >= alike):
            parent[root(left)] = root(int(right))
    return np.array([root(member) for member in range(len(parent))], dtype=np.int64)


def hold_out(
    members: Array, strata: Sequence[Hashable], share: float, rng: np.random.Generator
) -> Array:
    """Which examples are held out, BOOL: of every stratum about `share`, in whole groups.

    `members` are the groups of the examples. One that lies in several strata counts as of the
    stratum of its first example.
    """
    first, size = np.unique(members, return_index=True, return_counts=True)[1:]
    held = np.zeros(len(members), dtype=np.bool_)
    for stratum in dict.fromkeys(strata):
        own = np.array([k for k, at in enumerate(first) if strata[at] == stratum], dtype=np.int64)
        wanted = round(share * sum(1 for each in strata if each == stratum))
        for k in rng.permutation(own):
            if size[k] <= wanted:
                held[members == members[first[k]]] = True
                wanted -= size[k]
    return held
