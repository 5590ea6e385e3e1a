"""What is asked of a served model: a build leaves it, and a check compares the answers."""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slipway.errors import IntegrityError
from slipway.tensors import NUMPY_OF, Array

QUESTIONS_FILE = "holdout.npz"


@dataclass(frozen=True)
class Questions:
    """Requests (batch first), their right answers, and `targets` from which the metric named
    `metric` is computed.

    Answers are PyTorch's, or where not `exact` those of the file that is served, as the build
    recorded them.
    """

    inputs: Mapping[str, Array]
    reference: Mapping[str, Array]
    targets: Array
    metric: str
    exact: bool = True

    def rows(self, part: slice) -> dict[str, Array]:
        return {name: array[part] for name, array in self.inputs.items()}

    def write(self, path: Path) -> None:
        """As .npz: input/<name>, reference/<name>, targets, metric and exact."""
        arrays = {f"input/{name}": array for name, array in self.inputs.items()}
        arrays |= {f"reference/{name}": array for name, array in self.reference.items()}
        arrays |= {"targets": self.targets, "metric": np.array(self.metric)}
        arrays["exact"] = np.array(self.exact)
        # Text as numpy's own strings: arrays of objects would be pickled.
        plain = {n: a.astype(str) if a.dtype == NUMPY_OF["BYTES"] else a for n, a in arrays.items()}
        np.savez(path, **plain)  # type: ignore[arg-type]  # numpy's stub takes **kwds for its own flags

    @classmethod
    def read(cls, path: Path) -> "Questions":
        """Raises `IntegrityError`."""
        try:
            with path.open("rb") as opened, np.load(opened) as file:
                arrays = {key: _as_sent(file[key]) for key in file.files}
            return cls(
                _below("input/", arrays),
                _below("reference/", arrays),
                arrays["targets"],
                str(arrays["metric"]),
                bool(arrays["exact"]),
            )
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
            raise IntegrityError(
                f"The held-out examples in {path} cannot be read",
                why=f"{type(error).__name__}: {error}",
                mend="Build the model again with scripts/build.py.",
            ) from error


def _as_sent(array: Array) -> Array:
    """Text lies in the file as numpy's own strings and is sent as objects."""
    return array.astype(object) if array.dtype.kind == "U" else array


def _below(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    found = {k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)}
    if not found:
        raise KeyError(f"{prefix}...")
    return found
