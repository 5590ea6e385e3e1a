"""News items and their topics: 600 that were written for this project, or a table of one's own.

Of the shipped ones 100 are on each topic. `near_misses.csv` holds 25 of each that have the words of
another topic in them. Near-duplicates are never on both sides of the split.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from slipway.dataset import Data, Sources, Split
from slipway.duplicates import TEXTS_ALIKE, groups, hold_out, texts
from slipway.errors import DataError
from slipway.formats import read_table
from slipway.tensors import Array

from .recipe import TOPICS

SHIPPED = Path(__file__).parent / "data"
HOLDOUT = 0.25
SEED = 0


def load(sources: Sources) -> Data:
    """The same split every time; each topic, and of it near-misses and others, in both parts.

    The input `text` is (texts, 1); targets are INT64 (texts,).
    """
    path = sources.data or SHIPPED
    table = read_table(path, ("label", "text"))
    labels, written = table["label"], table["text"]
    unknown = sorted(set(labels) - set(TOPICS))
    if unknown:
        raise DataError(
            f"{path} has the label '{unknown[0]}'",
            why=f"the labels of the recipe are {', '.join(TOPICS)}",
            mend="Change TOPICS in recipe.py, or the table.",
        )
    hard = near_misses()
    strata = [(label, text in hard) for label, text in zip(labels, written, strict=True)]
    alike = groups(texts(written, written), TEXTS_ALIKE)
    held = hold_out(alike, strata, HOLDOUT, np.random.default_rng(SEED))
    targets = np.array([TOPICS.index(label) for label in labels], dtype=np.int64)
    for part in (targets[held], targets[~held]):
        missing = np.setdiff1d(np.arange(len(TOPICS)), part)
        if len(missing):
            raise DataError(
                f"{path} has too few texts of the label '{TOPICS[missing[0]]}'",
                why="each label needs some to learn from and others to be judged by, not alike",
                mend="Bring more that differ, or take the label out of TOPICS in recipe.py.",
            )
    everything = Split({"text": as_input(written)}, targets)
    return Data(train=everything.take(~held), holdout=everything.take(held))


def as_input(written: Sequence[str]) -> Array:
    """Texts as clients send them: (texts, 1)."""
    return np.array(written, dtype=object)[:, None]


def near_misses() -> frozenset[str]:
    """The shipped texts that have the words of another topic in them; none in a folder without."""
    file = SHIPPED / "near_misses.csv"
    return frozenset(read_table(file, ("text",))["text"] if file.exists() else ())
