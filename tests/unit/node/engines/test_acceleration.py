"""An agent on a server with a GPU: ONNX first, the engine once it is there and better."""

import json
import threading
import time
from pathlib import Path

import pytest

from slipway import contract
from slipway.errors import NodeError
from slipway.files import readable_json
from slipway.golden import Golden, Right
from slipway.node import events
from slipway.node.agent import Agent
from slipway.node.engines.acceleration import AGAIN, POLL, Engines
from slipway.node.engines.cache import EngineCache, Order
from slipway.node.report import Identity, read_report
from slipway.registry.publish import publish
from slipway.registry.releases import promote, roll_back
from tests.engines import L4, spec
from tests.factories import packaged_model
from tests.unit.node.conftest import INPUT, Clock, FakeTriton
from tests.unit.node.engines.conftest import QuickBuilder
from tests.unit.node.test_ensembles import ENSEMBLE
from tests.waiting import wait_until

SLOW = 0.004
"""Seconds of a request to the ONNX file: an engine that takes none is faster."""


@pytest.fixture
def triton(tmp_path):
    repository = tmp_path / "node" / "repository"
    repository.mkdir(parents=True)
    return FakeTriton(repository)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def builder():
    return QuickBuilder({"seconds": 0.0})


OFFERED = (spec(),)


class Node:
    """An agent whose background work is waited for."""

    def __init__(self, agent, engines, triton, store):
        self.agent, self.engines, self.triton, self.store = agent, engines, triton, store

    def happened(self):
        return [type(event).__name__ for event in self.round()]

    def round(self):
        pending = [work.pending for work in self.engines._work.values() if work.pending]
        wait_until(lambda: all(each.done() for each in pending))
        return list(self.agent.round())

    def report(self, model="tiny"):
        (found,) = [m for m in read_report(self.store, "local", "here").models if m.model == model]
        return found

    def answer(self, model="tiny"):
        return float(self.triton.infer(model, None, INPUT)["y"][0, 0]) - 1.0


@pytest.fixture
def node(store, triton, clock, builder, tmp_path):
    folder = tmp_path / "node"
    cache = EngineCache(store, folder / "engines", "here", L4, builder)
    engines = Engines(cache, clock)
    agent = Agent(
        Identity("local", "here", "127.0.0.1:1", "127.0.0.1:2"), store, triton, triton, folder,
        clock=clock, sleep=clock.sleep, engines=engines,
    )  # fmt: skip
    list(agent.start())
    yield Node(agent, engines, triton, store)
    agent.stop()


@pytest.fixture
def offered(store, tmp_path):
    """Release a version that adds a number and offers engines."""

    def make(add=10, model="tiny", engine_adds=None, engines=OFFERED, steps=False,
             right=None):  # fmt: skip
        right = Golden(INPUT, {"y": INPUT["x"] + add}, 1e-4, engines=right or {})
        typed = json.dumps({"add": add if engine_adds is None else engine_adds}).encode()
        onnx = json.dumps({"add": add, "seconds": SLOW}).encode()
        network = b'name: "network" backend: "onnxruntime" max_batch_size: 8 instance_group { }'
        files = {
            "golden.json": readable_json(right.to_json()),
            **{each.source: typed for each in engines},
            **({"model/config.pbtxt": ENSEMBLE.replace("shop", model).encode(),
                "model/1/ensemble.txt": b"",
                "steps/network/config.pbtxt": network,
                "steps/network/1/model.onnx": onnx} if steps else
               {"model/config.pbtxt": network, "model/1/model.onnx": onnx}),
        }  # fmt: skip
        folder = tmp_path / "packages" / f"{model}-{add}-{engine_adds}"
        packaged_model(folder, model, files, engines)
        manifest = publish(store, folder).manifest
        promote(store, "local", model, manifest.version)
        return manifest

    return make


def test_onnx_is_served_first_and_the_engine_takes_its_place(node, offered, builder):
    builder.wait = threading.Event()
    offered()
    first = [type(event).__name__ for event in node.agent.round()]
    assert first == ["Serving"]
    assert node.answer() == 10
    assert node.triton.engines == set()
    assert node.report().engine == ""
    assert "made ready" in node.report().engine_note
    builder.wait.set()
    (event,) = node.round()
    assert isinstance(event, events.Accelerated)
    assert event.onnx_ms > event.engine_ms
    assert node.answer() == 10
    assert node.triton.engines == {"tiny"}
    assert node.report().engine == event.engine
    assert "times as fast as ONNX Runtime" in node.report().engine_note
    assert node.happened() == []


def test_serving_and_checking_go_on_while_an_engine_is_built(node, offered, builder):
    builder.wait = threading.Event()
    offered()
    list(node.agent.round())
    offered(20)
    node.triton.dead.add("tiny")
    assert [type(e).__name__ for e in node.agent.round()] == ["Sick", "Recovered", "Serving"]
    assert node.answer() == 20
    builder.wait.set()


