"""Generated scans of one imaginary organ, and which of their pixels are lesion.

Nothing here is measured on a patient. A scan is made in the order of its physics: tissue with a
texture of its own, folds and vessels in it, lesions in place of some of it; blurred by the optics,
lit unevenly, and read with noise. Folds and vessels reach the grey values of lesions, so that only
shape and surroundings tell them apart. All lengths are pixels, all depths grey values (0 to 255).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from slipway.tensors import Array

MARGIN = 8
"""Made around every scan and cut off: filtering in the frequency domain joins opposite borders."""
GREY = 110.0
"""Tissue on average."""
WITHOUT_LESION = 0.12
"""The share of such scans."""
APART = 3
"""The least distance between two lesions."""


@dataclass(frozen=True)
class Population:
    """Patients of one place: one scan each, of tissue whose grain lies within `grain`."""

    seed: int
    grain: tuple[float, float]


def draw(population: Population, count: int, side: int) -> tuple[Array, Array]:
    """Scans (count, side, side), FP32 in whole grey values, and masks of the same shape (BOOL).

    Scan k is the same for any count.
    """
    drawn = [
        _scan(np.random.default_rng([population.seed, k]), population, side) for k in range(count)
    ]
    scans, masks = zip(*drawn, strict=True)
    return np.stack(scans), np.stack(masks)


def _scan(rng: np.random.Generator, population: Population, side: int) -> tuple[Array, Array]:
    canvas = side + 2 * MARGIN
    organ = _tissue(rng, rng.uniform(*population.grain), canvas)
    for _ in range(rng.integers(1, 4)):
        organ += _vessel(rng, canvas)
    mask = np.zeros((canvas, canvas), dtype=bool)
    for _ in range(0 if rng.random() < WITHOUT_LESION else rng.integers(1, 5)):
        within = _outline(rng, canvas)
        if (mask & (within > -APART)).any():
            continue
        share = 1 / (1 + np.exp(-within / rng.uniform(0.3, 0.8)))
        organ += share * (_lesion(rng, canvas) - organ)
        mask |= within > 0
    blurred = _smooth(organ, rng.uniform(0.4, 0.9))
    cut = slice(MARGIN, -MARGIN)
    return _read_out(rng, blurred * _light(rng, canvas))[cut, cut], mask[cut, cut]


def _tissue(rng: np.random.Generator, grain: float, side: int) -> Array:
    """Streaks of the given grain over broad patches, with bright folds of the organ."""
    streaks = _noise(rng, side, grain, stretch=rng.uniform(1, 2.5), along=rng.uniform(0, np.pi))
    patches = _noise(rng, side, 4 * grain)
    tissue: Array = GREY + 7 * streaks + 4 * patches + rng.uniform(15, 45) * _folds(rng, side)
    return tissue


def _folds(rng: np.random.Generator, side: int) -> Array:
    """The lines along which a smooth field is zero: they close, come near, and never end."""
    field = _noise(rng, side, rng.uniform(7, 12))
    # To first order, so that a fold is as wide where the field is flat.
    distance = field / np.maximum(np.hypot(*np.gradient(field)), 1e-6)
    folds: Array = np.exp(-((distance / rng.uniform(1, 2)) ** 2))
    return folds


def _vessel(rng: np.random.Generator, side: int) -> Array:
    """A tube that winds across the scan, brighter or darker than tissue."""
    depth, width = rng.choice([-1, 1]) * rng.uniform(25, 55), rng.uniform(0.8, 1.8)
    step = 0.25
    bends = rng.normal(0, 0.09 * np.sqrt(step), int(2 * side / step))
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(bends)
    way = step * np.cumsum([np.sin(heading), np.cos(heading)], axis=1)
    middle = rng.uniform(0.25, 0.75, size=2) * side
    way += (middle - way[:, len(bends) // 2])[:, None]
    rows, columns = np.rint(way[:, ((way > 0) & (way < side - 1)).all(axis=0)]).astype(int)
    line = np.zeros((side, side), dtype=np.float32)
    np.add.at(line, (rows, columns), step)
    # A line of one per pixel, smoothed, is so high in its middle; more where the vessel turns back.
    profile = _smooth(line, width) * np.sqrt(2 * np.pi) * width
    tube: Array = depth * profile.clip(0, 1)
    return tube


def _outline(rng: np.random.Generator, side: int) -> Array:
    """How far each pixel lies within a round outline with lobes; negative outside."""
    radius = np.exp(rng.uniform(np.log(4.5), np.log(13)))
    row, column = rng.uniform(MARGIN + 4, side - MARGIN - 4, size=2)
    at = np.arange(side, dtype=np.float32)
    down, right = at[:, None] - np.float32(row), at - np.float32(column)
    angle = np.arctan2(down, right)
    outline = np.ones((side, side), dtype=np.float32)
    for lobes, most in ((2, 0.25), (3, 0.15), (5, 0.06)):
        phase = np.float32(rng.uniform(0, 2 * np.pi))
        outline += np.float32(rng.uniform(0, most)) * np.cos(lobes * angle + phase)
    within: Array = radius * outline - np.hypot(down, right)
    return within


def _lesion(rng: np.random.Generator, side: int) -> Array:
    """What lies within the outline: brighter or darker than tissue, with a texture of its own."""
    depth = rng.choice([-1, 1]) * rng.uniform(30, 65)
    lesion: Array = GREY + depth + 6 * _noise(rng, side, rng.uniform(1, 2))
    return lesion


def _light(rng: np.random.Generator, side: int) -> Array:
    """Brighter to one side and towards the middle or the border."""
    at = np.linspace(-1, 1, side, dtype=np.float32)
    direction = rng.uniform(0, 2 * np.pi)
    ramp = at[:, None] * np.sin(direction) + at * np.cos(direction)
    bowl = at[:, None] ** 2 + at**2
    light: Array = np.exp(rng.uniform(0, 0.2) * ramp + rng.uniform(-0.1, 0.1) * bowl)
    return light


def _read_out(rng: np.random.Generator, scan: Array) -> Array:
    """Whole grey values with Rician noise, that of magnitude images in magnetic resonance
    (Gudbjartsson and Patz, 1995).
    """
    real, imaginary = rng.uniform(4, 8) * rng.standard_normal((2, *scan.shape), dtype=np.float32)
    read: Array = np.hypot(scan + real, imaginary).round().clip(0, 255).astype(np.float32)
    return read


def _noise(
    rng: np.random.Generator, side: int, length: float, stretch: float = 1, along: float = 0
) -> Array:
    """Noise of mean 0 and deviation 1 that changes over `length`, `stretch` times as slowly in the
    direction `along` (radians).
    """
    field = _smooth(rng.standard_normal((side, side), dtype=np.float32), length, stretch, along)
    noise: Array = (field - field.mean()) / field.std()
    return noise


def _smooth(image: Array, sigma: float, stretch: float = 1, along: float = 0) -> Array:
    """A Gaussian filter, `stretch` times as wide in the direction `along`."""
    vertical, horizontal = _frequencies(len(image))
    straight = horizontal * np.float32(np.cos(along)) + vertical * np.float32(np.sin(along))
    across = vertical * np.float32(np.cos(along)) - horizontal * np.float32(np.sin(along))
    squared = np.float32(stretch**2) * straight**2 + across**2
    response = np.exp(np.float32(-2 * (np.pi * sigma) ** 2) * squared)
    smoothed: Array = np.fft.irfft2(np.fft.rfft2(image) * response, s=image.shape)
    return smoothed


@cache
def _frequencies(side: int) -> tuple[Array, Array]:
    """Cycles per pixel, vertical and horizontal."""
    vertical, horizontal = np.fft.fftfreq(side), np.fft.rfftfreq(side)
    return vertical[:, None].astype(np.float32), horizontal.astype(np.float32)
