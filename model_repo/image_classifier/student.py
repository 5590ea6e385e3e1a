"""A ResNet of three stages and one block each, half as wide: an eleventh of the teacher's work."""

from collections.abc import Mapping
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from slipway.dataset import Sources

from .network import RESAMPLED, Block
from .recipe import DIGITS, INK

WIDTHS = (32, 64, 128)


class SmallResNet(nn.Module):
    """As ResNet18: scans (batch, 1, 8, 8) in, logits (batch, 10) out."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, WIDTHS[0], 3, padding=1, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU()
        )
        self.stages = nn.Sequential(
            Block(WIDTHS[0], WIDTHS[0], 1),
            *(Block(fine, coarse, 2) for fine, coarse in pairwise(WIDTHS)),
        )
        self.head = nn.Linear(WIDTHS[-1], classes)

    def forward(self, image: Tensor) -> Tensor:
        x = F.interpolate(image / INK - 0.5, size=(RESAMPLED, RESAMPLED), mode="bilinear")
        logits: Tensor = self.head(self.stages(self.stem(x)).mean(dim=(2, 3)))
        return logits


def build(_sources: Sources, _teacher: nn.Module) -> nn.Module:
    """It begins from nothing: no layer of the teacher's fits."""
    return SmallResNet(len(DIGITS))


def distance(
    outputs: Mapping[str, Tensor], teachers_outputs: Mapping[str, Tensor], temperature: float
) -> Tensor:
    """Kullback-Leibler divergence of the digits' chances, of the size it has at temperature 1."""
    own, wanted = (
        (each["logits"] / temperature).log_softmax(dim=-1) for each in (outputs, teachers_outputs)
    )
    return F.kl_div(own, wanted, reduction="batchmean", log_target=True) * temperature**2
