"""Tensors at Triton's border: data types, declarations, and golden requests in KServe v2 form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway.errors import IntegrityError, RecipeError

Array = NDArray[Any]

NUMPY_OF: Mapping[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    "UINT8": np.dtype(np.uint8),
    "INT8": np.dtype(np.int8),
    "INT32": np.dtype(np.int32),
    "INT64": np.dtype(np.int64),
    "FP16": np.dtype(np.float16),
    "FP32": np.dtype(np.float32),
    "FP64": np.dtype(np.float64),
}
"""Triton's names of the data types (KServe v2) and numpy's."""


@dataclass(frozen=True)
class TensorSpec:
    """One input or output as a client sees it.

    `shape` leaves out the batch dimension; None stands for a dimension that varies from request to
    request. `labels` names the entries of the last dimension (classes).
    """

    name: str
    datatype: str
    shape: tuple[int | None, ...]
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.datatype not in NUMPY_OF:
            raise RecipeError(
                f"Tensor '{self.name}' has the data type {self.datatype!r}",
                why=f"Slipway knows {', '.join(NUMPY_OF)}",
            )
        if any(size is not None and size < 1 for size in self.shape):
            raise RecipeError(
                f"Tensor '{self.name}' has the shape {self.shape}",
                why="a dimension is at least 1, or None where it varies",
            )
        if self.labels and (not self.shape or self.shape[-1] != len(self.labels)):
            raise RecipeError(
                f"Tensor '{self.name}' has {len(self.labels)} labels for the shape {self.shape}",
                why="there is one label for each entry of the last dimension",
            )

    @property
    def dtype(self) -> np.dtype[Any]:
        return NUMPY_OF[self.datatype]

    def accepts(self, shape: Sequence[int]) -> bool:
        """Whether a batched `shape` (batch first) fits this declaration."""
        return len(shape) == len(self.shape) + 1 and all(
            want in (None, got) for want, got in zip(self.shape, shape[1:], strict=True)
        )


def datatype_of(array: Array) -> str:
    """Triton's name of an array's data type; `RecipeError` where it has none here."""
    for name, dtype in NUMPY_OF.items():
        if dtype == array.dtype:
            return name
    raise RecipeError(f"No Triton data type for numpy's {array.dtype}")


def to_json(name: str, array: Array) -> dict[str, Any]:
    """A tensor as KServe v2 writes it: name, datatype, shape, and flat row-major data."""
    return {
        "name": name,
        "datatype": datatype_of(array),
        "shape": list(array.shape),
        "data": array.ravel().tolist(),
    }


def from_json(tensor: Mapping[str, Any]) -> Array:
    """The inverse of `to_json`."""
    return np.asarray(tensor["data"], dtype=NUMPY_OF[tensor["datatype"]]).reshape(tensor["shape"])


@dataclass(frozen=True)
class Golden:
    """A request whose right answer is known: what a served model is probed with.

    `tolerance` is the largest absolute difference, element by element, to PyTorch's own answer.
    """

    inputs: Mapping[str, Array]
    outputs: Mapping[str, Array]
    tolerance: float

    def difference(self, answer: Mapping[str, Array]) -> float:
        """The largest absolute difference of an answer; infinite where shape or names differ."""
        return max_difference(self.outputs, answer)

    def to_json(self) -> dict[str, Any]:
        return {
            "tolerance": self.tolerance,
            "request": {"inputs": [to_json(n, a) for n, a in self.inputs.items()]},
            "response": {"outputs": [to_json(n, a) for n, a in self.outputs.items()]},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Golden":
        try:
            return cls(
                inputs={t["name"]: from_json(t) for t in value["request"]["inputs"]},
                outputs={t["name"]: from_json(t) for t in value["response"]["outputs"]},
                tolerance=float(value["tolerance"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError(
                "The golden request cannot be read", why=f"{type(error).__name__}: {error}"
            ) from error


def max_difference(want: Mapping[str, Array], got: Mapping[str, Array]) -> float:
    """The largest absolute difference between two sets of named arrays.

    Infinite where a name is missing, a shape differs, or one side is not a number and the other is.
    """
    worst = 0.0
    for name, expected in want.items():
        actual = got.get(name)
        if actual is None or actual.shape != expected.shape:
            return float("inf")
        if not expected.size:
            continue
        gap = np.abs(np.asarray(actual, np.float64) - np.asarray(expected, np.float64))
        largest = float(np.max(gap))
        if np.isnan(largest):
            return float("inf")
        worst = max(worst, largest)
    return worst
