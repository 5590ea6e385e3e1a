"""How much of each tensor quantisation lost: the signal's power to the noise's, in decibels.

Ten decibels more are a tenth of the noise; 20 dB means that the noise is a tenth of the signal in
amplitude.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf, log10
from pathlib import Path

import numpy as np
import onnx

from slipway.build.optimise.intermediates import FLOAT, HALF, Batches, Intermediates
from slipway.tensors import Array

MOST = 200.0
"""Decibels from which noise is none: FP32 itself has about 150."""


@dataclass(frozen=True)
class TensorLoss:
    """A tensor of the reference, and the node there that makes it.

    `db` is its signal to noise; `added` the part of that noise, as a share of the signal's power,
    that was not in the tensors the node takes.
    """

    tensor: str
    node: str
    db: float
    added: float


@dataclass
class _Power:
    """Sums over all batches; infinite noise where a number is none."""

    signal: float = 0.0
    noise: float = 0.0

    def add(self, reference: Array, other: Array) -> None:
        """What is infinite in the reference (masks) has no power and is left out."""
        wanted, got = reference.astype(np.float64), other.astype(np.float64)
        counted = np.abs(wanted) < np.finfo(np.float32).max / 2
        noise = (wanted - got)[counted]
        self.signal += float(np.square(wanted[counted]).sum())
        self.noise += float(np.square(noise).sum()) if np.isfinite(noise).all() else inf

    @property
    def share(self) -> float:
        """Noise as a share of the signal."""
        if not self.noise:
            return 0.0
        return self.noise / self.signal if self.signal else inf

    @property
    def db(self) -> float:
        return decibels(self.share)


def decibels(share: float) -> float:
    """Of a noise that is such a share of the signal's power: -inf to `MOST`."""
    if share == inf:
        return -inf
    return min(MOST, -10 * log10(share)) if share else MOST


def tensor_losses(reference: Path, quantised: Path, batches: Batches) -> tuple[TensorLoss, ...]:
    """Of every FP32 or FP16 tensor that both graphs make under one name; worst first."""
    before, after = Intermediates(reference), Intermediates(quantised)
    kept = set(after.of_type(FLOAT, HALF))
    names = [name for name in before.of_type(FLOAT) if name in kept]
    powers = _powers(before, after, names, batches)
    losses = [
        TensorLoss(name, node.name, powers[name].db, _added(node, name, powers))
        for name, node in ((name, before.makers[name]) for name in names)
    ]
    return tuple(sorted(losses, key=lambda loss: loss.db))


def output_loss(reference: Path, quantised: Path, batches: Batches) -> float:
    """Decibels of the worst floating-point output."""
    before, after = Intermediates(reference), Intermediates(quantised)
    floating = set(before.of_type(FLOAT))
    names = [name for name in before.outputs if name in floating]
    powers = _powers(before, after, names, batches)
    return min((power.db for power in powers.values()), default=MOST)


def _powers(
    before: Intermediates, after: Intermediates, names: Iterable[str], batches: Batches
) -> Mapping[str, _Power]:
    powers = {name: _Power() for name in names}
    pairs = zip(before.values(powers, batches), after.values(powers, batches), strict=True)
    for reference, other in pairs:
        for name, array in reference.items():
            powers[name].add(array, other[name])
    return powers


def _added(node: onnx.NodeProto, tensor: str, powers: Mapping[str, _Power]) -> float:
    taken = max((powers[name].share for name in node.input if name in powers), default=0.0)
    made = powers[tensor].share
    return made - taken if taken < inf else 0.0
