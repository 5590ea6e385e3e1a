"""What is looked at beside the hit rate: how long a list it takes, how long a history, which texts,
what is never offered, how sure it was, and what it offered to whom.
"""

from collections.abc import Iterator
from typing import cast

import numpy as np

from slipway.dataset import Sources
from slipway.exhibits import Exhibit, Lines, Passages, Series, View
from slipway.metrics.ranking import places_of
from slipway.tensors import Array

from .baseline import TITLE as POPULARITY
from .data import Visits, catalogue, popularity
from .neighbours import TITLE as NEIGHBOURS
from .neighbours import answer as neighbours
from .recipe import OFFERED

ASKED = 200
"""Held-out visits that are asked about again with less of their history."""
LATEST = (0, 1, 2, 3, 5, 9)
FIRST_WORDS = (1, 2, 3, 5, 8)
BINS = 5
SHOWN = 8
IN_OTHER_WORDS = (
    ("something to sleep in on a mountain", "a lamp for the woods at night"),
    ("cheap thing to beat eggs with", "inexpensive scale for flour"),
    ("a funny gift for someone who is always on the bike",),
    ("kit of the professional marathon runner", "what Olympic sprinters wear on their feet"),
)
"""Histories of things that the shipped shop does not have."""


def exhibits(view: View) -> Iterator[Exhibit]:
    data = cast("Visits", view.data)
    yield over_length(view, data)
    yield by_history(view, data)
    yield by_words(view, data)
    yield spread(view, data)
    yield reliability(view)
    yield offered(view, data)
    if data.catalogue == catalogue(Sources()):
        yield in_other_words(view, data)


def over_length(view: View, data: Visits) -> Lines:
    """The hit rate of lists of one item to ten."""
    lists = {
        "model": view.outputs,
        NEIGHBOURS: neighbours(data),
        POPULARITY: view.baseline,
    }
    lengths = range(1, OFFERED + 1)
    return Lines(
        title="Hit rate over the length of the list",
        x_label="items offered (k)",
        y_label="hit rate@k",
        series=tuple(
            Series(name, tuple(map(float, lengths)), tuple(_hits(o["items"], data, lengths)))
            for name, o in lists.items()
        ),
        note=f"{len(data.holdout)} visitors who were not in training; the next item is held out.",
    )


def _hits(items: Array, data: Visits, lengths: range) -> list[float]:
    places = places_of(items, data.holdout.targets)
    return [float(((places > 0) & (places <= length)).mean()) for length in lengths]


def by_history(view: View, data: Visits) -> Lines:
    """The hit rate when only the latest items of each history are sent."""
    histories = [[text for text in row if text] for row in _asked(data)]
    reached = [
        _asked_again(view, data, [h[max(0, len(h) - n) :] for h in histories]) for n in LATEST
    ]
    return Lines(
        title="How much of a history it needs",
        x_label="items sent, the latest",
        y_label=f"hit rate@{OFFERED}",
        series=(Series("model", tuple(map(float, LATEST)), tuple(reached)),),
        levels=((POPULARITY, _first_rate(view.baseline["items"], data)),),
        note=f"The first {ASKED} held-out visitors at most. Without any item it offers what "
        "visitors look at first; what it does not know to be seen it may offer again.",
    )


def by_words(view: View, data: Visits) -> Lines:
    """The hit rate when no more than the beginning of each text is sent: no text of the shop."""
    reached = [
        _asked_again(
            view, data, [[" ".join(t.split()[:n]) for t in row if t] for row in _asked(data)]
        )
        for n in FIRST_WORDS
    ]
    return Lines(
        title="How much of a text it needs",
        x_label="words sent of each item, from the beginning",
        y_label=f"hit rate@{OFFERED}",
        series=(Series("model", tuple(map(float, FIRST_WORDS)), tuple(reached)),),
        levels=(
            ("whole texts", _first_rate(view.outputs["items"], data)),
            (POPULARITY, _first_rate(view.baseline["items"], data)),
        ),
        note="It was trained on whole texts. A text cut short is none of the catalogue's, so the "
        "item can be offered again.",
    )


def _asked(data: Visits) -> Array:
    return data.holdout.inputs["history"][:ASKED]


