"""ONNX Runtime as the build uses it: the file under test, run in this process."""

from collections.abc import Mapping
from pathlib import Path

import onnxruntime as ort

from slipway.build.engine import ONNXRUNTIME, Engine
from slipway.build.parity import Answers
from slipway.tensors import Array

PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
"""In the order of preference; onnxruntime-gpu alone has the first."""


class OnnxModel:
    """An ONNX file, loaded; call it with named arrays (batch first) for named arrays."""

    def __init__(self, path: Path) -> None:
        available = ort.get_available_providers()
        providers = [provider for provider in PROVIDERS if provider in available]
        self._session = ort.InferenceSession(path, providers=providers)
        self._outputs = [output.name for output in self._session.get_outputs()]

    def __call__(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return dict(zip(self._outputs, self._session.run(None, dict(inputs)), strict=True))


def loaded(path: Path, engine: Engine) -> Answers:
    """A file in the engine that is to run it. Raises `VariantError` where that cannot."""
    if engine.backend == ONNXRUNTIME.backend:
        return OnnxModel(path)
    from slipway.build.openvino import OpenvinoModel  # noqa: PLC0415 - half a second, rarely needed

    return OpenvinoModel(path, precision=engine.precision)
