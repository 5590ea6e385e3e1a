"""What is looked at beside accuracy: what was misread, how robust it is, how sure it was."""

from collections.abc import Iterator

import numpy as np

from slipway.exhibits import Exhibit, Lines, Picture, Pictures, Series, View
from slipway.tensors import Array

from .recipe import DIGITS, INK

NOISE = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
"""Standard deviations, in grey values of 0 to 16."""
SHIFTS = (-3, -2, -1, 0, 1, 2, 3)
"""Pixels; training moves scans by up to one."""
BINS = 5
SHOWN = 8
SEED = 0


def exhibits(view: View) -> Iterator[Exhibit]:
    images, targets = view.data.holdout.inputs["image"], view.data.holdout.targets
    logits = view.outputs["logits"]
    if not np.array_equal(logits.argmax(axis=1), targets):
        yield misread(images, targets, logits)
    yield under_noise(view, images, targets)
    yield when_moved(view, images, targets)
    yield reliability(logits, targets)


def misread(images: Array, targets: Array, logits: Array) -> Pictures:
    """The scans that were told wrong, the most confident first, as ink on paper."""
    said, confidence = logits.argmax(axis=1), probabilities(logits).max(axis=1)
    wrong = np.flatnonzero(said != targets)
    shown = wrong[np.argsort(-confidence[wrong])][:SHOWN]
    return Pictures(
        title="Misread",
        columns=tuple(
            f"{DIGITS[targets[k]]} read as {DIGITS[said[k]]} ({confidence[k]:.2f})" for k in shown
        ),
        rows=(tuple(Picture.of(INK - images[k, 0]) for k in shown),),
        note=f"{len(shown)} of {len(wrong)}, the most confident first; confidence in brackets.",
    )


def under_noise(view: View, images: Array, targets: Array) -> Lines:
    """Accuracy when noise is added to each pixel, cut to the range of a scan."""
    rng = np.random.default_rng(SEED)
    noise = rng.standard_normal(images.shape, dtype=np.float32)
    reached = []
    for strength in NOISE:
        noisy = np.clip(images + np.float32(strength) * noise, 0, np.float32(INK))
        reached.append(accuracy(view.answer({"image": noisy})["logits"], targets))
    return Lines(
        title="Accuracy under noise",
        x_label=f"standard deviation of the noise, in grey values of 0 to {INK:.0f}",
        y_label="accuracy",
        series=(Series("model", NOISE, tuple(reached)),),
        levels=(("baseline without noise", accuracy(view.baseline["logits"], targets)),),
    )


def when_moved(view: View, images: Array, targets: Array) -> Lines:
    """Accuracy when each scan is moved, as one is that was cut out badly."""
    return Lines(
        title="Accuracy when moved",
        x_label="pixels to the right, or down",
        y_label="accuracy",
        series=tuple(
            Series(
                name,
                tuple(map(float, SHIFTS)),
                tuple(
                    accuracy(view.answer({"image": moved(images, by, axis)})["logits"], targets)
                    for by in SHIFTS
                ),
            )
            for name, axis in (("sideways", 3), ("up or down", 2))
        ),
        note="A scan is 8 pixels wide: by three pixels part of most digits leaves it.",
    )


def moved(images: Array, by: int, axis: int) -> Array:
    """Images moved along an axis; paper comes in where they leave."""
    width = [(abs(by), abs(by)) if a == axis else (0, 0) for a in range(images.ndim)]
    padded = np.pad(images, width)
    start = abs(by) - by
    return padded.take(range(start, start + images.shape[axis]), axis=axis)


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


def accuracy(logits: Array, targets: Array) -> float:
    return float((logits.argmax(axis=1) == targets).mean())


def probabilities(logits: Array) -> Array:
    """Softmax."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    share: Array = powers / powers.sum(axis=1, keepdims=True)
    return share
