"""The same U-Net, half as wide: a quarter of the teacher's work."""

from collections.abc import Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from slipway.dataset import Sources

from .network import Convolutions, UNet

WIDTHS = (8, 16, 32, 64)
SUREST = 1e-6
"""How near to 0 and 1 a probability is told apart."""


class NarrowUNet(UNet):
    """As UNet, in its forward pass too."""

    def __init__(self) -> None:
        super(UNet, self).__init__()
        ways = list(pairwise(WIDTHS))
        self.first = Convolutions(1, WIDTHS[0])
        self.down = nn.ModuleList(Convolutions(fine, coarse) for fine, coarse in ways)
        self.up = nn.ModuleList(nn.ConvTranspose2d(coarse, fine, 2, 2) for fine, coarse in ways)
        self.merge = nn.ModuleList(Convolutions(2 * fine, fine) for fine, _ in ways)
        self.head = nn.Conv2d(WIDTHS[0], 1, 1)


def build(_sources: Sources, _teacher: nn.Module) -> nn.Module:
    """It begins from nothing: no layer of the teacher's fits."""
    network: nn.Module = NarrowUNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks memory_format
    return network


def distance(
    outputs: Mapping[str, Tensor], teachers_outputs: Mapping[str, Tensor], temperature: float
) -> Tensor:
    """Kullback-Leibler divergence of each pixel's two chances, the mean over all pixels, of the
    size it has at temperature 1.
    """
    own, wanted = (each["mask"].logit(SUREST) / temperature for each in (outputs, teachers_outputs))
    chance = wanted.sigmoid()
    crossed, least = (F.binary_cross_entropy_with_logits(each, chance) for each in (own, wanted))
    return (crossed - least) * temperature**2
