"""ONNX Runtime as the build uses it: the file under test, run in this process."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime as ort

from slipway.tensors import Array


class OnnxModel:
    """An ONNX file, loaded; call it with named arrays (batch first) for named arrays."""

    def __init__(self, path: Path) -> None:
        self._session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]

    def __call__(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return dict(zip(self._outputs, self._session.run(None, dict(inputs)), strict=True))

    def in_batches(self, inputs: Mapping[str, Array], batch: int) -> dict[str, Array]:
        """The answers to any number of examples, `batch` at a time."""
        rows = len(next(iter(inputs.values())))
        parts = [
            self({name: array[k : k + batch] for name, array in inputs.items()})
            for k in range(0, rows, batch)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in self._outputs}
