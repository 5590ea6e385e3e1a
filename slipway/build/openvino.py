"""OpenVINO as the build uses it: a model file, run in this process on the CPU."""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import openvino as ov

from slipway.errors import VariantError
from slipway.tensors import Array

DEVICE = "CPU"
MEND = "Leave the openvino variants out, or build on another processor."

NEEDED: Mapping[str, str] = {"default": "FP32", "f32": "FP32", "bf16": "BF16", "int8": "INT8"}
"""Precisions, and what OpenVINO calls a processor's native support of each."""

HINTS: Mapping[str, str] = {"f32": "f32", "bf16": "bf16"}
"""What is asked for by name. Otherwise OpenVINO takes bfloat16 where the processor has it, which is
what Triton's backend does unless told; INT8 is in the file (QDQ), whose other layers run so.
"""

WEIGHTED = frozenset({"Convolution", "FullyConnected", "MatMul", "Deconvolution", "LSTMSequence"})
"""OpenVINO's names of the layers that take nearly all of the time."""

WHERE = ("Exception from ", "Check '", "FrontEnd API failed")
"""How lines of an error begin that tell where in OpenVINO's sources it arose."""


def capabilities() -> frozenset[str]:
    """What this processor does natively, in OpenVINO's words: FP32, INT8, perhaps BF16 and FP16.

    What is missing OpenVINO imitates or replaces without a word, and more slowly.
    """
    return frozenset(_core().get_property(DEVICE, "OPTIMIZATION_CAPABILITIES"))


class OpenvinoModel:
    """An ONNX or IR file, compiled; call it with named arrays (batch first) for named arrays.

    `precision` is default, f32, bf16 or int8; `threads` 0 leaves their number to OpenVINO. Raises
    `VariantError` where the file cannot be compiled or run, or the processor lacks the precision,
    unless it may be `imitated`, which is slow. After a failed call the model is done with: OpenVINO
    2026.4 may then fail on good inputs too.
    """

    def __init__(
        self, path: Path, *, precision: str, threads: int = 0, imitated: bool = False
    ) -> None:
        if not imitated:
            _require(precision)
        properties: dict[str, str | int] = {"INFERENCE_NUM_THREADS": threads} if threads else {}
        if precision in HINTS:
            properties["INFERENCE_PRECISION_HINT"] = HINTS[precision]
        try:
            model = _core().read_model(path)
            # Compiled, an output may bear the name of a tensor that came to be the same.
            self._outputs = [output.get_any_name() for output in model.outputs]
            self._compiled = _core().compile_model(model, DEVICE, properties)
        except RuntimeError as error:
            raise VariantError(
                f"OpenVINO cannot load {path.name}", why=_reason(error), mend=MEND
            ) from error
        self._request = self._compiled.create_infer_request()

    def __call__(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        try:
            answer = self._request.infer(dict(inputs), share_inputs=True)
        except RuntimeError as error:
            raise VariantError("OpenVINO cannot run the model", why=_reason(error)) from error
        return {name: answer[number] for number, name in enumerate(self._outputs)}

    def layer_precisions(self) -> Counter[str]:
        """How many of the layers with weights really run in which precision: f32, bf16, i8, u8."""
        found = (layer.get_rt_info() for layer in self._compiled.get_runtime_model().get_ops())
        return Counter(
            str(info["runtimePrecision"].value)
            for info in found
            if str(info["layerType"].value) in WEIGHTED
        )


@cache
def _core() -> ov.Core:
    return ov.Core()


def _require(precision: str) -> None:
    if precision not in NEEDED:
        raise ValueError(f"precision {precision!r} is none of {', '.join(NEEDED)}")
    able = capabilities()
    if NEEDED[precision] not in able:
        raise VariantError(
            f"OpenVINO would only imitate {NEEDED[precision]} here",
            why=f"this processor has {', '.join(sorted(able))} of its own",
            mend=MEND,
        )


def _reason(error: Exception) -> str:
    """What is wrong, in one line, without the places in OpenVINO's sources."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = [line for line in lines if line and not line.startswith(WHERE)]
    return said[-1] if said else type(error).__name__
