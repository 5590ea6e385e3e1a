"""The `onnxruntime` backend: Triton's interface, and nothing else."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort
import triton_python_backend_utils as pb_utils

if TYPE_CHECKING:
    from slipway.triton.backends.onnxruntime import datatypes, settings
    from slipway.triton.backends.shared import agreement, answering, batching
else:  # Triton knows this folder, not the package it was copied from
    import agreement
    import answering
    import batching
    import datatypes
    import settings

MODEL_FILE = "model.onnx"

answering.require_old_numpy(np.__version__)


def model_path(folder: str, config: Mapping[str, Any]) -> str:
    """The ONNX file of a version: `default_model_filename`, or a folder of that name around it."""
    path = os.path.join(folder, config.get("default_model_filename") or MODEL_FILE)  # noqa: PTH118
    return os.path.join(path, MODEL_FILE) if os.path.isdir(path) else path  # noqa: PTH112, PTH118


class TritonPythonModel:
    """One instance of a model: a process with a session of its own."""

    def initialize(self, args: Mapping[str, str]) -> None:
        """Load the ONNX file. Whatever is raised here keeps the model from turning READY."""
        config = json.loads(args["model_config"])
        options = settings.Settings.of(config).apply(ort.SessionOptions(), ort)
        path = model_path(pb_utils.get_model_dir(), config)
        try:
            session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001  its kinds derive from Exception alone
            raise pb_utils.TritonModelException(batching.first_line(error)) from None
        self.signature = agreement.agree(
            config, session.get_inputs(), session.get_outputs(), datatypes.TRITON_OF
        )
        self.session = session
        self.outputs = list(self.signature.outputs)

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """One response for each request, in the same order."""
        return answering.respond(self._run, self.signature, requests)

    def finalize(self) -> None:
        """Give the memory back before the process ends."""
        del self.session

    def _run(self, feeds: Mapping[str, Any]) -> Sequence[Any]:
        return self.session.run(self.outputs, feeds)  # type: ignore[no-any-return]
