"""Tensors at Triton's border: data types, declarations, and KServe v2's form of them."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway.errors import RecipeError

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
    "BYTES": np.dtype(object),
}
"""Triton's names of the data types (KServe v2) and numpy's. BYTES are arrays of `str`: text."""


@dataclass(frozen=True)
class TensorSpec:
    """One input or output as a client sees it.

    `shape` leaves out the batch dimension; a name in it stands for a dimension that varies from
    request to request, the same size wherever the name is the same. `fill` is what an input is
    padded with at the end of such a dimension; no answer depends on it. `labels` names the entries
    of the last dimension (classes).
    """

    name: str
    datatype: str
    shape: tuple[int | str, ...]
    labels: tuple[str, ...] = ()
    fill: float | str = 0

    def __post_init__(self) -> None:
        if self.datatype not in NUMPY_OF:
            raise RecipeError(
                f"Tensor '{self.name}' has the data type {self.datatype!r}",
                why=f"Slipway knows {', '.join(NUMPY_OF)}",
            )
        if any(not size if isinstance(size, str) else size < 1 for size in self.shape):
            raise RecipeError(
                f"Tensor '{self.name}' has the shape {self.shape}",
                why="a dimension is at least 1, or a name where it varies",
            )
        if self.labels and (not self.shape or self.shape[-1] != len(self.labels)):
            raise RecipeError(
                f"Tensor '{self.name}' has {len(self.labels)} labels for the shape {self.shape}",
                why="there is one label for each entry of the last dimension",
            )

    @property
    def varying(self) -> tuple[str, ...]:
        """The names of the dimensions that vary."""
        return tuple(size for size in self.shape if isinstance(size, str))

    @property
    def dtype(self) -> np.dtype[Any]:
        return NUMPY_OF[self.datatype]

    def accepts(self, shape: Sequence[int]) -> bool:
        """Whether a batched `shape` (batch first) fits this declaration."""
        return len(shape) == len(self.shape) + 1 and all(
            isinstance(want, str) or want == got
            for want, got in zip(self.shape, shape[1:], strict=True)
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


def to_bytes(array: Array) -> bytes:
    """The elements row by row as Triton sends them; text as UTF-8 after its length (4 bytes)."""
    if array.dtype != NUMPY_OF["BYTES"]:
        return array.tobytes()
    encoded = [str(text).encode() for text in array.ravel()]
    return b"".join(struct.pack("<I", len(text)) + text for text in encoded)


def from_bytes(data: bytes, datatype: str, shape: Sequence[int]) -> Array:
    """The inverse of `to_bytes`. Raises `ValueError` where bytes and shape do not fit."""
    if datatype != "BYTES":
        return np.frombuffer(data, NUMPY_OF[datatype]).reshape(shape)
    texts, position = [], 0
    while position < len(data):
        start = position + 4
        position = start + int.from_bytes(data[position:start], "little")
        texts.append(data[start:position].decode(errors="replace"))
    return np.array(texts, dtype=object).reshape(shape)


def as_text(array: Array) -> Array:
    """Text as `str`, where a client library gives UTF-8 bytes."""
    texts = [t.decode(errors="replace") if isinstance(t, bytes) else t for t in array.ravel()]
    return np.array(texts, dtype=object).reshape(array.shape)


def max_difference(want: Mapping[str, Array], got: Mapping[str, Array]) -> float:
    """The largest absolute difference between two sets of named arrays.

    Infinite where a name is missing, a shape differs, one side is not a number and the other is, or
    a text differs.
    """
    worst = 0.0
    for name, expected in want.items():
        actual = got.get(name)
        if actual is None or actual.shape != expected.shape:
            return float("inf")
        if not expected.size:
            continue
        if expected.dtype == NUMPY_OF["BYTES"]:
            if not np.array_equal(actual, expected):
                return float("inf")
            continue
        gap = np.abs(np.asarray(actual, np.float64) - np.asarray(expected, np.float64))
        largest = float(np.max(gap))
        if np.isnan(largest):
            return float("inf")
        worst = max(worst, largest)
    return worst


def farthest(arrays: Mapping[str, Array]) -> int:
    """The row that differs most from the first one; 0 where none does."""
    rows = len(next(iter(arrays.values())))
    first = {name: array[:1] for name, array in arrays.items()}

    def gap(row: int) -> float:
        return max_difference(first, {n: array[row : row + 1] for n, array in arrays.items()})

    return max(range(rows), key=gap)


def measurable(arrays: Mapping[str, Array]) -> Mapping[str, Array]:
    """Those of floating point, which can be nearly right; all of them where there are none."""
    floating = {name: array for name, array in arrays.items() if array.dtype.kind == "f"}
    return floating or arrays