def test_both_sides_are_tried_under_names_that_no_client_asks_for(node, offered):
    offered()
    node.round()
    node.triton.journal.clear()
    node.round()
    assert node.triton.journal == [
        "load tiny__candidate", "load tiny__reference", "unload tiny__reference",
        "unload tiny__candidate", "load tiny",
    ]  # fmt: skip
    assert set(node.triton.loaded) == {"tiny"}


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"seconds": 2 * SLOW}, "is not faster than ONNX Runtime"),
        ({"seconds": SLOW}, "is not faster than ONNX Runtime"),
        ({"add": 99}, "answered with a difference"),
        ({"add": 10.6}, "answered with a difference"),
    ],
)
def test_an_engine_that_is_slower_or_wrong_leaves_onnx_serving(node, offered, builder, plan, said):
    builder.plan |= plan
    offered()
    node.round()
    (event,) = node.round()
    assert isinstance(event, events.Unaccelerated)
    assert said in event.reason
    onnx_is_served(node)
    assert node.report().engine_note == f"ONNX is served: {event.reason}"
    assert node.happened() == []


def onnx_is_served(node):
    assert node.answer() == 10
    assert node.triton.engines == set()
    assert set(node.triton.loaded) == {"tiny"}
    assert node.report().engine == ""


@pytest.mark.parametrize("name", ["tiny__candidate", "tiny__reference"])
def test_where_there_is_no_room_for_a_comparison_onnx_is_served(node, offered, name):
    offered()
    node.round()
    node.triton.refuse_to_load = {name}
    (event,) = node.round()
    assert f"cannot load '{name}': out of memory" in event.reason
    onnx_is_served(node)


def test_what_was_judged_is_not_judged_again(node, offered, builder, clock):
    builder.plan = {"seconds": 2 * SLOW}
    offered()
    node.round()
    assert node.happened() == ["Unaccelerated"]
    clock.now += 10 * AGAIN
    assert node.happened() == []
    assert node.happened() == []


def test_what_could_not_be_built_is_asked_for_again_and_said_once(node, offered, builder, clock):
    builder.failure = "out of memory"
    offered()
    node.round()
    assert node.happened() == ["Unaccelerated"]
    assert "out of memory" in node.report().engine_note
    clock.now += AGAIN
    node.round()
    assert node.happened() == []
    assert len(builder.built) == 1


@pytest.mark.parametrize(("says", "happens"), [(12, "Accelerated"), (13, "Unaccelerated")])
def test_an_engine_is_held_against_its_own_answers(node, offered, says, happens):
    own = {"fp16": Right({"y": INPUT["x"] + 12}, 0.5)}
    offered(engine_adds=says, right=own)
    node.round()
    assert node.happened() == [happens]
    assert node.answer() == (12 if happens == "Accelerated" else 10)
    assert node.happened() == []  # probed with them as long as it serves


def test_a_fault_of_the_builder_ends_no_agent(node, offered, builder):
    builder.meanwhile = lambda: 1 / 0
    offered()
    node.round()
    assert node.happened() == ["Unaccelerated"]
    onnx_is_served(node)


def test_the_second_best_engine_is_tried_where_the_best_cannot_be_built(node, offered, builder):
    first, second = spec("int8", "typed/int8.onnx"), spec()
    offered(engines=(first, second))
    node.round()
    assert node.happened() == ["Unaccelerated"]  # the builder's layers are FP16
    node.round()
    assert node.happened() == ["Accelerated"]
    assert "a fp16 engine is served" in node.report().engine_note


def test_while_another_server_builds_onnx_is_served_and_it_is_asked_later(
    node, offered, builder, clock, store, tmp_path
):
    manifest = offered()
    entry = next(e for e in manifest.artefact.files if e.path.startswith("typed"))
    onnx = tmp_path / "typed.onnx"
    store.download(contract.blob_key(entry.sha256), onnx)
    order = Order(manifest.artefact.engines[0], onnx, entry)
    other = QuickBuilder({"seconds": 0.0}, wait=threading.Event())
    cache = EngineCache(store, tmp_path / "other", "i-2", L4, other)
    building = threading.Thread(target=cache.obtain, args=(order, threading.Event()))
    building.start()
    wait_until(lambda: other.built)
    node.round()
    assert node.happened() == []
    assert node.report().engine_note == "ONNX is served, i-2 builds the engine"
    other.wait.set()
    building.join()
    clock.now += POLL
    node.round()
    assert node.happened() == ["Accelerated"]
    assert builder.built == []


def accelerated(node, offered, **version):
    offered(**version)
    node.round()
    assert node.happened() == ["Accelerated"]


