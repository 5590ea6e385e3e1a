"""What a threshold makes of the scans."""

from collections.abc import Mapping

import numpy as np

from slipway.dataset import Data
from slipway.tensors import Array

TITLE = "Otsu's threshold"
BINS = 256


def answer(data: Data) -> Mapping[str, Array]:
    """Masks of 0 and 1, FP32 (scans, 1, height, width): the pixels above each scan's threshold."""
    scans = data.holdout.inputs["scan"]
    return {"mask": np.stack([scan > threshold(scan) for scan in scans]).astype(np.float32)}


def threshold(scan: Array) -> float:
    """The largest grey value of the darker of two classes whose means differ most, weighted by
    their sizes: the greatest variance between classes (Otsu, 1979).
    """
    counts, edges = np.histogram(scan, BINS)
    sums, _ = np.histogram(scan, edges, weights=scan)
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    total = np.cumsum(sums)
    mean_below = total[:-1] / np.maximum(below, 1)
    mean_above = (total[-1] - total[:-1]) / np.maximum(above, 1)
    best = np.argmax(below * above * (mean_above - mean_below) ** 2)
    return float(scan[scan < edges[1:][best]].max())
