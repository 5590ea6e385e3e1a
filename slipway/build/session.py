"""ONNX Runtime as the build uses it: the file under test, run in this process."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import onnxruntime as ort

from slipway.build.engine import ONNXRUNTIME, Engine
from slipway.build.parity import Answers
from slipway.errors import BuildError, VariantError, first_line
from slipway.hardware import gpu_name
from slipway.tensors import Array

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
EXACT: Mapping[str, str] = {"use_tf32": "0"}
"""What is stored in FP32 is computed in FP32. The provider's default rounds what goes into products
to 10 bits (TF32), which is another variant, and not one that answers as PyTorch does.
"""


@cache
def on_gpu() -> bool:
    """Whether ONNX Runtime runs on a GPU here: there is one, and the package is onnxruntime-gpu."""
    return CUDA in ort.get_available_providers() and bool(gpu_name())


class OnnxModel:
    """An ONNX file, loaded; call it with named arrays (batch first) for named arrays.

    `literally`: node by node as it is written, on the CPU, where ONNX Runtime would otherwise put
    others in their places, such as one that computes with integers for one between QuantizeLinear
    and DequantizeLinear.

    Raises `BuildError` where it should run on the GPU and does not: ONNX Runtime itself only warns.
    Raises `VariantError`, also when it is called, where ONNX Runtime cannot run the file.
    """

    def __init__(
        self, path: Path, options: Mapping[str, str] = EXACT, *, literally: bool = False
    ) -> None:
        how = ort.SessionOptions()
        if literally:
            how.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        providers = [CPU] if literally else _providers(options)
        try:
            self._session = ort.InferenceSession(path, how, providers=providers)
        except Exception as error:  # as below
            raise VariantError("ONNX Runtime cannot load it", why=first_line(error)) from error
        if on_gpu() and not literally and CUDA not in self._session.get_providers():
            raise BuildError(
                "ONNX Runtime does not run on the GPU that is here",
                why="it could not load its CUDA provider, and would measure the CPU instead",
                mend="Install the CUDA and cuDNN that this onnxruntime-gpu is built for.",
            )
        self._outputs = [output.name for output in self._session.get_outputs()]

    def __call__(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        try:  # not a context manager: this is what is timed
            outputs = self._session.run(None, dict(inputs))
        except Exception as error:  # ONNX Runtime raises classes that share no base
            raise VariantError("ONNX Runtime cannot run it", why=first_line(error)) from error
        return dict(zip(self._outputs, outputs, strict=True))


def _providers(options: Mapping[str, str]) -> Sequence[str | tuple[str, dict[str, str]]]:
    if not on_gpu():
        return [CPU]
    _load_libraries()
    return [(CUDA, dict(options)), CPU]


@cache
def _load_libraries() -> None:
    """CUDA's and cuDNN's, from where Python packages have them."""
    ort.preload_dlls()


def otherwise(path: Path, engine: Engine) -> tuple[Answers, ...]:
    """Other ways to run a file, which answer as the engine does but for rounding: what it may come
    to on another processor. OpenVINO computes in bfloat16 where the processor has it.
    """
    literal = OnnxModel(path, literally=True)
    if engine.backend == ONNXRUNTIME.backend:
        return (literal,)
    from slipway.build.openvino import HINTS, OpenvinoModel  # noqa: PLC0415 - as below

    return (literal, *(OpenvinoModel(path, precision=each, imitated=True) for each in HINTS))


def loaded(path: Path, engine: Engine) -> Answers:
    """A file in the engine that is to run it. Raises `VariantError` where that cannot."""
    if engine.backend == ONNXRUNTIME.backend:
        return OnnxModel(path)
    from slipway.build.openvino import OpenvinoModel  # noqa: PLC0415 - half a second, rarely needed

    return OpenvinoModel(path, precision=engine.precision)
