"""A pair of limits for each sensor, as many plants have them. They know nothing of the load.

The limits stand as close as training allows with false alarms no oftener than wanted.
"""

from collections.abc import Mapping

import numpy as np

from slipway.dataset import Data, Split
from slipway.metrics.detection import DUE, FALSE_ALARMS, THRESHOLD, alarms, judge
from slipway.tensors import Array

from .signals import MODES, NONE

TITLE = "Threshold per sensor"

RECENT = 6
"""Hours whose mean is compared, as one reading alone may be far off."""
WANTED = 0.7 * FALSE_ALARMS
"""False-alarm rate in training: some room, since other machines have other levels."""
TAILS = np.geomspace(0.1, 1e-4, 40)
"""Shares of a sensor's healthy levels that may lie beyond each of its limits, tried in turn."""


def answer(data: Data) -> Mapping[str, Array]:
    """`risk` (windows, 1): above THRESHOLD beyond a limit; `mode` (windows, modes) tells whether it
    fails, not by what.
    """
    train, holdout = recent_levels(data.train), recent_levels(data.holdout)
    healthy = train[data.train.targets[:, DUE] == 0]
    healthy[:, np.isnan(healthy).all(axis=0)] = 0  # a sensor that no machine has
    for tail in TAILS:
        limits = np.nanquantile(healthy, [tail, 0.5, 1 - tail], axis=0)
        on = alarms(exceedance(train, limits), data.train.targets)
        if judge(on, data.train.targets).false_alarm_rate <= WANTED:
            break
    risk = exceedance(holdout, limits)
    mode = np.repeat(risk / (len(MODES) - 1), len(MODES), axis=1)
    mode[:, MODES.index(NONE)] = 1 - risk[:, 0]
    return {"risk": risk, "mode": mode}


def recent_levels(split: Split) -> Array:
    """Each sensor's mean over the last hours of each window; NaN where none was observed."""
    observed = split.inputs["observed"]
    steps = np.arange(observed.shape[1])
    end = (observed.any(axis=2) * (steps + 1)).max(axis=1)
    recent = observed & (steps >= end[:, None] - RECENT)[..., None]
    count = recent.sum(axis=1)
    total = np.where(recent, split.inputs["readings"], 0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def exceedance(levels: Array, limits: Array) -> Array:
    """A risk that rises with the worst sensor's way from its usual level; THRESHOLD at a limit."""
    low, usual, high = limits
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.where(
            levels > usual, (levels - usual) / (high - usual), (usual - levels) / (usual - low)
        )
    odds = np.nan_to_num(far).max(axis=1, keepdims=True) * THRESHOLD / (1 - THRESHOLD)
    risk: Array = (odds / (1 + odds)).astype(np.float32)
    return risk
