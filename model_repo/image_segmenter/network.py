"""U-Net (Ronneberger, Fischer and Brox, 2015), a quarter as wide and one step less deep.

Convolutions are padded, so that the mask has the size of the scan, and batch-normalised.
"""

from collections.abc import Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from slipway.dataset import Sources

WIDTHS = (16, 32, 64, 128)
"""Channels at each resolution; each is half the one before it."""
FLAT = 1e-4
"""Grey values: a scan that varies less is taken as blank."""


class Convolutions(nn.Sequential):
    """Two 3 x 3 convolutions, each normalised and rectified."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        layers: list[nn.Module] = []
        for channels in (channels_in, channels_out):
            layers += [
                nn.Conv2d(channels, channels_out, 3, padding=1, bias=False),
                nn.BatchNorm2d(channels_out),
                nn.ReLU(),
            ]
        super().__init__(*layers)


class UNet(nn.Module):
    """Scans (batch, 1, height, width) in any unit in, the probability of lesion for each pixel out.

    Height and width are multiples of 8. Every scan is first brought to mean 0 and deviation 1 of
    its own, so gain and offset of the scanner change no answer.
    """

    def __init__(self) -> None:
        super().__init__()
        ways = list(pairwise(WIDTHS))
        self.first = Convolutions(1, WIDTHS[0])
        self.down = nn.ModuleList(Convolutions(fine, coarse) for fine, coarse in ways)
        self.up = nn.ModuleList(nn.ConvTranspose2d(coarse, fine, 2, 2) for fine, coarse in ways)
        self.merge = nn.ModuleList(Convolutions(2 * fine, fine) for fine, _ in ways)
        self.head = nn.Conv2d(WIDTHS[0], 1, 1)

    def forward(self, scan: Tensor) -> Tensor:
        centred = scan - scan.mean(dim=(1, 2, 3), keepdim=True)
        deviation = centred.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        x = self.first(centred / (deviation + FLAT))
        skipped: list[Tensor] = []
        for convolutions in self.down:
            skipped.append(x)
            x = convolutions(F.max_pool2d(x, 2))
        for k in reversed(range(len(skipped))):
            x = self.merge[k](torch.cat([skipped[k], self.up[k](x)], dim=1))
        return torch.sigmoid(self.head(x))


def build(_sources: Sources) -> nn.Module:
    # Channels last: oneDNN trains small widths a third faster that way, with the same answers.
    network: nn.Module = UNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks memory_format
    return network


def loss(outputs: Mapping[str, Tensor], targets: Tensor) -> Tensor:
    """Cross-entropy of pixels, and one minus the Dice coefficient of the batch with probabilities
    for pixels (Milletari, Navab and Ahmadi, 2016): lesions are a small part of a scan.
    """
    mask, truth = outputs["mask"], targets.to(torch.float32)
    overlap = 2 * (mask * truth).sum() / (mask.sum() + truth.sum()).clamp_min(1)
    return F.binary_cross_entropy(mask, truth) + 1 - overlap
