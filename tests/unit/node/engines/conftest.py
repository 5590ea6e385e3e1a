"""Engines of a node, built by a builder that makes them at once and counts."""

import json
import threading
from dataclasses import dataclass, field

import pytest

from slipway.artefact import FileEntry
from slipway.errors import NodeError
from slipway.node.engines.builder import Built, Cancelled
from slipway.node.engines.cache import EngineCache, Order
from slipway.node.engines.version import TensorRTVersion
from slipway.registry.directory import DirectoryStore
from tests.engines import L4, spec


@dataclass
class QuickBuilder:
    """A plan is the ONNX file's content, with `plan` joined to it; `meanwhile` is what happens."""

    plan: dict = field(default_factory=dict)
    precision: str = "FP16"
    failure: str = ""
    wait: threading.Event | None = None
    meanwhile: object = None
    built: list = field(default_factory=list)
    options = ("--quick",)

    def version(self):
        return TensorRTVersion(10, 13, 3, 9)

    def build(self, request, cancelled):
        self.built.append(request.onnx)
        if self.meanwhile:
            self.meanwhile()
        while self.wait and not self.wait.wait(0.01):
            if cancelled.is_set():
                raise Cancelled("The engine was not built")
        (request.folder / "trtexec.log").write_text("what it said\n")
        if self.failure:
            raise NodeError("trtexec did not build the engine", why=self.failure)
        plan = request.folder / "engine.plan"
        plan.write_text(json.dumps({**json.loads(request.onnx.read_text()), **self.plan}))
        layer = {"LayerType": "gemm", "Inputs": [{"Format/Datatype": self.precision}]}
        return Built(plan, {"Layers": [layer]}, 12.5, 0.25)


class Wall:
    """The clock on the wall of all servers."""

    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
def store(tmp_path):
    return DirectoryStore(tmp_path / "registry")


@pytest.fixture
def order(tmp_path):
    onnx = tmp_path / "typed" / "fp16.onnx"
    onnx.parent.mkdir()
    onnx.write_text('{"add": 1}')
    return Order(spec(), onnx, FileEntry.of(tmp_path, onnx))


@pytest.fixture
def server(store, tmp_path, wall):
    """An engine cache of one more server of the fleet."""

    def make(name="i-1", builder=None, gpu=L4):
        builder = builder or QuickBuilder()
        return EngineCache(store, tmp_path / name / "engines", name, gpu, builder, clock=wall)

    return make
