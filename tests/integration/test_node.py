"""The node as people run it (scripts/serve.py) on the real Triton, from release to recovery."""

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from slipway import contract
from slipway.build.line import build
from slipway.folder import open_model
from slipway.golden import Golden
from slipway.node.report import read_report
from slipway.processes import group_members
from slipway.progress import silent
from slipway.registry.directory import DirectoryStore
from slipway.registry.publish import publish
from slipway.registry.releases import promote, roll_back
from tests.integration.triton_models import command_line, stubs_of
from tests.waiting import PATIENCE, wait_until

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests/data/model_repo/tiny"


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """Two packages of the tiny model, trained from different seeds."""
    folders = []
    for seed in (3, 4):
        models = tmp_path_factory.mktemp("models")
        shutil.copytree(TINY, models / "tiny", ignore=shutil.ignore_patterns("__pycache__"))
        recipe = models / "tiny" / "recipe.py"
        recipe.write_text(recipe.read_text().replace("seed=3", f"seed={seed}"))
        *_, last = build(open_model("tiny", models), tmp_path_factory.mktemp("built"), silent)
        folders.append(last.step.folder)
    return folders


@pytest.fixture
def registry(packages, tmp_path):
    """Both packages published, the first one released."""
    store = DirectoryStore(tmp_path / "registry")
    for package in packages:
        publish(store, package)
    promote(store, "local", "tiny", 1)
    return store


