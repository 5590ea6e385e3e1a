"""What a network learns from and is judged on: arrays of examples, batch dimension first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from slipway.tensors import Array


@dataclass(frozen=True)
class Sources:
    """What a user brings to a recipe. None: what its folder ships.

    `data` is a file or folder in the format that the folder's README.md documents, `checkpoint` a
    file or folder with weights to begin with.
    """

    data: Path | None = None
    checkpoint: Path | None = None


SHIPPED = Sources()


@dataclass(frozen=True)
class Split:
    """Examples: for each input that clients send an array, and one target each.

    Text is an array of `str` objects. Where a dimension varies, the arrays are padded at its end
    with the `fill` of the recipe's TensorSpec.
    """

    inputs: Mapping[str, Array]
    targets: Array

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: Array | slice) -> "Split":
        return Split({n: a[rows] for n, a in self.inputs.items()}, self.targets[rows])


@dataclass(frozen=True)
class Data:
    """What the network learns from, and what only its evaluation may see.

    `calibration` are examples on which ranges of numbers are measured; None takes some of `train`.
    """

    train: Split
    holdout: Split
    calibration: Split | None = field(default=None, kw_only=True)
