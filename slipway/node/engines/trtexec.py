"""TensorRT's own command line tool, which NVIDIA's Triton image carries."""

import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from slipway import contract
from slipway.errors import NodeError
from slipway.node.engines.builder import BuildRequest, Built, Cancelled
from slipway.node.engines.command import BUILD_OPTIONS, LAYERS, PLAN, arguments, log_of
from slipway.node.engines.complaints import complaint
from slipway.node.engines.version import TensorRTVersion
from slipway.processes import running
from slipway.triton.installation import OF_A_PYTHON, OURS

PLACES = ("/usr/src/tensorrt/bin/trtexec", "/opt/tensorrt/bin/trtexec")
"""Where NVIDIA's images have it, which is not always on PATH."""
BUILD_TIMEOUT = 1800.0
HELP_TIMEOUT = 60.0
PATIENCE = 5.0
"""Seconds from SIGTERM to SIGKILL."""
LOOK = 0.2
"""Seconds between two looks at a build."""

PASSED = "&&&& PASSED TensorRT.trtexec"
COMPUTE_TIME = re.compile(r"GPU Compute Time: .*?median = (?P<median>[0-9.]+) ms")


@dataclass(frozen=True)
class Trtexec:
    """Runs `command` (an executable, with arguments before all others). Timeout in seconds."""

    command: tuple[str, ...]
    environ: Mapping[str, str]
    timeout: float = BUILD_TIMEOUT

    @classmethod
    def find(cls, environ: Mapping[str, str] = os.environ) -> "Trtexec":
        """The one that is named, that on PATH, or that of NVIDIA's images.

        Where there is none the first call says so: a node that cannot build serves all the same.
        """
        named = environ.get(contract.ENV_TRTEXEC, "")
        on_path = shutil.which("trtexec", path=environ.get("PATH", ""))
        in_image = next((place for place in PLACES if Path(place).is_file()), "")
        # Neither credentials nor the node's Python are its business.
        own = {
            name: value
            for name, value in environ.items()
            if not name.startswith(OURS) and name not in OF_A_PYTHON
        }
        return cls((named or on_path or in_image or "trtexec",), own)

    @property
    def options(self) -> tuple[str, ...]:
        return BUILD_OPTIONS

    def version(self) -> TensorRTVersion:
        """Raises `NodeError` where there is no trtexec, or one that cannot be used."""
        return self._version

    @cached_property
    def _version(self) -> TensorRTVersion:
        try:
            done = subprocess.run(
                [*self.command, "--help"],
                env=dict(self.environ),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=HELP_TIMEOUT,
                check=False,
            )
        except OSError as error:
            raise NodeError(
                "There is no trtexec to build engines with",
                why=f"{self.command[0]}: {error.strerror}",
                mend=f"Use NVIDIA's Triton image, or name it with {contract.ENV_TRTEXEC}.",
            ) from error
        except subprocess.TimeoutExpired as error:
            raise NodeError(
                "trtexec does not say its version", why=f"no answer in {HELP_TIMEOUT:g} seconds"
            ) from error
        return TensorRTVersion.of_banner(done.stdout)

    def build(self, request: BuildRequest, cancelled: threading.Event) -> Built:
        command = [*self.command, *arguments(request, self.version())]
        log = log_of(request.folder)
        started = time.monotonic()
        code = self._run(command, log, cancelled)
        seconds = time.monotonic() - started
        said = log.read_text(errors="replace")
        if code < 0:
            raise NodeError(
                "trtexec was killed while it built the engine",
                why=f"by signal {-code}; 9 is the system's own when memory runs out",
                mend="Take a type with more memory.",
            )
        if code != 0 or PASSED not in said:
            raise complaint(said, code)
        plan = request.folder / PLAN
        if not plan.is_file() or not plan.stat().st_size:
            raise NodeError("trtexec left no engine", why=f"{plan.name} is missing or empty")
        return Built(plan, _read_layers(request.folder / LAYERS), seconds, _median(said))

    def _run(self, command: Sequence[str], log: Path, cancelled: threading.Event) -> int:
        """The exit code; a signal's number is negative."""
        deadline = time.monotonic() + self.timeout
        with (
            log.open("wb") as output,
            running(
                command,
                PATIENCE,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            while (code := process.poll()) is None:
                if cancelled.wait(LOOK):
                    raise Cancelled("The engine was not built", why="the node stops")
                if time.monotonic() > deadline:
                    raise NodeError(
                        "trtexec did not build the engine in time",
                        why=f"it had {self.timeout:g} seconds",
                        mend="Offer fewer profiles or a smaller model.",
                    )
        return int(code)


def _read_layers(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise NodeError(
            "What the engine consists of is not known", why=f"{path.name}: {error}"
        ) from error


def _median(said: str) -> float:
    """Milliseconds on the GPU, from trtexec's summary."""
    match = COMPUTE_TIME.search(said)
    if match is None:
        raise NodeError("trtexec does not say how fast the engine is", why="its summary is missing")
    return float(match["median"])