class Node:
    """A running scripts/serve.py, with its events as they come."""

    def __init__(self, folder, registry, *options):
        self.errors = folder / "serve.err"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, ROOT / "scripts/serve.py", "--json", "--free-ports"),
                    *("--store", registry.url, "--folder", folder / "node", "--node", "test"),
                    *("--interval", "0.2", *options),
                ],
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,
                start_new_session=True,
            )
        self._events = queue.Queue()
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._events.put(json.loads(line))
        self._events.put(None)

    def wait_for(self, name, **fields):
        """The next event of a name with these fields."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                event = self._events.get(timeout=PATIENCE)
            except queue.Empty:
                break
            assert event is not None, f"the node ended: {self.errors.read_text()}"
            self.seen.append(event)
            if event["event"] == name and fields.items() <= event.items():
                return event
        pytest.fail(f"no event {name} {fields}; seen: {self.seen}")

    def up(self, version=1):
        started = self.wait_for("started")
        self.grpc, self.http, self.pid = started["grpc"], started["http"], started["pid"]
        self.wait_for("serving", version=version)
        return self

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self.process.stdout.close()
        return code


@pytest.fixture
def node(registry, tmp_path, server_environment, monkeypatch):
    monkeypatch.setenv(contract.ENV_SERVER, str(server_environment.root))
    node = Node(tmp_path, registry)
    yield node
    node.stop()


def golden(package):
    return Golden.from_json(json.loads((package / contract.GOLDEN_FILE).read_bytes()))


def ask(client, inputs, version=""):
    tensors = []
    for name, array in inputs.items():
        tensor = triton.InferInput(name, list(array.shape), "FP32")
        tensor.set_data_from_numpy(array)
        tensors.append(tensor)
    answer = client.infer("tiny", tensors, model_version=version, client_timeout=10)
    return {"scores": answer.as_numpy("scores")}


class Load:
    """Clients that ask without a pause, and what they got."""

    def __init__(self, address, question, clients=4):
        self.answers, self.errors = 0, []
        self._question = question
        self._address = address
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def _ask(self):
        with triton.InferenceServerClient(self._address) as client:
            while not self._over.is_set():
                try:
                    ask(client, self._question)
                    self.answers += 1
                except InferenceServerException as error:
                    self.errors.append(error.message())
                    time.sleep(0.01)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()


class Readiness:
    """What a load balancer would see, asked without a pause."""

    def __init__(self, address):
        self.codes = []
        self._address = address
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self):
        with httpx.Client(base_url=f"http://{self._address}") as client:
            while not self._over.is_set():
                self.codes.append(client.get(contract.HEALTH_READY).status_code)
                time.sleep(0.002)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def test_releases_are_followed_forward_and_back_without_an_error(node, registry, packages):
    node.up()
    first, second = (golden(package) for package in packages)
    with (
        triton.InferenceServerClient(node.grpc) as client,
        Load(node.grpc, first.inputs) as load,
        Readiness(node.http) as readiness,
    ):
        assert first.difference(ask(client, first.inputs)).within
        promote(registry, "local", "tiny", 2)
        assert node.wait_for("serving", version=2)["loaded"] == [1, 2]
        assert second.difference(ask(client, second.inputs)).within
        assert first.difference(ask(client, first.inputs, version="1")).within
        roll_back(registry, "local", "tiny")
        node.wait_for("serving", version=1)
        assert first.difference(ask(client, first.inputs)).within
        assert not first.difference(second.outputs).within
    assert load.errors == []
    assert load.answers > 0
    assert set(readiness.codes) == {200}


def test_a_killed_backend_process_under_load_is_mended(node, packages):
    node.up()
    right = golden(packages[0])
    with Load(node.grpc, right.inputs) as load:
        # The candidate's process goes by itself, a moment after the model is served.
        (stub,) = wait_until(lambda: len(found := stubs_of(node.pid)) == 1 and found)
        os.kill(stub, signal.SIGKILL)
        node.wait_for("sick", model="tiny")
        node.wait_for("recovered", model="tiny")
        recovered = load.answers
        assert wait_until(lambda: load.answers >= recovered + 100)
    assert load.errors
    with triton.InferenceServerClient(node.grpc) as client:
        assert right.difference(ask(client, right.inputs)).within


def test_a_killed_server_is_started_afresh_and_serves_again(node, packages):
    node.up()
    os.kill(node.pid, signal.SIGKILL)
    node.wait_for("restarting")
    node.pid = node.wait_for("started")["pid"]
    node.wait_for("recovered")
    right = golden(packages[0])
    with triton.InferenceServerClient(node.grpc) as client:
        assert right.difference(ask(client, right.inputs)).within


def test_a_corrupted_blob_is_refused_and_the_old_version_serves_on(node, registry, packages):
    node.up()
    entry = next(
        e
        for e in json.loads((packages[1] / "artefact.json").read_bytes())["files"]
        if e["path"].endswith("model.onnx")
    )
    path = Path(registry.url) / contract.blob_key(entry["sha256"])
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    promote(registry, "local", "tiny", 2)
    refused = node.wait_for("refused", version=2, serving=1)
    assert "damaged in the registry" in refused["reason"]
    right = golden(packages[0])
    with triton.InferenceServerClient(node.grpc) as client:
        assert right.difference(ask(client, right.inputs)).within
    assert wait_until(lambda: "damaged" in read_report(registry, "local", "test").models[0].reason)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["starting", "serving"])
def test_a_stop_at_any_moment_leaves_nothing_behind(node, number, moment):
    if moment == "serving":
        node.up()
    server, regions = wait_until(lambda: server_of(node.process.pid))
    assert node.stop(number) == 130
    assert not group_members(server)
    assert not list(Path("/dev/shm").glob(f"{regions}*"))
    assert not list(node.errors.parent.rglob(".backends-*"))


def server_of(pid):
    """The Triton that a node started, and the prefix of its shared memory; None before it runs."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if found := re.search(r"shm-region-prefix-name=(\w+)", " ".join(command_line(child))):
            return int(child), found[1]
    return None


def test_what_is_no_number_in_shape_is_refused_and_the_server_lives_on(node, packages):
    node.up()
    right = golden(packages[0])
    with triton.InferenceServerClient(node.grpc) as client:
        with pytest.raises(InferenceServerException, match="unexpected shape"):
            ask(client, {"point": np.zeros((1, 5), np.float32)})
        assert right.difference(ask(client, right.inputs)).within
