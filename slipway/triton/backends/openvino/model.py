"""The `openvino` backend: Triton's interface, and nothing else."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

# OpenVINO reports its use when it is imported, unless the package that does so is not to be had.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # Python's way to say so

import numpy as np  # noqa: E402 - after the line above, as all below
import openvino as ov  # noqa: E402
import triton_python_backend_utils as pb_utils  # noqa: E402

if TYPE_CHECKING:
    from slipway.triton.backends.openvino import datatypes, reasons, settings, shapes
    from slipway.triton.backends.shared import agreement, answering
else:  # Triton knows this folder, not the package it was copied from
    import agreement
    import answering
    import datatypes
    import reasons
    import settings
    import shapes

MODEL_FILE = "model.xml"
DEVICE = "CPU"

answering.require_old_numpy(np.__version__)


@dataclass(frozen=True)
class Tensor:
    """What OpenVINO tells of an input or output; a dimension that varies is None."""

    name: str
    type: str
    shape: tuple[int | None, ...]

    @classmethod
    def of(cls, port: Any) -> "Tensor":
        dimensions = port.get_partial_shape()
        shape = tuple(d.get_length() if d.is_static else None for d in dimensions)
        return cls(port.get_any_name(), port.get_element_type().to_string(), shape)


def model_path(folder: str, config: Mapping[str, Any]) -> str:
    """The file or, of some formats, folder of a version: `default_model_filename`, else the IR."""
    path = os.path.join(folder, config.get("default_model_filename") or MODEL_FILE)  # noqa: PTH118
    if not os.path.exists(path):  # noqa: PTH110
        raise pb_utils.TritonModelException(f"{os.path.basename(path)} is missing")  # noqa: PTH119
    return path


def reshape(model: Any, config: Mapping[str, Any]) -> None:
    """Give the inputs the dimensions of the configuration; the batch, if apart, stays as it is."""
    batch = [ov.Dimension()] if int(config.get("max_batch_size", 0)) > 0 else []
    model.reshape(
        {
            each["name"]: ov.PartialShape([*batch, *(ov.Dimension(int(d)) for d in each["dims"])])
            for each in config["input"]
        }
    )


def require_bf16(core: Any, properties: Mapping[str, str]) -> None:
    """OpenVINO would imitate bfloat16, slowly and without a word."""
    if properties.get("INFERENCE_PRECISION_HINT") != "bf16":
        return
    able = core.get_property(DEVICE, "OPTIMIZATION_CAPABILITIES")
    if "BF16" not in able:
        raise settings.InvalidSetting(
            "parameter HINT_BF16 is YES, but this processor has no bfloat16 of its own; "
            f"it has {', '.join(sorted(able))}"
        )


class TritonPythonModel:
    """One instance of a model: a process with a compiled model of its own."""

    def initialize(self, args: Mapping[str, str]) -> None:
        """Read and compile the model. Whatever is raised here keeps it from turning READY."""
        config = json.loads(args["model_config"])
        chosen = settings.Settings.of(config)
        path = model_path(pb_utils.get_model_dir(), config)
        self.core = ov.Core()
        self.properties = dict(chosen.properties)
        require_bf16(self.core, self.properties)
        try:
            self.model = self.core.read_model(path)
            if chosen.reshaped:
                reshape(self.model, config)
            self.shapes = shapes.Shapes(self.model.clone())
        except RuntimeError as error:
            raise pb_utils.TritonModelException(reasons.reason(error)) from None
        self.signature = agreement.agree(
            config,
            [Tensor.of(port) for port in self.model.inputs],
            [Tensor.of(port) for port in self.model.outputs],
            datatypes.TRITON_OF,
        )
        self._compile()

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """One response for each request, in the same order."""
        return answering.respond(self._run, self.signature, requests)

    def finalize(self) -> None:
        """Give the memory back before the process ends."""
        del self.request, self.shapes, self.model, self.core

    def _compile(self) -> None:
        try:
            compiled = self.core.compile_model(self.model, DEVICE, self.properties)
        except RuntimeError as error:
            raise pb_utils.TritonModelException(reasons.reason(error)) from None
        self.request = compiled.create_infer_request()

    def _run(self, feeds: Mapping[str, Any]) -> Sequence[Any]:
        """The answer is a copy: the request's own memory holds the next one."""
        try:
            self.shapes.prove({name: array.shape for name, array in feeds.items()})
        except RuntimeError as error:
            raise ValueError(reasons.reason(error)) from error
        try:
            answer = self.request.infer(feeds, share_inputs=True)
        except RuntimeError as error:
            self._compile()  # after an error it may fail on good requests too (seen in 2026.4)
            raise ValueError(reasons.reason(error)) from error
        return [answer[name] for name in self.signature.outputs]
