"""Generated scans (`scans.py`), or a user's own.

Shipped: the held-out patients come from another place than those learned from. Their random numbers
have another seed, and no tissue of theirs has a grain that training saw. Brought: near-duplicates
(`patterns.py`) and scans of one patient stay on one side of the split.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from slipway.dataset import Data, Sources, Split
from slipway.duplicates import groups, hold_out
from slipway.errors import DataError
from slipway.formats import read_arrays
from slipway.tensors import Array

from .patterns import SCANS_ALIKE, likeness
from .recipe import SIDE
from .scans import Population, draw

LEARNED = Population(seed=1, grain=(1.0, 1.7))
HELD = Population(seed=2, grain=(1.8, 2.4))
LEARNED_SCANS, HELD_SCANS = 1280, 200
HOLDOUT = 0.2
"""Of the scans that a user brings, with lesions and without."""
SEED = 0


def load(sources: Sources) -> Data:
    """Inputs `scan`, FP32 (scans, 1, SIDE, SIDE); targets of that shape, true where lesion is."""
    if sources.data is not None:
        return _own(sources.data)
    return Data(
        train=_as_split(*draw(LEARNED, LEARNED_SCANS, SIDE)),
        holdout=_as_split(*draw(HELD, HELD_SCANS, SIDE)),
    )


def _as_split(scans: Array, masks: Array) -> Split:
    return Split({"scan": scans[:, None].astype(np.float32)}, masks[:, None])


def _own(path: Path) -> Data:
    """A .npz file as README.md says. Raises `DataError`."""
    arrays = read_arrays(path, {"scan": (None, SIDE, SIDE), "mask": (None, SIDE, SIDE)})
    scans = arrays["scan"]
    _check_scans(path, scans)
    _check_masks(path, arrays["mask"])
    everything = _as_split(scans, arrays["mask"] != 0)
    together = groups(_belonging(scans, _patients(path, len(scans))), SCANS_ALIKE)
    has_lesion = [bool(mask.any()) for mask in everything.targets]
    held = hold_out(together, has_lesion, HOLDOUT, np.random.default_rng(SEED))
    data = Data(train=everything.take(~held), holdout=everything.take(held))
    for part, use in ((data.train, "to learn from"), (data.holdout, "to be judged by")):
        if not part.targets.any():
            raise DataError(
                f"{path} holds too few scans",
                why=f"of {len(set(together))} patients or groups of near-duplicates no lesion is"
                f" left {use}",
                mend="Bring scans of more patients with lesions.",
            )
    return data


def _belonging(scans: Array, patients: Array) -> Iterator[Array]:
    """The likeness of scans to one another; 1 for all of one patient."""
    for patient, row in zip(patients, likeness(scans, scans), strict=True):
        yield np.where(patients == patient, 1, row)


def _patients(path: Path, scans: int) -> Array:
    """Whose each scan is; where the file does not say, each is of another patient."""
    with np.load(path, allow_pickle=False) as file:
        patients: Array = file["patient"] if "patient" in file.files else np.arange(scans)
    if patients.shape != (scans,):
        raise DataError(
            f"{path} cannot be used",
            why=f"patient has the shape {patients.shape}",
            mend=f"It names the patient of each of the {scans} scans.",
        )
    return patients


def _check_scans(path: Path, scans: Array) -> None:
    if scans.dtype.kind not in "uif":
        raise DataError(f"{path} cannot be used", why=f"scan holds {scans.dtype}, not grey values")
    pixels = scans.reshape(len(scans), -1)
    for wrong, why in (
        (~np.isfinite(pixels).all(axis=1), "is not finite everywhere"),
        (pixels.min(axis=1) == pixels.max(axis=1), "is blank"),
    ):
        if wrong.any():
            raise DataError(
                f"{path} cannot be used",
                why=f"scan {np.argmax(wrong)} (counted from 0) {why}",
                mend="Leave it out.",
            )


def _check_masks(path: Path, masks: Array) -> None:
    values = np.unique(masks)
    if 0 in values and len(values) == 2:
        return
    shown = ", ".join(str(value) for value in values[:4]) + (", ..." if len(values) > 4 else "")
    raise DataError(
        f"{path} cannot be used",
        why=f"mask holds {shown}",
        mend="A mask holds 0 and, where there is lesion, one other value.",
    )
