"""ONNX Runtime as the build uses it: the file under test, run in this process."""

from collections.abc import Mapping
from pathlib import Path

import onnxruntime as ort

from slipway.tensors import Array


class OnnxModel:
    """An ONNX file, loaded; call it with named arrays (batch first) for named arrays."""

    def __init__(self, path: Path) -> None:
        self._session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]

    def __call__(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return dict(zip(self._outputs, self._session.run(None, dict(inputs)), strict=True))
