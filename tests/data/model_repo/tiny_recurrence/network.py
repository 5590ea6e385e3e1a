"""An LSTM, and a layer over its last state."""

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from slipway.dataset import Sources


class Recurrent(nn.Module):
    """Series (batch, 12, 2) in, scores (batch, 2) out."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, 16, batch_first=True)
        self.head = nn.Linear(16, 2)

    def forward(self, series: Tensor) -> Tensor:
        return self.head(self.lstm(series)[0][:, -1])


def build(_sources: Sources) -> nn.Module:
    return Recurrent()


def loss(outputs: Mapping[str, Tensor], targets: Tensor) -> Tensor:
    return F.cross_entropy(outputs["scores"], targets)
