"""Text in, labels out: an ensemble on the real Triton, from its first release to its second."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from slipway import contract
from slipway.build.line import build
from slipway.check.accuracy import accuracy
from slipway.check.endpoint import Endpoint
from slipway.check.smoke import smoke
from slipway.folder import open_model
from slipway.node.local import NodeSettings, local_agent
from slipway.progress import silent
from slipway.questions import QUESTIONS_FILE, Questions
from slipway.registry.directory import DirectoryStore
from slipway.registry.golden import read_golden
from slipway.registry.publish import publish
from slipway.registry.releases import promote
from slipway.triton.server import Ports
from tests.waiting import wait_until

TINY = Path(__file__).parents[1] / "data/model_repo/tiny_text"
NAME = "tiny_text"


@pytest.fixture(scope="module")
def steps(tmp_path_factory):
    """Two builds from different seeds: the folder of each step."""
    built = []
    for seed in (3, 4):
        models = tmp_path_factory.mktemp("models")
        shutil.copytree(TINY, models / NAME, ignore=shutil.ignore_patterns("__pycache__"))
        recipe = models / NAME / "recipe.py"
        recipe.write_text(recipe.read_text().replace("seed=3", f"seed={seed}"))
        done = list(build(open_model(NAME, models), tmp_path_factory.mktemp("built"), silent))
        built.append({each.step.name: each.step.folder for each in done})
    return built


class Served:
    """An agent with its server, driven by hand."""

    def __init__(self, agent, store, ports):
        self.agent, self.store = agent, store
        self.endpoint = Endpoint(f"127.0.0.1:{ports.grpc}", f"http://127.0.0.1:{ports.http}")
        self.client = triton.InferenceServerClient(self.endpoint.grpc)

    def release(self, version):
        promote(self.store, "local", NAME, version)
        return list(self.agent.reconcile())

    def loaded(self):
        index = self.client.get_model_repository_index().models
        return sorted(f"{m.name} {m.version}" for m in index if m.state == "READY")

    def scores(self, text):
        tensor = triton.InferInput("text", [1, 1], "BYTES")
        tensor.set_data_from_numpy(np.array([[text]], dtype=object))
        return self.client.infer(NAME, [tensor]).as_numpy("scores")


@pytest.fixture
def served(steps, server_environment, tmp_path):
    store = DirectoryStore(tmp_path / "registry")
    for each in steps:
        publish(store, each["package"])
    ports = Ports.free()
    agent = local_agent(NodeSettings("local", tmp_path / "node", ports), store, silent)
    list(agent.start())
    node = Served(agent, store, ports)
    node.release(1)
    yield node
    node.client.close()
    agent.stop()


def test_it_answers_as_pytorch_does_over_both_protocols_and_refuses_what_it_must(served, steps):
    golden = read_golden(steps[0]["package"] / "golden.json")
    results = list(smoke(served.endpoint, NAME, golden))
    assert [f"{r.protocol} {r.name}: {r.detail}" for r in results if not r.passed] == []
    assert len(results) >= 30
    holdout = Questions.read(steps[0]["evaluate"] / QUESTIONS_FILE)
    said = accuracy(served.endpoint, NAME, holdout, tolerance=1e-5, batch=4)
    assert said.passed
    assert said.value >= 0.9


def test_classes_come_back_with_labels(served):
    tensor = triton.InferInput("text", [2, 1], "BYTES")
    tensor.set_data_from_numpy(np.array([["much rain"], ["a pan of flour"]], dtype=object))
    wanted = triton.InferRequestedOutput("scores", class_count=1)
    answer = served.client.infer(NAME, [tensor], outputs=[wanted]).as_numpy("scores")
    assert [each.decode().split(":")[2] for each in answer.ravel()] == ["weather", "kitchen"]


@pytest.mark.parametrize("text", ["", "[CLS] [PAD]", "\x00", "Grüße 🙂", "rain " * 500])
def test_any_text_is_answered_and_spoils_no_other(served, text):
    alone = served.scores("much rain")
    assert np.isfinite(served.scores(text)).all()
    assert np.array_equal(served.scores("much rain"), alone)


def test_a_text_that_is_not_utf8_is_refused(served):
    tensor = triton.InferInput("text", [1, 1], "BYTES")
    tensor.set_data_from_numpy(np.array([[b"\xff\xfe"]], dtype=object))
    with pytest.raises(InferenceServerException, match="not UTF-8"):
        served.client.infer(NAME, [tensor])


def test_a_second_version_comes_whole_without_a_gap_and_the_way_back_is_open(served):
    first = served.scores("much rain")
    assert served.loaded() == [f"{NAME} 1", f"{NAME}__network__1 1", f"{NAME}__tokenizer__1 1"]
    wrong, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            try:
                served.scores("much rain")
            except InferenceServerException as error:
                wrong.append(str(error))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        (event,) = served.release(2)
        assert event.version == 2
        second = served.scores("much rain")
        served.release(1)
        again = served.scores("much rain")
        served.release(2)
    finally:
        stop.set()
        asking.join()
    assert wrong == []
    assert not np.array_equal(first, second)
    assert np.array_equal(first, again)
    assert f"{NAME} 2" in served.loaded()
    assert f"{NAME} 1" not in served.loaded()


def test_withdrawn_nothing_of_it_stays_loaded(served, tmp_path):
    (tmp_path / "registry" / contract.release_key("local", NAME)).unlink()
    list(served.agent.reconcile())
    wait_until(lambda: not served.loaded())
    assert served.loaded() == []


def test_after_a_restart_it_is_served_again(served):
    before = served.scores("much rain")
    served.agent._server.stop()
    events = [type(event).__name__ for event in served.agent.check()]
    assert "Recovered" in events
    assert np.array_equal(served.scores("much rain"), before)
