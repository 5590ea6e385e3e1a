"""What builds an engine, seen from the node."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from slipway.engines import EngineSpec
from slipway.errors import NodeError
from slipway.node.engines.version import TensorRTVersion


class Cancelled(NodeError):
    """The node stops: nothing is wrong with the engine."""


@dataclass(frozen=True)
class BuildRequest:
    """Build what `spec` says from `onnx`. All files go to `folder`, which exists.

    `timing_cache` is read and written: what one build measured, the next need not.
    """

    onnx: Path
    spec: EngineSpec
    folder: Path
    timing_cache: Path


@dataclass(frozen=True)
class Built:
    """A plan; what TensorRT says of its layers, as JSON; how long it took, in seconds; and the
    median time on the GPU at the largest profile's optimum, in milliseconds.
    """

    plan: Path
    layers: Any
    seconds: float
    milliseconds: float


class Builder(Protocol):
    """Builds engines for the GPU of this machine. Every failure is a `NodeError`."""

    @property
    def options(self) -> tuple[str, ...]:
        """What a plan depends on besides its ONNX file, profiles, GPU and TensorRT's version."""
        ...

    def version(self) -> TensorRTVersion: ...

    def build(self, request: BuildRequest, cancelled: threading.Event) -> Built:
        """Takes minutes. Raises `Cancelled` soon after `cancelled` is set."""
        ...
