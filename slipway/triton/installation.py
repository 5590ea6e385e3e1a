"""Where Triton is installed: what the ways to have it differ in.

`ServerEnvironment` is the PyPI wheel in a Python environment, `ContainerInstallation` NVIDIA's
image, which this process runs inside of.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from slipway import contract
from slipway.errors import ServerEnvironmentError

OURS = ("AWS_", "SLIPWAY_")
"""Beginnings of variables that are the node's: credentials among them."""
OF_A_PYTHON = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")
"""The Python backend embeds the image's interpreter, which these would lead to the node's."""

EXACT_FP32 = {"NVIDIA_TF32_OVERRIDE": "0"}
"""Obeyed by cuBLAS and cuDNN, whose callers otherwise round what goes into FP32 products to 10
bits: answers of a file in FP32 would not be PyTorch's, and golden requests fail.
"""

NEEDED = (
    "bin/tritonserver",
    "backends/python/triton_python_backend_stub",
    "backends/tokenizer/model.py",
    "backends/generator/model.py",
)
"""Files of the serving image (container/Dockerfile), below Triton's folder."""


class Installation(Protocol):
    """A Triton that is installed on this machine."""

    @property
    def tritonserver(self) -> Path:
        """The executable."""
        ...

    @property
    def versions(self) -> Mapping[str, str]:
        """Software to version, for reports."""
        ...

    @property
    def options(self) -> tuple[str, ...]:
        """What tritonserver must be told here and not elsewhere."""
        ...

    def environ(self) -> dict[str, str]:
        """The server's environment variables, complete."""
        ...

    def gather_backends(self, folder: Path, ours: Path) -> Path:
        """Triton's --backend-directory: `folder`, filled (with `ours` too), or one that is there.

        `folder` is empty and removed when the server is stopped.
        """
        ...


@dataclass(frozen=True)
class ContainerInstallation:
    """Triton in the serving image: NVIDIA's with its own backends (onnxruntime, openvino, tensorrt,
    python), which are native, so that Slipway's Python-based ones of the same names are not used;
    and with those of Slipway's that NVIDIA has not.
    """

    root: Path
    release: str

    @classmethod
    def find(cls, root: Path = Path("/opt/tritonserver")) -> "ContainerInstallation":
        """Raises `ServerEnvironmentError` where this is not that image."""
        for needed in NEEDED:
            if not (root / needed).is_file():
                raise ServerEnvironmentError(
                    "Triton is not installed here",
                    why=f"{root / needed} is missing",
                    mend="Run inside the serving image (container/Dockerfile), or name an "
                    f"environment that holds the server with {contract.ENV_SERVER}.",
                )
        return cls(root, os.environ.get("NVIDIA_TRITON_SERVER_VERSION", "unknown"))

    @property
    def tritonserver(self) -> Path:
        return self.root / "bin/tritonserver"

    @property
    def versions(self) -> Mapping[str, str]:
        return {"tritonserver image": self.release}

    @property
    def options(self) -> tuple[str, ...]:
        return ()

    def environ(self) -> dict[str, str]:
        """The image's own: it says where CUDA and the backends' libraries are.

        Whoever gives the container a choice of TF32 is obeyed.
        """
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(OURS) and name not in OF_A_PYTHON
        }
        return {**EXACT_FP32, **kept, **contract.TELEMETRY_OFF}

    def gather_backends(self, folder: Path, ours: Path) -> Path:  # noqa: ARG002 - as the protocol
        return self.root / "backends"
