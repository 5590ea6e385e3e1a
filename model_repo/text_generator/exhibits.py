"""What people of the field look at: perplexity by position and by kind of text, gains, samples."""

from collections.abc import Iterator, Mapping

import numpy as np

from slipway.dataset import Split
from slipway.exhibits import Bars, Exhibit, Lines, Passages, Series, View
from slipway.metrics.language import surprises
from slipway.tensors import Array

from .baseline import TITLE
from .data import generated, written
from .recipe import RECIPE
from .sampling import LENGTH, TEMPERATURE, continuations
from .tokens import Encoder, tokenizer_file, windows

INPUT, OUTPUT = RECIPE.inputs[0].name, RECIPE.outputs[0].name
BIN = 32
"""Positions drawn as one point."""
LEAST = 100
"""Tokens that a point stands for at least."""
GAINS = 8
BEFORE = 24
"""Tokens shown before one that the decoder knew, and given to it to go on from."""
SAMPLES = 2
"""Of each kind of text."""


def exhibits(view: View) -> Iterator[Exhibit]:
    holdout = view.data.holdout
    encoder = Encoder.of(tokenizer_file(view.sources))
    surprise = {
        "decoder": surprises(view.outputs[OUTPUT], holdout.targets),
        TITLE: surprises(view.baseline[OUTPUT], holdout.targets),
    }
    kinds = _kinds(holdout, encoder)
    yield by_position(surprise, kinds)
    yield by_kind(surprise, kinds)
    yield gains(surprise, holdout, encoder)
    yield samples(view, kinds, encoder)


def by_position(surprise: Mapping[str, Array], kinds: Mapping[str, Array]) -> Lines:
    """Later sentences follow from earlier ones: who remembers them?"""
    kind, rows = next(iter(kinds.items()))
    return Lines(
        title=f"Perplexity along a text ({kind})",
        x_label="tokens since its beginning",
        y_label="perplexity",
        series=tuple(Series(name, *_binned(each[rows])) for name, each in surprise.items()),
        note="Lower is better. The gap is what stands further back than the four tokens before.",
    )


def _binned(surprise: Array) -> tuple[tuple[float, ...], tuple[float, ...]]:
    x, y = [], []
    for start in range(0, surprise.shape[1], BIN):
        part = surprise[:, start : start + BIN]
        part = part[~np.isnan(part)]
        if len(part) >= LEAST:
            x.append(start + BIN / 2)
            y.append(float(np.exp(part.mean())))
    return tuple(x), tuple(y)


def by_kind(surprise: Mapping[str, Array], kinds: Mapping[str, Array]) -> Bars:
    """Generated texts and written ones are two different things, so each has its own figure."""
    return Bars(
        title="Perplexity by kind of text",
        x_label="perplexity",
        rows=tuple(
            (f"{kind}, {name}", float(np.exp(np.nanmean(values[rows]))))
            for kind, rows in kinds.items()
            for name, values in surprise.items()
        ),
        note="Lower is better. The metric is that of all texts together.",
    )


def gains(surprise: Mapping[str, Array], holdout: Split, encoder: Encoder) -> Passages:
    """The tokens that the decoder expected and the n-grams did not, one of each text."""
    gain = np.nan_to_num(np.exp(-surprise["decoder"]) - np.exp(-surprise[TITLE]), nan=-1.0)
    best = gain.argmax(axis=1)
    rows = np.argsort(-gain.max(axis=1), kind="stable")[:GAINS]

    def passage(row: int, at: int) -> tuple[str, ...]:
        before = holdout.inputs[INPUT][row, max(0, at + 1 - BEFORE) : at + 1]
        return (
            f"… {encoder.text(before)}",
            encoder.text(holdout.targets[row, at : at + 1]),
            *(f"{np.exp(-values[row, at]):.2%}" for values in surprise.values()),
        )

    return Passages(
        title="Where counting loses",
        columns=("before", "what follows", *surprise),
        rows=tuple(passage(int(row), int(best[row])) for row in rows),
        note="The largest gains in probability, one of each text.",
    )


def samples(view: View, kinds: Mapping[str, Array], encoder: Encoder) -> Passages:
    """The first words of held-out texts, gone on with."""
    ids = view.data.holdout.inputs[INPUT]
    rows = np.concatenate([np.flatnonzero(rows)[:SAMPLES] for rows in kinds.values()])
    given = ids[rows, :BEFORE]
    answers = continuations(view.answer, given, encoder.end)
    return Passages(
        title="Texts gone on with",
        columns=("given", "the decoder", "the text itself"),
        rows=tuple(
            (encoder.text(start), encoder.text(answer), encoder.text(ids[row, BEFORE:][:LENGTH]))
            for start, answer, row in zip(given, answers, rows, strict=True)
        ),
        note=f"Up to {LENGTH} tokens, drawn at temperature {TEMPERATURE}, of held-out texts.",
    )


def _kinds(holdout: Split, encoder: Encoder) -> Mapping[str, Array]:
    """Which rows are generated and which written; one kind where a user brought them."""
    rows = [_key(row) for row in holdout.inputs[INPUT]]
    found = {}
    for kind, texts in (("generated", generated().holdout), ("written", written().holdout)):
        known = {_key(row) for row in windows(encoder.ids(texts)).inputs[INPUT]}
        mask = np.array([row in known for row in rows])
        if mask.any():
            found[kind] = mask
    return found or {"all texts": np.ones(len(rows), dtype=bool)}


def _key(row: Array) -> bytes:
    """A row without its padding."""
    used = np.flatnonzero(row != RECIPE.inputs[0].fill)
    key: bytes = row[: used[-1] + 1].tobytes()
    return key
