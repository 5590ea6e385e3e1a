"""An LSTM (Hochreiter and Schmidhuber, 1997) over the last hours of a machine's sensors."""

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from slipway.dataset import Sources

from .data import load
from .signals import MODES, SENSORS
from .traces import MODE

WIDTH = 48
SMALLEST = 0.01
"""Readings below it, in their units, are taken for it."""
FARTHEST = 6.0
"""Standard deviations from the usual level; a reading farther off is taken to be that far."""
LEAST = 1e-7
"""A probability whose logarithm is still a number."""


class FaultPredictor(nn.Module):
    """Readings (batch, steps, sensors) in their units and which of them were observed, BOOL.

    Out come the risk of a failure within the horizon (batch, 1) and the probability of each mode
    (batch, modes), "none" first. What was not observed counts for nothing. The answer is that of
    the last step at which anything was observed, so hours added at the end do not change it.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, centre: Tensor, spread: Tensor) -> None:
        super().__init__()
        self.register_buffer("centre", centre)
        self.register_buffer("spread", spread)
        self.lstm = nn.LSTM(2 * len(SENSORS), WIDTH, batch_first=True)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(WIDTH, len(MODES))

    def forward(self, readings: Tensor, observed: Tensor) -> tuple[Tensor, Tensor]:
        # The affinity laws are straight lines between logarithms.
        logs = readings.clamp_min(SMALLEST).log()
        scaled = ((logs - self.centre) / self.spread).clamp(-FARTHEST, FARTHEST)
        scaled = torch.where(observed, scaled, 0.0)
        steps, _ = self.lstm(torch.cat([scaled, observed.to(scaled.dtype)], dim=-1))
        last = _last_observed(observed)
        state = steps.gather(1, last[:, None, None].expand(-1, 1, WIDTH)).squeeze(1)
        modes = self.head(self.dropout(state)).softmax(dim=-1)
        return 1 - modes[:, :1], modes


def _last_observed(observed: Tensor) -> Tensor:
    """The last step of each window with a reading (batch,); the first where there is none."""
    number = torch.arange(observed.shape[1], device=observed.device)
    return (observed.any(dim=-1) * number).amax(dim=1)


def build(sources: Sources) -> nn.Module:
    """A network whose scales are those of the machines it is to learn from."""
    train = load(sources).train
    observed = train.inputs["observed"]
    centre, spread = [], []
    for sensor in range(len(SENSORS)):
        values = np.log(train.inputs["readings"][..., sensor][observed[..., sensor]].clip(SMALLEST))
        centre.append(float(values.mean()) if len(values) else 0.0)
        spread.append(float(values.std()) if len(values) else 1.0)
    return FaultPredictor(torch.tensor(centre), torch.tensor(spread).clamp_min(1e-3))


def loss(outputs: Mapping[str, Tensor], targets: Tensor) -> Tensor:
    """Cross-entropy of the modes."""
    return F.nll_loss(outputs["mode"].clamp_min(LEAST).log(), targets[:, MODE].long())
