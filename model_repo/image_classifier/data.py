"""Handwritten digits, 8 x 8 grey values from 0 to 16: those of scikit-learn, or one's own scans.

Source: UCI, "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, 1998), test part:
1,797 scans. They lie sheet by sheet, about 130 scans of one hand each, as the repeated order of
the digits shows. The last three sheets are held out: none of them looks like the hand of a sheet
that is learnt from.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from slipway.dataset import Data, Sources, Split
from slipway.duplicates import ARRAYS_ALIKE, arrays, groups, hold_out
from slipway.errors import DataError
from slipway.formats import read_images
from slipway.tensors import Array

from .recipe import DIGITS, INK, SIDE

FIRST_HELD_OUT = 1415
"""Where the twelfth sheet begins."""
HOLDOUT = 0.2
"""Of the user's own scans."""
SEED = 0
WHITE = 255.0
BEND = 0.15
"""About 9 degrees, or 15 % in size."""


def load(sources: Sources) -> Data:
    """The same split every time: `image`, FP32 (scans, 1, SIDE, SIDE) from 0 to INK, and targets,
    INT64 (scans,).
    """
    return _own(sources.data) if sources.data else _shipped()


def _shipped() -> Data:
    digits = load_digits()
    everything = Split(
        {"image": digits.images.astype(np.float32)[:, None]}, digits.target.astype(np.int64)
    )
    return Data(
        train=everything.take(slice(FIRST_HELD_OUT)),
        holdout=everything.take(slice(FIRST_HELD_OUT, None)),
    )


def _own(folder: Path) -> Data:
    """Dark ink on light paper, below a folder for each digit; each in both parts, copies in one."""
    grey, labels = read_images(folder, (SIDE, SIDE))
    unknown = sorted(set(labels) - set(DIGITS))
    if unknown:
        raise DataError(
            f"{folder} has the label '{unknown[0]}'",
            why=f"the labels of the recipe are {', '.join(DIGITS)}",
            mend="Change DIGITS in recipe.py, or the names of the folders.",
        )
    if np.median(grey) < WHITE / 2:
        raise DataError(
            f"The images in {folder} are light on dark",
            why="scans are dark ink on light paper",
            mend="Invert their grey values.",
        )
    images = ((1 - grey / WHITE) * INK)[:, None]
    targets = np.array([DIGITS.index(label) for label in labels], dtype=np.int64)
    alike = groups(arrays(images, images), ARRAYS_ALIKE)
    held = hold_out(alike, labels, HOLDOUT, np.random.default_rng(SEED))
    for part in (targets[held], targets[~held]):
        missing = np.setdiff1d(np.arange(len(DIGITS)), part)
        if len(missing):
            raise DataError(
                f"{folder} has too few images of the label '{DIGITS[missing[0]]}'",
                why="each label needs some to learn from and others to be judged by, not alike",
                mend="Bring more that differ, or take the label out of DIGITS in recipe.py.",
            )
    everything = Split({"image": images}, targets)
    return Data(train=everything.take(~held), holdout=everything.take(held))


def augment(inputs: Mapping[str, Array], rng: np.random.Generator) -> Mapping[str, Array]:
    """Turn, slant, stretch and move each scan (scans, 1, SIDE, SIDE) a little, as writers do.

    Each pixel is read from where a random matrix near the identity and a step of at most a pixel
    take it, between the four pixels around that place; paper lies around the scan.
    """
    images = inputs["image"]
    side = np.arange(SIDE) - (SIDE - 1) / 2
    places = np.stack(np.meshgrid(side, side, indexing="ij")).reshape(2, -1)
    matrix = np.eye(2) + rng.uniform(-BEND, BEND, (len(images), 2, 2))
    step = rng.uniform(-1, 1, (len(images), 2, 1))
    # One pixel of paper before the scan and two after it: whatever lies farther away is paper too.
    source = np.clip(matrix @ places + step + (SIDE - 1) / 2, -1, SIDE) + 1
    paper = np.pad(images[:, 0], ((0, 0), (1, 2), (1, 2)))
    upper, left = np.floor(source).astype(np.int64).swapaxes(0, 1)
    down, right = (source % 1).swapaxes(0, 1)
    scan = np.arange(len(images))[:, None]
    moved = (1 - down) * (
        (1 - right) * paper[scan, upper, left] + right * paper[scan, upper, left + 1]
    ) + down * (
        (1 - right) * paper[scan, upper + 1, left] + right * paper[scan, upper + 1, left + 1]
    )
    return {"image": moved.reshape(images.shape).astype(np.float32)}
