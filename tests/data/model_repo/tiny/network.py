"""One hidden layer, and a dropout that makes training depend on PyTorch's random numbers."""

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from slipway.dataset import Sources


def build(_sources: Sources) -> nn.Module:
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))


def loss(outputs: Mapping[str, Tensor], targets: Tensor) -> Tensor:
    return F.cross_entropy(outputs["scores"], targets)