def test_the_next_version_is_served_as_onnx_and_then_as_its_own_engine(node, offered):
    accelerated(node, offered)
    offered(20)
    assert node.happened() == ["Serving"]
    assert node.answer() == 20
    assert node.triton.engines == set()
    assert node.happened() == ["Accelerated"]
    assert node.triton.loaded == {"tiny": {2: 20}}


def test_the_way_back_leads_to_the_version_before(node, offered):
    accelerated(node, offered)
    offered(20)
    node.round()
    roll_back(node.store, "local", "tiny")
    assert "Serving" in node.happened()
    assert node.answer() == 10


def test_a_next_version_that_fails_leaves_the_engine_serving(node, offered, monkeypatch):
    accelerated(node, offered)
    offered(20)
    failing = refuse(node, monkeypatch, lambda config: "versions: 2" in config)
    assert node.happened() == ["Refused"]
    assert failing == ["tiny"]
    assert node.answer() == 10
    assert node.triton.engines == {"tiny"}


def refuse(node, monkeypatch, configuration):
    """Have the server refuse `tiny` with some configurations; returns what it refused."""
    refused, load = [], node.triton.load

    def refusing(model):
        path = node.triton.repository / model / contract.CONFIG_FILE
        if model == "tiny" and configuration(path.read_text()):
            refused.append(model)
            raise NodeError(f"Triton cannot load '{model}'", why="out of memory")
        load(model)

    monkeypatch.setattr(node.triton, "load", refusing)
    return refused


def test_an_engine_that_does_not_load_in_the_end_gives_way_to_the_onnx_file(
    node, offered, monkeypatch
):
    offered()
    node.round()
    failing = refuse(node, monkeypatch, lambda config: "tensorrt" in config)
    assert node.happened() == ["Unaccelerated"]
    assert failing == ["tiny"]
    onnx_is_served(node)
    assert node.happened() == []


def test_a_sick_engine_is_reloaded_and_is_an_engine_again(node, offered):
    accelerated(node, offered)
    node.triton.dead.add("tiny")
    assert node.happened() == ["Sick", "Recovered"]
    assert node.triton.engines == {"tiny"}


def test_an_engine_that_does_not_come_back_with_the_server_gives_way_to_the_onnx_file(
    node, offered
):
    accelerated(node, offered)
    engine = node.agent.served["tiny"].engine
    (engine.folder / "sm-8.9.plan").write_text("{}")
    node.triton.running = False
    assert node.happened() == ["Restarting", "Started", "Recovered", "Unaccelerated"]
    assert node.answer() == 10
    assert node.triton.engines == set()
    assert "did not come back" in node.report().engine_note
    assert node.happened() == []


def test_a_restarted_server_serves_the_engine_again(node, offered):
    accelerated(node, offered)
    node.triton.running = False
    assert node.happened() == ["Restarting", "Started", "Recovered"]
    assert node.triton.engines == {"tiny"}


def test_of_an_ensemble_the_network_alone_is_replaced(node, offered):
    offered(model="shop", steps=True)
    node.round()
    node.triton.journal.clear()
    assert node.happened() == ["Accelerated"]
    assert node.triton.journal[-2:] == ["load shop", "load shop__network__1"]
    assert node.triton.engines == {"shop__network__1"}
    assert node.answer("shop") == 10
    assert sorted(node.triton.loaded) == ["shop", "shop__network__1"]


def test_a_withdrawn_model_ends_its_build_and_leaves_no_engine(
    node, offered, builder, store, tmp_path
):
    builder.wait = threading.Event()
    offered()
    list(node.agent.round())
    wait_until(lambda: builder.built)
    (Path(store.url) / contract.release_key("local", "tiny")).unlink()
    assert [type(e).__name__ for e in node.agent.round()] == ["Withdrawn"]
    builder.wait = None
    offered(20)
    node.round()
    assert node.happened() == ["Accelerated"]
    (Path(store.url) / contract.release_key("local", "tiny")).unlink()
    assert node.happened() == ["Withdrawn"]
    assert not list((tmp_path / "node/engines").glob("*/1"))


def test_a_node_that_stops_ends_its_build(node, offered, builder):
    builder.wait = threading.Event()
    offered()
    list(node.agent.round())
    wait_until(lambda: builder.built)
    started = time.monotonic()
    node.agent.stop()
    assert time.monotonic() - started < 10


def test_a_model_that_offers_none_is_left_alone(node, offered, builder):
    offered(engines=())
    node.round()
    before = list(node.triton.journal)
    assert node.happened() == []
    assert node.triton.journal == before
    assert builder.built == []
    assert node.report().engine_note == ""


def test_without_a_gpu_a_report_says_nothing_of_engines(node, offered, store):
    node.agent._engines = None
    offered()
    assert [type(e).__name__ for e in node.agent.round()] == ["Serving"]
    written = json.loads(store.read("nodes/local/here.json").data)
    assert not [name for name in written["models"][0] if name.startswith("engine")]
