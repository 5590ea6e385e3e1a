"""Visits to a shop: what somebody looked at, and the item looked at next.

Shipped is a generated shop (`shop.py`) with generated visitors (`visitors.py`). A user's own is a
folder with two CSV tables:

    items.csv      text             one line for each item, whose id is its place, counted from 0
    sessions.csv   session,item     one line for each look: any name of the session, the item's id;
                                    the lines of a session are in order of time

A session is one visitor's. Its last item is the one to be foretold where the session is held out;
where it is trained on, each item is, from those before it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from slipway.dataset import Data, Sources, Split
from slipway.errors import DataError
from slipway.formats import read_table
from slipway.tensors import Array

from .recipe import OFFERED
from .shop import items
from .visitors import visits as generated_visits

HOLDOUT = 0.1
"""The share of sessions that is held out."""
LONGEST = 20
"""Items of a history, the latest: older ones are left out."""
VISITS_ALIKE = 0.75
"""Two visits with the same next item are near-duplicates where they share so much of what was seen
before, in whatever order: of the items of both (Jaccard's index)."""
SEED = 0

Visit = tuple[int, ...]


@dataclass(frozen=True)
class Visits(Data):
    """`catalogue` holds each item's text; its place is the id."""

    catalogue: tuple[str, ...]

    def histories(self, split: Split) -> list[Visit]:
        """The ids of the items in each history."""
        ids = {text: item for item, text in enumerate(self.catalogue)}
        return [tuple(ids[text] for text in row if text) for row in split.inputs["history"]]


def catalogue(sources: Sources) -> tuple[str, ...]:
    """The text of each item; its place is its id. Raises `DataError`."""
    if sources.data is None:
        return tuple(item.text for item in items())
    file = sources.data / "items.csv"
    texts = tuple(read_table(file, ["text"])["text"])
    first: dict[str, int] = {}
    for item, text in enumerate(texts):
        # The tokenizer sees no difference in case and spaces, so these would be one item to BERT.
        same = first.setdefault(" ".join(text.casefold().split()), item)
        if same != item:
            raise DataError(
                f"{file} cannot be used",
                why=f"items {same} and {item} have the same text, '{text}'",
                mend="Give each item a text of its own.",
            )
    if len(texts) <= OFFERED:
        raise DataError(
            f"{file} cannot be used",
            why=f"it has {len(texts)} items",
            mend=f"There must be more than the {OFFERED} that are recommended.",
        )
    return texts


def load(sources: Sources) -> Visits:
    """Sessions in two parts, the same every time. Raises `DataError`.

    The input `history` is text (visits, items), oldest first and padded with "" at the end;
    targets are the ids of the next items, INT64 (visits,). The parts are disjoint: by session, and
    no example to learn from is nearly a held-out one (`VISITS_ALIKE`).
    """
    texts = catalogue(sources)
    visits = _visits(sources, len(texts))
    order = np.random.default_rng(SEED).permutation(len(visits))
    held_out = max(1, round(HOLDOUT * len(visits)))
    holdout = [visits[k] for k in sorted(order[:held_out])]
    prefixes = (visits[k][:end] for k in order[held_out:] for end in range(1, len(visits[k]) + 1))
    train = list(_unlike(prefixes, holdout))
    if max(map(len, train), default=0) < 2:  # first looks alone say nothing of a history
        raise DataError(
            f"There is nothing to learn from in {sources.data}",
            why="all sessions are like those that are held out",
            mend="Bring sessions that differ.",
        )
    return Visits(_split(train, texts), _split(holdout, texts), texts)


def _unlike(visits: Iterable[Visit], held_out: Sequence[Visit]) -> Iterator[Visit]:
    """The visits that are nearly none of those held out."""
    histories: dict[int, list[frozenset[int]]] = {}
    for visit in held_out:
        histories.setdefault(visit[-1], []).append(_seen(visit))
    for visit in visits:
        seen, known = _seen(visit), histories.get(visit[-1], ())
        if all(len(seen & other) < VISITS_ALIKE * len(seen | other) for other in known):
            yield visit


def _seen(visit: Visit) -> frozenset[int]:
    return frozenset(visit[:-1][-LONGEST:])


def _split(visits: Sequence[Visit], texts: Sequence[str]) -> Split:
    """The last item of each is the target, the texts of those before are the input."""
    histories = [visit[:-1][-LONGEST:] for visit in visits]
    history = np.full((len(visits), max(map(len, histories))), "", dtype=object)
    for row, seen in zip(history, histories, strict=True):
        row[: len(seen)] = [texts[item] for item in seen]
    return Split({"history": history}, np.array([v[-1] for v in visits], dtype=np.int64))


def _visits(sources: Sources, number: int) -> list[Visit]:
    if sources.data is None:
        return [tuple(visit) for visit in generated_visits(items())]
    file = sources.data / "sessions.csv"
    table = read_table(file, ["session", "item"])
    sessions: dict[str, dict[int, None]] = {}
    for session, cell in zip(table["session"], table["item"], strict=True):
        if not cell.isascii() or not cell.isdigit() or int(cell) >= number:
            raise DataError(
                f"{file} cannot be used",
                why=f"session {session} has the item '{cell}'",
                mend=f"An item is a line of items.csv, counted from 0: 0 to {number - 1}.",
            )
        # A dictionary keeps the order of first looks: what was seen already is no news.
        sessions.setdefault(session, {})[int(cell)] = None
    visits = [tuple(seen) for seen in sessions.values() if len(seen) > 1]
    if len(visits) < 10:
        raise DataError(
            f"{file} cannot be used",
            why=f"it has {len(visits)} sessions with two items or more",
            mend="At least 10 are needed, and some thousands to learn from.",
        )
    return visits


def popularity(data: Visits) -> Array:
    """How often each item was looked at next in training, INT64 (items,)."""
    return np.bincount(data.train.targets, minlength=len(data.catalogue))
