"""ResNet-18 (He et al., 2015) in the form used for small images: a 3 x 3 stem, no first pooling."""

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from slipway.dataset import Sources

from .recipe import DIGITS, INK

WIDTHS = (64, 128, 256, 512)
RESAMPLED = 32
"""Scans are brought to this side, the one that this form of the network was made for."""


class Block(nn.Module):
    """Two 3 x 3 convolutions and a way around them, projected where the shape changes."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
            nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
        )
        self.shortcut = (
            nn.Identity()
            if stride == 1 and channels_in == channels_out
            else (
                nn.Sequential(
                    nn.Conv2d(channels_in, channels_out, 1, stride, bias=False),
                    nn.BatchNorm2d(channels_out),
                )
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.residual(x) + self.shortcut(x))


class ResNet18(nn.Module):
    """Scans (batch, 1, 8, 8) with grey values 0 to 16 in, logits (batch, 10) out."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, WIDTHS[0], 3, padding=1, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU()
        )
        blocks: list[nn.Module] = []
        channels = WIDTHS[0]
        for stage, width in enumerate(WIDTHS):
            blocks += [Block(channels, width, 1 if stage == 0 else 2), Block(width, width, 1)]
            channels = width
        self.stages = nn.Sequential(*blocks)
        self.head = nn.Linear(channels, classes)

    def forward(self, image: Tensor) -> Tensor:
        x = F.interpolate(image / INK - 0.5, size=(RESAMPLED, RESAMPLED), mode="bilinear")
        x = self.stages(self.stem(x)).mean(dim=(2, 3))
        logits: Tensor = self.head(x)
        return logits


def build(_sources: Sources) -> nn.Module:
    return ResNet18(len(DIGITS))


def loss(outputs: Mapping[str, Tensor], targets: Tensor) -> Tensor:
    """Cross-entropy; smoothed labels keep the network from being surer than it may be."""
    return F.cross_entropy(outputs["logits"], targets, label_smoothing=0.05)
