"""Visitors of the shop: what each looks at, one after another, drawn from tastes nobody is told.

A visitor has two pursuits, a favourite style, and comes in summer or in winter. With the chance
PAIR the second pursuit is the one that goes with the first, else any other. The next item is drawn
from those of the pursuit at hand, in proportion to the product of

    its popularity    a log-normal weight of the item, the same for everybody
    its style         1 for the favourite, OTHER_STYLE for another
    its season        1 where it suits, WRONG_SEASON for the opposite one
    its kind          falls with the way from the last kind to this one, round the pursuit's eight

Before each item the visitor turns to the other pursuit with the chance TURN. With the chance STRAY
the item has nothing to do with any of this and is drawn by popularity alone: noise that nobody can
foresee. Nobody looks at an item twice.
"""

import numpy as np

from slipway.tensors import Array

from .shop import Item

SEED = 1
VISITORS = 6000
SHORTEST, LONGEST = 4, 10
"""Items of a visit; every length is as likely."""
POPULARITY_SPREAD = 1.0
OTHER_STYLE = 0.02
WRONG_SEASON = 0.05
PAIR = 0.7
TURN = 0.05
STRAY = 0.03
KIND_REACH = 1.5
"""Kinds after which the weight has fallen to a third."""


def visits(items: tuple[Item, ...], seed: int = SEED, number: int = VISITORS) -> list[list[int]]:
    """For each visitor the ids of the items looked at, oldest first."""
    rng = np.random.default_rng(seed)
    pursuits = np.array([item.pursuit for item in items])
    styles = np.array([item.style for item in items])
    seasons = np.array([item.season for item in items])
    kinds = np.array([item.kind for item in items])
    popularity = rng.lognormal(sigma=POPULARITY_SPREAD, size=len(items))
    kind_count = kinds.max() + 1

    def visit() -> list[int]:
        at_hand, other = rng.choice(pursuits.max() + 1, size=2, replace=False)
        if rng.random() < PAIR:
            other = at_hand ^ 1
        taste = popularity * np.where(styles == rng.integers(styles.max() + 1), 1, OTHER_STYLE)
        taste *= np.where(seasons == rng.integers(1, 3), WRONG_SEASON, 1)
        free = np.ones(len(items))
        seen: list[int] = []
        for _ in range(rng.integers(SHORTEST, LONGEST + 1)):
            if rng.random() < TURN:
                at_hand, other = other, at_hand
            weight = popularity * free
            if rng.random() >= STRAY:
                weight = taste * free * (pursuits == at_hand)
                if seen:
                    way = (kinds - kinds[seen[-1]]) % kind_count
                    weight *= np.exp(-way / KIND_REACH)
            seen.append(_draw(weight, rng))
            free[seen[-1]] = 0
        return seen

    return [visit() for _ in range(number)]


def _draw(weight: Array, rng: np.random.Generator) -> int:
    """An index in proportion to its weight."""
    reached = np.cumsum(weight)
    return int(np.searchsorted(reached, rng.random() * reached[-1], side="right"))
