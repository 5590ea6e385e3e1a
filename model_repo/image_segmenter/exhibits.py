"""What people who segment images look at: masks over scans, and where the Dice comes from."""

from collections.abc import Iterator, Sequence

import numpy as np

from slipway.exhibits import Exhibit, Lines, Picture, Pictures, Series, View
from slipway.metrics.segmentation import THRESHOLD, dice_of_each
from slipway.tensors import Array

from .baseline import TITLE
from .lesions import Lesion, dice_of_lesion, lesions_of, outline

MODEL = "U-Net"
BINS = 8
"""Points of a curve over lesions; each is the mean of as many of them."""


def exhibits(view: View) -> Iterator[Exhibit]:
    scans, truth = view.data.holdout.inputs["scan"][:, 0], view.data.holdout.targets[:, 0]
    probability = view.outputs["mask"][:, 0]
    masks = {MODEL: probability >= THRESHOLD, TITLE: view.baseline["mask"][:, 0] >= THRESHOLD}
    yield _pictures(scans, truth, masks)
    yield _each_scan(truth, masks)
    yield _thresholds(truth, probability)
    found = [
        (lesion, {name: dice_of_lesion(lesion, mask[row]) for name, mask in masks.items()})
        for row in range(len(scans))
        for lesion in lesions_of(scans[row], truth[row])
    ]
    lesions, coefficients = [lesion for lesion, _ in found], [each for _, each in found]
    yield Lines(
        "Dice of each lesion by its size",
        "diameter of a circle of its area, pixels",
        "Dice, mean",
        _over([lesion.diameter for lesion in lesions], coefficients),
        note=_counted(lesions),
    )
    yield Lines(
        "Dice of each lesion by its contrast",
        "grey values above its surroundings",
        "Dice, mean",
        _over([lesion.contrast for lesion in lesions], coefficients),
        marks=(("as its surroundings", 0.0),),
        note=_counted(lesions),
    )


def _pictures(scans: Array, truth: Array, masks: dict[str, Array]) -> Pictures:
    coefficients = dice_of_each(masks[MODEL], truth)
    with_lesion = np.flatnonzero(truth.any(axis=(1, 2)))
    order = with_lesion[np.argsort(-coefficients[with_lesion], kind="stable")]
    shown = order[[0, len(order) // 2, -1]]
    rows = tuple(
        (
            Picture.of(scans[row]),
            *(Picture.of(scans[row], outline(mask[row])) for mask in (truth, *masks.values())),
        )
        for row in shown
    )
    best, median, worst = (f"{coefficients[row]:.2f}" for row in shown)
    return Pictures(
        "Masks over held-out scans",
        ("scan", "truth", *masks),
        rows,
        note=f"From above: the best, the median and the worst scan that has a lesion. Dice of"
        f" {MODEL} {best}, {median} and {worst}.",
    )


def _each_scan(truth: Array, masks: dict[str, Array]) -> Lines:
    share = tuple(float(x) for x in np.linspace(0, 1, len(truth)))
    return Lines(
        "Dice of every held-out scan",
        "share of scans, from the worst",
        "Dice",
        tuple(
            Series(name, share, tuple(float(y) for y in np.sort(dice_of_each(mask, truth))))
            for name, mask in masks.items()
        ),
        note="A scan without lesion has 1 where the mask is empty, else 0.",
    )


def _thresholds(truth: Array, probability: Array) -> Lines:
    thresholds, precision, recall, dice = [], [], [], []
    lesion = np.count_nonzero(truth)
    for threshold in np.linspace(0.02, 0.98, 49):
        predicted = probability >= threshold
        both, size = np.count_nonzero(predicted & truth), np.count_nonzero(predicted)
        if not size:
            break
        thresholds.append(float(threshold))
        precision.append(both / size)
        recall.append(both / lesion)
        dice.append(2 * both / (size + lesion))
    x = tuple(thresholds)
    return Lines(
        "Precision and recall by threshold",
        "probability from which a pixel is taken as lesion",
        "share of pixels",
        (
            Series("precision", x, tuple(precision)),
            Series("recall", x, tuple(recall)),
            Series("Dice", x, tuple(dice)),
        ),
        marks=(("in use", THRESHOLD),),
        note="All pixels of the held-out scans together.",
    )


def _over(values: Sequence[float], coefficients: Sequence[dict[str, float]]) -> tuple[Series, ...]:
    """The mean coefficients over as many lesions for each point, which lies at their mean value."""
    bins = [part for part in np.array_split(np.argsort(values, kind="stable"), BINS) if len(part)]
    x = tuple(float(np.mean([values[k] for k in part])) for part in bins)
    return tuple(
        Series(
            name,
            x,
            tuple(float(np.mean([coefficients[k][name] for k in part])) for part in bins),
        )
        for name in (MODEL, TITLE)
    )


def _counted(lesions: Sequence[Lesion]) -> str:
    each = round(len(lesions) / BINS)
    return (
        f"{len(lesions)} lesions, about {each} for each point. A lesion is compared with all that"
        f" was predicted in contact with it."
    )
