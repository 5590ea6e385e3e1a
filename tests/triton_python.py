"""The few calls of Triton's Python interface that backends make, to run them without a server."""

import sys
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any


@dataclass
class Tensor:
    called: str
    array: Any

    def name(self):
        return self.called

    def as_numpy(self):
        return self.array


@dataclass
class Request:
    tensors: list
    wanted: tuple = ("y", "z")

    def inputs(self):
        return self.tensors

    def requested_output_names(self):
        return list(self.wanted)


@dataclass
class Response:
    output_tensors: list = field(default_factory=list)
    error: object = None


def utils(model_folder):
    """A `triton_python_backend_utils` for a model whose version lies in `model_folder`."""
    module = ModuleType("triton_python_backend_utils")
    module.Tensor, module.InferenceResponse, module.TritonError = Tensor, Response, str
    module.TritonModelException = RuntimeError
    module.get_model_dir = lambda: str(model_folder)
    return module


def forget(*folders):
    """Take back the modules that were imported from these folders under their bare names."""
    for file in (file for folder in folders for file in folder.glob("*.py")):
        sys.modules.pop(file.stem, None)
