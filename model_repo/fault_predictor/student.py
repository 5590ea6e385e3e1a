"""An LSTM of half the width that takes four hours in one step, which a convolution puts together.

Steps wait for one another, so a quarter of them is what makes it quick.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from slipway.dataset import Sources

from .network import FARTHEST, LEAST, SMALLEST, FaultPredictor
from .signals import MODES, SENSORS

HOURS = 4
"""In one step."""
WIDTH = 24


class HourlyBlocks(nn.Module):
    """As FaultPredictor: readings (batch, steps, sensors) and which were observed in, risk and
    modes out. Hours after the last observed one change nothing; where none was, the answer is that
    of an LSTM which has seen nothing.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, centre: Tensor, spread: Tensor) -> None:
        super().__init__()
        self.register_buffer("centre", centre.clone())
        self.register_buffer("spread", spread.clone())
        self.blocks = nn.Conv1d(2 * len(SENSORS), WIDTH, HOURS, stride=HOURS)
        self.lstm = nn.LSTM(WIDTH, WIDTH, batch_first=True)
        self.head = nn.Linear(WIDTH, len(MODES))

    def forward(self, readings: Tensor, observed: Tensor) -> tuple[Tensor, Tensor]:
        logs = readings.clamp_min(SMALLEST).log()
        scaled = ((logs - self.centre) / self.spread).clamp(-FARTHEST, FARTHEST)
        scaled = torch.where(observed, scaled, 0.0)
        hours = torch.cat([scaled, observed.to(scaled.dtype)], dim=-1)
        # The last block is filled with hours in which nothing was observed.
        hours = F.pad(hours.transpose(1, 2), (0, HOURS - 1))
        steps, _ = self.lstm(F.relu(self.blocks(hours)).transpose(1, 2))
        seen = F.avg_pool1d(hours[:, len(SENSORS) :].amax(dim=1, keepdim=True), HOURS).ceil()
        # A product with 1 at the last block seen takes fewer nodes than a gather, and these count.
        count = seen.cumsum(dim=-1)
        last = seen * (count == count.amax(dim=-1, keepdim=True))
        state = (last @ steps).squeeze(1)
        modes = self.head(state).softmax(dim=-1)
        return 1 - modes[:, :1], modes


def build(_sources: Sources, teacher: nn.Module) -> nn.Module:
    """It takes the teacher's scales and begins from nothing."""
    assert isinstance(teacher, FaultPredictor)
    return HourlyBlocks(teacher.centre, teacher.spread)


def distance(
    outputs: Mapping[str, Tensor], teachers_outputs: Mapping[str, Tensor], temperature: float
) -> Tensor:
    """Kullback-Leibler divergence of the modes' chances, of the size it has at temperature 1."""
    own, wanted = (
        (each["mode"].clamp_min(LEAST).log() / temperature).log_softmax(dim=-1)
        for each in (outputs, teachers_outputs)
    )
    return F.kl_div(own, wanted, reduction="batchmean", log_target=True) * temperature**2
