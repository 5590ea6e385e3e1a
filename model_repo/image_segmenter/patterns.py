"""How alike two scans are, so that `slipway.duplicates` keeps near-duplicates on one side.

Compared are patterns at a sixteenth of the side, in all eight ways to turn and mirror one of them.
Noise, gain, slow changes of lighting and a shift by a pixel leave the pattern as it is.
"""

from collections.abc import Iterator

import numpy as np

from slipway.duplicates import BLOCK
from slipway.tensors import Array

CELLS = 16
"""Cells along a side of the pattern, each the mean of its pixels."""
SCANS_ALIKE = 0.6
"""Two generated scans have less than 0.45; a scan and its copy that was shifted by a pixel, relit,
and given as much noise again have 0.8 at least.
"""


def likeness(left: Array, right: Array) -> Iterator[Array]:
    """The correlation of patterns, for each scan of `left` a row with one value for each of
    `right`; both are (scans, height, width).
    """
    patterns = _patterns(right)
    for start in range(0, len(left), BLOCK):
        turned = _orientations(left[start : start + BLOCK])
        yield from np.max([_patterns(scans) @ patterns.T for scans in turned], axis=0)


def _orientations(scans: Array) -> Iterator[Array]:
    for quarters in range(4):
        turned = np.rot90(scans, quarters, axes=(1, 2))
        yield turned
        yield turned[:, :, ::-1]


def _patterns(scans: Array) -> Array:
    """How far each cell is above its neighbourhood of 3 x 3; mean 0, length 1, (scans, cells)."""
    cell = scans.shape[-1] // CELLS
    side = CELLS * cell
    pixels = scans[:, :side, :side].astype(np.float32)
    cells = pixels.reshape(-1, CELLS, cell, CELLS, cell).mean(axis=(2, 4))
    around = np.pad(cells, ((0, 0), (1, 1), (1, 1)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(around, (3, 3), axis=(1, 2))
    above = (cells - windows.mean(axis=(3, 4))).reshape(len(cells), -1)
    above -= above.mean(axis=1, keepdims=True)
    length = np.linalg.norm(above, axis=1, keepdims=True)
    pattern: Array = above / np.where(length == 0, 1, length)
    return pattern