def _asked_again(view: View, data: Visits, histories: list[list[str]]) -> float:
    sent = np.full((len(histories), max(1, *map(len, histories))), "", dtype=object)
    for row, history in zip(sent, histories, strict=True):
        row[: len(history)] = history
    return _first_rate(view.answer({"history": sent})["items"], data)


def _first_rate(items: Array, data: Visits) -> float:
    """The hit rate on those visits that are asked about again."""
    return float((places_of(items[:ASKED], data.holdout.targets[:ASKED]) > 0).mean())


def spread(view: View, data: Visits) -> Lines:
    """How far recommendations reach into the less popular part of the catalogue."""
    looks = popularity(data)
    order = np.argsort(-looks, kind="stable")
    share = np.arange(1, len(order) + 1) / len(order)
    counts = {"looked at": looks}
    for name, outputs in (("model", view.outputs), (POPULARITY, view.baseline)):
        counts[f"offered by {name}"] = np.bincount(
            outputs["items"].ravel(), minlength=len(data.catalogue)
        )
    model = counts["offered by model"]
    return Lines(
        title="Does it offer more than what is popular?",
        x_label="share of the catalogue, the most popular items first",
        y_label="share of all looks or offers",
        series=tuple(
            Series(name, tuple(share.tolist()), tuple((n[order].cumsum() / n.sum()).tolist()))
            for name, n in counts.items()
        ),
        note=f"The model offered {(model > 0).mean():.0%} of the catalogue to somebody, "
        f"popularity {(counts[f'offered by {POPULARITY}'] > 0).mean():.0%}.",
    )


def reliability(view: View) -> Lines:
    """How often lists of a given chance hold the next item, in bins of as many lists each."""
    said = view.outputs["scores"].sum(axis=1)
    right = places_of(view.outputs["items"], view.data.holdout.targets) > 0
    bins = np.array_split(np.argsort(said, kind="stable"), min(BINS, len(right)))
    means = tuple(float(said[rows].mean()) for rows in bins)
    return Lines(
        title="Does its confidence mean what it says?",
        x_label="sum of the ten scores, mean of the bin",
        y_label=f"hit rate@{OFFERED}",
        series=(
            Series("model", means, tuple(float(right[rows].mean()) for rows in bins)),
            Series("ideal", (means[0], 1.0), (means[0], 1.0)),
        ),
        note=f"{len(bins)} bins of as many visitors each.",
    )


def offered(view: View, data: Visits) -> Passages:
    """The first held-out visits."""
    return Passages(
        title="What was offered",
        columns=("looked at, oldest first", "offered, best first", "looked at next", "its place"),
        rows=tuple(
            (
                "; ".join(_title(text) for text in history if text),
                _best(items, scores, data),
                _title(data.catalogue[target]),
                str(place or "not offered"),
            )
            for history, items, scores, target, place in zip(
                data.holdout.inputs["history"][:SHOWN],
                view.outputs["items"],
                view.outputs["scores"],
                data.holdout.targets,
                places_of(view.outputs["items"], data.holdout.targets),
                strict=False,
            )
        ),
        note="The beginnings of the texts, the first five of ten offered; scores in brackets.",
    )


def in_other_words(view: View, data: Visits) -> Passages:
    """Histories of texts that no item has: BERT reads them, nothing is looked up."""
    sent = np.full((len(IN_OTHER_WORDS), max(map(len, IN_OTHER_WORDS))), "", dtype=object)
    for row, history in zip(sent, IN_OTHER_WORDS, strict=True):
        row[: len(history)] = history
    answer = view.answer({"history": sent})
    return Passages(
        title="In other words",
        columns=("looked at somewhere else, oldest first", "offered, best first"),
        rows=tuple(
            ("; ".join(history), _best(items, scores, data))
            for history, items, scores in zip(
                IN_OTHER_WORDS, answer["items"], answer["scores"], strict=True
            )
        ),
        note="These texts were written for this table and are not in the catalogue.",
    )


def _best(items: Array, scores: Array, data: Visits) -> str:
    return "; ".join(
        f"{_title(data.catalogue[item])} ({score:.2f})"
        for item, score in zip(items[:5], scores, strict=False)
    )


def _title(text: str) -> str:
    return text.partition(".")[0]
