"""What is looked at beside accuracy: which texts are hard, which were wrong, how sure it was."""

from collections.abc import Iterator

import numpy as np

from slipway.exhibits import Bars, Exhibit, Lines, Passages, Series, View
from slipway.tensors import Array

from .data import as_input, near_misses
from .recipe import TOPICS

SHORT, LONG = 15, 35
"""Words: a headline has fewer than the first, a paragraph more than the second."""
FIRST_WORDS = (2, 4, 6, 8, 12, 16, 24, 32)
BINS = 5
SHOWN = 12


def exhibits(view: View) -> Iterator[Exhibit]:
    targets = view.data.holdout.targets
    written = view.data.holdout.inputs["text"][:, 0]
    model, baseline = view.outputs["logits"], view.baseline["logits"]
    yield by_kind(written, targets, model, baseline)
    yield by_first_words(view, written, targets)
    yield reliability(model, targets)
    yield wrong_ones(written, targets, model)


def by_kind(written: Array, targets: Array, model: Array, baseline: Array) -> Bars:
    """Accuracy on near-misses, where the texts are the shipped ones, and by length."""
    hard = near_misses()
    near = np.array([text in hard for text in written])
    words = np.array([len(text.split()) for text in written])
    kinds = {
        "near-misses": near,
        "the others": ~near if near.any() else near,
        f"under {SHORT} words": words < SHORT,
        f"{SHORT} to {LONG} words": (words >= SHORT) & (words <= LONG),
        f"over {LONG} words": words > LONG,
    }
    return Bars(
        title="Accuracy by kind of text",
        x_label="accuracy",
        rows=tuple(
            (f"{kind} ({chosen.sum()}), {who}", accuracy(logits[chosen], targets[chosen]))
            for kind, chosen in kinds.items()
            if chosen.any()
            for who, logits in (("model", model), ("baseline", baseline))
        ),
        note="A near-miss has the words of another topic in it. In brackets: texts.",
    )


def by_first_words(view: View, written: Array, targets: Array) -> Lines:
    """Accuracy when no more than the beginning of each text is sent."""
    reached = []
    for count in FIRST_WORDS:
        beginnings = [" ".join(text.split()[:count]) for text in written]
        answer = view.answer({"text": as_input(beginnings)})
        reached.append(accuracy(answer["logits"], targets))
    return Lines(
        title="How much of a text it needs",
        x_label="words sent, from the beginning",
        y_label="accuracy",
        series=(Series("model", tuple(map(float, FIRST_WORDS)), tuple(reached)),),
        levels=(("whole texts", accuracy(view.outputs["logits"], targets)),),
    )


def reliability(logits: Array, targets: Array) -> Lines:
    """How often answers of a given confidence are right, in bins of as many answers each."""
    confidence = probabilities(logits).max(axis=1)
    right = logits.argmax(axis=1) == targets
    bins = np.array_split(np.argsort(confidence, kind="stable"), min(BINS, len(targets)))
    said = [float(confidence[rows].mean()) for rows in bins]
    true = [float(right[rows].mean()) for rows in bins]
    gap = sum(len(r) * abs(s - t) for r, s, t in zip(bins, said, true, strict=True)) / len(targets)
    return Lines(
        title="Does its confidence mean what it says?",
        x_label="mean confidence",
        y_label="share that was right",
        series=(
            Series("model", tuple(said), tuple(true)),
            Series("ideal", (min(said), 1.0), (min(said), 1.0)),
        ),
        note=f"{len(bins)} bins of as many answers each. Mean distance from the ideal: {gap:.3f}.",
    )


def wrong_ones(written: Array, targets: Array, logits: Array) -> Passages:
    """The texts that were told wrong, the most confident first."""
    said, confidence = logits.argmax(axis=1), probabilities(logits).max(axis=1)
    wrong = np.flatnonzero(said != targets)
    shown = wrong[np.argsort(-confidence[wrong])][:SHOWN]
    return Passages(
        title="Told wrong",
        columns=("text", "true", "said", "confidence"),
        rows=tuple(
            (written[k], TOPICS[targets[k]], TOPICS[said[k]], f"{confidence[k]:.2f}") for k in shown
        ),
        note=f"{len(shown)} of {len(wrong)}, the most confident first.",
    )


def accuracy(logits: Array, targets: Array) -> float:
    return float((logits.argmax(axis=1) == targets).mean())


def probabilities(logits: Array) -> Array:
    """Softmax."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    share: Array = powers / powers.sum(axis=1, keepdims=True)
    return share
