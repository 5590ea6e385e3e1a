"""Single lesions of a mask, and what is measured on them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from slipway.metrics.segmentation import dice_of_each
from slipway.tensors import Array

RING = 4
"""Pixels around a lesion that its contrast is measured against."""


@dataclass(frozen=True)
class Lesion:
    """`pixels` (height, width) are true on it. `diameter` is that of a circle of the same area, in
    pixels; `contrast` how much brighter it is than the ring around it, in the scan's unit.
    """

    pixels: Array
    diameter: float
    contrast: float


def lesions_of(scan: Array, mask: Array) -> Iterator[Lesion]:
    """Each connected part of a mask (height, width), BOOL."""
    parts = _parts(mask)
    for part in np.unique(parts[mask]):
        pixels = parts == part
        ring = widened(pixels, RING) & ~mask
        surroundings = scan[ring].mean() if ring.any() else scan.mean()
        yield Lesion(
            pixels,
            diameter=float(2 * np.sqrt(np.count_nonzero(pixels) / np.pi)),
            contrast=float(scan[pixels].mean() - surroundings),
        )


def dice_of_lesion(lesion: Lesion, predicted: Array) -> float:
    """Dice coefficient of a lesion and the parts of the predicted mask that touch it."""
    parts = _parts(predicted)
    touching = np.isin(parts, np.unique(parts[lesion.pixels & predicted])) & predicted
    return float(dice_of_each(touching[None], lesion.pixels[None])[0])


def outline(mask: Array) -> Array:
    """The pixels of a mask (height, width) that have a neighbour outside it."""
    return mask & widened(~mask, 1)


def widened(mask: Array, by: int) -> Array:
    """A mask (height, width) and all pixels within so many steps of it, diagonal ones too."""
    height, width = mask.shape
    around = np.pad(mask, by)
    wide = np.zeros_like(mask)
    for down in range(2 * by + 1):
        for right in range(2 * by + 1):
            wide |= around[down : down + height, right : right + width]
    return wide


def _parts(mask: Array) -> Array:
    """The number of the part that a pixel belongs to, 0 outside; diagonal neighbours are joined."""
    parts = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        around = np.pad(parts, 1)
        rows = np.maximum(np.maximum(around[:-2], around[1:-1]), around[2:])
        most = np.maximum(np.maximum(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:]) * mask
        if np.array_equal(most, parts):
            return parts
        parts = most
