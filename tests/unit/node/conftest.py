"""A node whose Triton is a small one of our own, over the real registry and the real files.

The fake server obeys the part of Triton that the node relies on: it reads the repository when told
to load, keeps the old state when a load fails, answers requests that name no version with the
highest one, loads the steps of an ensemble that are new or changed with it, does nothing while it
is down, and forgets
everything when it is restarted. Its models are JSON: {"add": number}, and with {"seconds": number}
they take that long; an engine is the same in the file that is named for a GPU's capability.
"""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as pb

from slipway.errors import NodeError, StartupError
from slipway.files import readable_json
from slipway.golden import Golden
from slipway.node.agent import Agent
from slipway.node.backoff import Backoff
from slipway.node.report import Identity
from slipway.registry.directory import DirectoryStore
from slipway.registry.publish import publish
from slipway.registry.releases import promote
from tests.factories import packaged_model

INPUT = {"x": np.float32([[1.0], [2.0]])}


@dataclass
class FakeTriton:
    """Server and model control in one."""

    repository: Path
    running: bool = False
    pid: int = 0
    options: None = None
    loaded: dict = field(default_factory=dict)
    journal: list = field(default_factory=list)
    dead: set = field(default_factory=set)
    refuse_to_start: int = 0
    refuse_to_load: set = field(default_factory=set)
    refuse_to_unload: set = field(default_factory=set)
    reload_mends: bool = True
    engines: set = field(default_factory=set)
    """The models that are served by an engine."""
    seconds: dict = field(default_factory=dict)
    configurations: dict = field(default_factory=dict)

    def start(self):
        self.journal.append("start")
        if self.refuse_to_start:
            self.refuse_to_start -= 1
            raise StartupError("The server ended while it started")
        self.running, self.pid, self.loaded, self.dead = True, self.pid + 1, {}, set()

    def stop(self):
        self.journal.append("stop")
        self.running = False

    def version(self):
        return "2.51.0"

    def load(self, model):
        self.journal.append(f"load {model}")
        if not self.running or model in self.refuse_to_load:
            raise NodeError(f"Triton cannot load '{model}'", why="out of memory")
        config = self.read(model)
        new, slowest = {}, 0.0
        for step in config.ensemble_scheduling.step:
            known = step.model_name in self.loaded
            if not known or self.configurations[step.model_name] != self.read(step.model_name):
                self.load(step.model_name)
            new[config.version_policy.specific.versions[0]] = self.loaded[step.model_name][
                step.model_version
            ]
            slowest = max(slowest, self.seconds[step.model_name])
        for version in () if new else config.version_policy.specific.versions:
            (name,) = config.cc_model_filenames.values() or ("model.onnx",)
            content = json.loads((self.repository / model / str(version) / name).read_text())
            if "add" not in content:
                raise NodeError(f"Triton cannot load '{model}'", why="not a model")
            new[version] = content["add"]
            slowest = max(slowest, content.get("seconds", 0.0))
        assert config.name == model
        self.loaded[model], self.seconds[model] = new, slowest
        self.configurations[model] = config
        (self.engines.add if config.backend == "tensorrt" else self.engines.discard)(model)
        if self.reload_mends:
            self.dead.discard(model)

    def read(self, model):
        text = (self.repository / model / "config.pbtxt").read_text()
        return text_format.Parse(text, pb.ModelConfig())

    def unload(self, model):
        self.journal.append(f"unload {model}")
        if not self.running or model in self.refuse_to_unload:
            raise NodeError(f"Triton cannot unload '{model}'", why="no answer")
        self.loaded.pop(model, None)
        self.engines.discard(model)

    def infer(self, model, version, inputs, *, stream=False):
        if not self.running or model not in self.loaded or model in self.dead:
            raise NodeError(f"'{model}' does not answer", why="Stub process is not healthy")
        versions = self.loaded[model]
        time.sleep(self.seconds[model])
        return {"y": inputs["x"] + versions[version or max(versions)]}

    def close(self):
        self.journal.append("close")


@pytest.fixture
def store(tmp_path):
    return DirectoryStore(tmp_path / "registry")


@pytest.fixture
def triton(tmp_path):
    repository = tmp_path / "node" / "repository"
    repository.mkdir(parents=True)
    return FakeTriton(repository)


@pytest.fixture
def published(store, tmp_path):
    """Publish a version that adds a number; `content` and `golden` make it a bad one."""

    def make(add, model="tiny", content=None, golden=None, config=""):
        right = Golden(INPUT, {"y": INPUT["x"] + (add if golden is None else golden)}, 1e-4)
        folder = tmp_path / "packages" / f"{model}-{add}-{golden}-{bool(content)}-{len(config)}"
        files = {
            "model/1/model.onnx": content or json.dumps({"add": add}).encode(),
            "model/config.pbtxt": f'name: "{model}" max_batch_size: 8 {config}'.encode(),
            "golden.json": readable_json(right.to_json()),
        }
        packaged_model(folder, model, files)
        return publish(store, folder).manifest

    return make


@pytest.fixture
def released(store, published):
    """Publish and release to `local`."""

    def make(add, model="tiny", **bad):
        manifest = published(add, model, **bad)
        promote(store, "local", model, manifest.version)
        return manifest

    return make


class Clock:
    """Time that passes only when somebody waits; `meanwhile` is what happens then."""

    def __init__(self):
        self.now = 0.0
        self.waits = []
        self.meanwhile = lambda: None

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.waits.append(seconds)
        self.meanwhile()
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def agent(store, triton, clock, tmp_path):
    agent = Agent(
        Identity("local", "here", "127.0.0.1:1", "127.0.0.1:2"),
        store,
        triton,
        triton,
        tmp_path / "node",
        backoff=Backoff(first=1.0, most=8.0),
        clock=clock,
        sleep=clock.sleep,
    )
    list(agent.start())
    return agent
