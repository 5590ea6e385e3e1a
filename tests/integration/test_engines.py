"""Engines from build to service on the real Triton; trtexec and its backend are stand-ins.

The package's ONNX file does needless work, and the typed one that its engine is built from does
not: so the engine is faster here too, where both run on ONNX Runtime.
"""

import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import tritonclient.grpc as triton
from onnx import TensorProto, helper, numpy_helper
from tritonclient.utils import InferenceServerException

from slipway import contract
from slipway.artefact import read_artefact
from slipway.build.line import build
from slipway.build.optimise import rivals
from slipway.build.optimise.study import Wanted
from slipway.build.triton_config import NETWORK, configurations, write_config
from slipway.check.endpoint import Endpoint
from slipway.check.smoke import smoke
from slipway.files import readable_json
from slipway.folder import open_model
from slipway.golden import Golden
from slipway.node.agent import Agent
from slipway.node.control import GrpcControl
from slipway.node.engines.acceleration import Engines
from slipway.node.engines.cache import EngineCache
from slipway.node.events import Refused, Unaccelerated
from slipway.node.report import Identity, read_report
from slipway.profiles import profiles_of
from slipway.progress import silent
from slipway.recipe import Metric, Recipe, Serving, Tokenizer, Training
from slipway.registry.directory import DirectoryStore
from slipway.registry.golden import read_golden, released_golden
from slipway.registry.publish import publish
from slipway.registry.releases import promote
from slipway.tensors import TensorSpec
from slipway.triton.server import BACKENDS, EmbeddedServer, Ports, ServerOptions
from tests.engines import L4, WIDTH, spec, trtexec, write_typed
from tests.factories import packaged_model
from tests.integration.triton_models import infer
from tests.waiting import wait_until

TESTS = Path(__file__).parents[1]
NEEDLESS = 40, 256
"""Matrix products that the ONNX file makes for nothing, and their size."""

RECIPE = Recipe("Doubles", (TensorSpec("point", "FP32", (WIDTH,)),),
                (TensorSpec("y", "FP32", (WIDTH,)),), Training(1, 2, 0.1), Metric("accuracy", 0.5),
                serving=Serving(8, (1, 8), threads=1))  # fmt: skip
TEXT = Recipe("Lengths", (TensorSpec("input_ids", "INT64", ("tokens",)),
                          TensorSpec("attention_mask", "INT64", ("tokens",))),
              (TensorSpec("y", "FP32", (1,)),), Training(1, 2, 0.1), Metric("accuracy", 0.5),
              tokenizer=Tokenizer(TensorSpec("text", "BYTES", (1,)), (4, 8)),
              serving=Serving(4, (1, 4), threads=1))  # fmt: skip


def needless(source):
    """Nodes and weights that make a zero `nothing` (1,) of all of an input, slowly."""
    count, size = NEEDLESS
    ones = np.ones((size, size), np.float32) / size
    nodes = [
        helper.make_node("Cast", [source], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["floats"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["ones", "sum"], ["step0"]),
        *(helper.make_node("MatMul", [f"step{k}", "ones"], [f"step{k + 1}"]) for k in range(count)),
        helper.make_node("ReduceSum", [f"step{count}"], ["total"], keepdims=0),
        helper.make_node("Mul", ["total", "zero"], ["nothing"]),
    ]
    return nodes, [
        numpy_helper.from_array(ones, "ones"),
        numpy_helper.from_array(np.zeros(1, np.float32), "zero"),
    ]


def save(path, nodes, inputs, output, weights):
    graph = helper.make_graph(nodes, "slow", inputs, [output], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)


def write_slow(path, factor):
    """`y` = factor * `point`, and what costs time beside."""
    nodes, weights = needless("point")
    nodes += [
        helper.make_node("Mul", ["point", "factor"], ["scaled"]),
        helper.make_node("Add", ["scaled", "nothing"], ["y"]),
    ]
    value = helper.make_tensor_value_info
    save(
        path, nodes, [value("point", TensorProto.FLOAT, ["batch", WIDTH])],
        value("y", TensorProto.FLOAT, ["batch", WIDTH]),
        [*weights, numpy_helper.from_array(np.float32([factor]), "factor")],
    )  # fmt: skip


def write_counting(path, *, slow):
    """`y` = how many tokens a text has: with a matrix product, and slowly if wanted."""
    value = helper.make_tensor_value_info
    inputs = [value(n, TensorProto.INT64, ["batch", "tokens"])
              for n in ("input_ids", "attention_mask")]  # fmt: skip
    nodes, weights = needless("input_ids") if slow else ([], [])
    kind = TensorProto.FLOAT if slow else TensorProto.FLOAT16
    nodes += [
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=kind),
        helper.make_node("ReduceSum", ["mask", "last"], ["count"], keepdims=1),
        helper.make_node("MatMul", ["count", "unit"], ["product"]),
        helper.make_node("Cast", ["product"], ["wide"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["input_ids", "none"], ["unused"]),
        helper.make_node("Cast", ["unused"], ["floating"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["floating", "last"], ["zeros"], keepdims=1),
        helper.make_node("Add", ["wide", "zeros"], ["y" if not slow else "answer"]),
    ]
    if slow:
        nodes.append(helper.make_node("Add", ["answer", "nothing"], ["y"]))
    weights += [
        numpy_helper.from_array(np.array([[1]], helper.tensor_dtype_to_np_dtype(kind)), "unit"),
        numpy_helper.from_array(np.int64([1]), "last"),
        numpy_helper.from_array(np.int64([0]), "none"),
    ]
    save(path, nodes, inputs, value("y", TensorProto.FLOAT, ["batch", 1]), weights)


HELD_UP = """

_execute = TritonPythonModel.execute


def _held_up(self, requests):
    import time
    time.sleep(0.02)
    return _execute(self, requests)


TritonPythonModel.execute = _held_up
"""


@pytest.fixture
def slow_onnxruntime(backends, tmp_path):
    """The same, but ONNX Runtime is held up: an engine of a tiny model is faster all the same."""
    folder = tmp_path / "backends"
    shutil.copytree(backends, folder)
    model = folder / "onnxruntime/model.py"
    model.write_text(model.read_text() + HELD_UP)
    return folder


@pytest.fixture(scope="module")
def backends(tmp_path_factory):
    """Slipway's own, and the stand-in for `tensorrt`."""
    folder = tmp_path_factory.mktemp("backends") / "all"
    shutil.copytree(BACKENDS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(TESTS / "data/backends/tensorrt", folder / "tensorrt")
    return folder


class Server:
    """A server of the fleet with a GPU that is not there: an agent driven by hand."""

    def __init__(self, name, folder, store, environment, backends, builds, **trt):
        self.store, self.name, self.folder = store, name, folder / name
        repository = self.folder / "repository"
        repository.mkdir(parents=True)
        ports = Ports.free()
        options = ServerOptions(repository, self.folder / "triton.log", ports, backends=backends)
        address = self.address = f"127.0.0.1:{ports.grpc}"
        builder = trtexec(TRTEXEC_BUILDS=str(builds), **trt)
        self.endpoint = Endpoint(address, f"http://127.0.0.1:{ports.http}")
        self.engines = Engines(EngineCache(store, self.folder / "engines", name, L4, builder))
        self.agent = Agent(
            Identity("local", name, address, ""), store, EmbeddedServer(options, environment),
            GrpcControl(address), self.folder, engines=self.engines,
        )  # fmt: skip
        self.client = triton.InferenceServerClient(address)
        list(self.agent.start())

    def until(self, name):
        """Rounds of the agent until an event of a name; all events until then."""
        seen = []

        def happened():
            seen.extend(self.agent.round())
            found = [e for e in seen if type(e).__name__ == name]
            assert found or not [e for e in seen if isinstance(e, (Refused, Unaccelerated))], seen
            return found

        (event,) = wait_until(happened)
        return event

    def report(self):
        (model,) = read_report(self.store, "local", self.name).models
        return model

    def config(self, model):
        return self.client.get_model_config(model).config

    def loaded(self):
        index = self.client.get_model_repository_index().models
        return sorted(f"{m.name} {m.version}" for m in index if m.state == "READY")

    def stop(self):
        self.client.close()
        self.agent.stop()


@pytest.fixture
def server(tmp_path, store, server_environment, backends):
    servers = []

    def make(name="i-1", backends=backends, **trt):
        builds = tmp_path / f"{name}.builds"
        made = Server(name, tmp_path, store, server_environment, backends, builds, **trt)
        made.builds = lambda: builds.read_text().splitlines() if builds.exists() else []
        servers.append(made)
        return made

    yield make
    for each in servers:
        each.stop()


@pytest.fixture
def store(tmp_path):
    return DirectoryStore(tmp_path / "registry")


@pytest.fixture
def release(store, tmp_path):
    """Publish and release a version that multiplies, with an FP16 engine."""

    def make(factor=2.0):
        folder = tmp_path / f"packages/{factor}"
        write_slow(folder / "model/1/model.onnx", factor)
        write_typed(folder / "typed/fp16.onnx", factor=factor)
        write_config(configurations("doubles", RECIPE).model, folder / "model/config.pbtxt")
        x = np.float32([[1, 2, 3, 4]])
        return publish_folder(folder, Golden({"point": x}, {"y": x * np.float32(factor)}, 1e-4),
                              "doubles", RECIPE)  # fmt: skip

    def publish_folder(folder, golden, name, recipe):
        (folder / contract.GOLDEN_FILE).write_bytes(readable_json(golden.to_json()))
        files = {p.relative_to(folder).as_posix(): p.read_bytes()
                 for p in folder.rglob("*") if p.is_file()}  # fmt: skip
        offered = spec(profiles=profiles_of(recipe))
        packaged_model(folder, name, files, (offered,))
        version = publish(store, folder).manifest.version
        promote(store, "local", name, version)
        return version

    make.folder = publish_folder
    return make


def ask(server, value=1.0, rows=1):
    point = np.full((rows, WIDTH), value, np.float32)
    return float(infer(server.client, "doubles", {"point": point})["y"][0, 0])


def test_the_first_server_builds_swaps_without_a_gap_and_the_second_downloads(server, release):
    first = server("i-1")
    release(2.0)
    first.until("Serving")
    assert first.config("doubles").backend == "onnxruntime"
    wrong, stop = [], threading.Event()
    client = triton.InferenceServerClient(first.address)

    def keep_asking():
        while not stop.is_set():
            try:
                got = infer(client, "doubles", {"point": np.ones((1, WIDTH), np.float32)})["y"]
                if abs(float(got[0, 0]) - 2.0) > 0.02:
                    wrong.append(got)
            except InferenceServerException as error:
                wrong.append(str(error))

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        event = first.until("Accelerated")
    finally:
        stop.set()
        asking.join()
        client.close()
    assert wrong == []
    assert event.engine_ms < event.onnx_ms
    config = first.config("doubles")
    assert (config.backend, config.platform) == ("tensorrt", "tensorrt_plan")
    assert dict(config.cc_model_filenames) == {"8.9": "sm-8.9.plan"}
    assert list(config.instance_group[0].profile) == ["0", "1"]
    assert len(config.model_warmup) == 2
    assert [ask(first, 3.0, rows) for rows in (1, 5, 8)] == [6.0, 6.0, 6.0]
    assert first.loaded() == ["doubles 1"]
    assert len(first.builds()) == 1

    second = server("i-2")
    assert second.until("Accelerated").engine == event.engine
    assert second.builds() == []
    assert ask(second, 3.0) == 6.0
    assert second.report().engine == event.engine


def test_the_next_version_comes_as_onnx_and_then_as_an_engine_and_the_way_back_works(
    server, release, store
):
    node = server()
    release(2.0)
    node.until("Accelerated")
    release(3.0)
    node.until("Serving")
    assert node.config("doubles").backend == "onnxruntime"
    assert ask(node) == pytest.approx(3.0)
    node.until("Accelerated")
    assert node.config("doubles").backend == "tensorrt"
    assert ask(node) == pytest.approx(3.0)
    promote(store, "local", "doubles", 1)
    node.until("Serving")
    assert ask(node) == pytest.approx(2.0)
    node.until("Accelerated")
    assert ask(node) == pytest.approx(2.0)
    assert len(node.builds()) == 2


@pytest.mark.parametrize(
    ("trt", "said"),
    [
        ({"TRTEXEC_PLAN": json.dumps({"slow": 0.2})}, "is not faster than ONNX Runtime"),
        ({"TRTEXEC_PLAN": json.dumps({"spoil": 0.5})}, "answered with a difference"),
        ({"TRTEXEC_CAPABILITY": "9.0"}, "the plan is not for this GPU"),
        ({"TRTEXEC_FAILURE": "silently fp32"}, "silently built in another precision"),
        ({"TRTEXEC_FAILURE": "operator"}, "cannot build the operator GridSample3D"),
        ({"TRTEXEC_FAILURE": "memory"}, "too little memory"),
        ({"TRTEXEC_FAILURE": "large"}, "weights are missing or in another precision"),
        ({"TRTEXEC_VERSION": "8601"}, "is too old"),
    ],
)
def test_an_engine_that_fails_in_any_way_leaves_onnx_serving_and_the_report_says_why(
    server, release, trt, said
):
    node = server(**trt)
    release(2.0)
    event = node.until("Unaccelerated")
    assert said in event.reason
    assert ask(node) == pytest.approx(2.0)
    assert node.config("doubles").backend == "onnxruntime"
    assert node.loaded() == ["doubles 1"]
    assert node.report().engine == ""
    assert said in node.report().engine_note


def test_an_engine_that_is_killed_comes_back_as_an_engine_and_one_whose_plan_is_gone_as_onnx(
    server, release
):
    node = server()
    release(2.0)
    node.until("Accelerated")
    node.agent._server.stop()
    node.until("Recovered")
    assert node.config("doubles").backend == "tensorrt"
    engine = node.agent.served["doubles"].engine
    (engine.folder / "sm-8.9.plan").unlink()
    node.agent._server.stop()
    node.until("Unaccelerated")
    assert node.config("doubles").backend == "onnxruntime"
    assert ask(node) == pytest.approx(2.0)


def test_in_an_ensemble_the_network_becomes_an_engine_and_back(server, release, tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    node = server()
    folder = tmp_path / "packages/lengths"
    made = configurations("lengths", TEXT)
    for name, config in made.steps.items():
        (folder / f"steps/{name}/1").mkdir(parents=True)
        write_config(config, folder / f"steps/{name}/config.pbtxt")
    (folder / "model/1").mkdir(parents=True)
    (folder / "model/1/ensemble.txt").write_text("")
    write_config(made.model, folder / "model/config.pbtxt")
    write_counting(folder / f"steps/{NETWORK}/1/model.onnx", slow=True)
    write_counting(folder / "typed/fp16.onnx", slow=False)
    words = {"[PAD]": 0, "[UNK]": 1, "rain": 2}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "steps/tokenizer/1/tokenizer.json"))
    text = np.array([["rain rain rain"]], dtype=object)
    golden = Golden({"text": text}, {"y": np.float32([[3]])}, 1e-4)
    release.folder(folder, golden, "lengths", TEXT)
    node.until("Serving")
    node.until("Accelerated")
    assert node.config("lengths__network__1").backend == "tensorrt"
    assert list(node.config("lengths__network__1").instance_group[0].profile) == list("0123")
    assert node.loaded() == ["lengths 1", "lengths__network__1 1", "lengths__tokenizer__1 1"]
    for said, tokens in (("rain", 1), ("rain rain", 2), ("rain " * 7, 7)):
        tensor = triton.InferInput("text", [1, 1], "BYTES")
        tensor.set_data_from_numpy(np.array([[said]], dtype=object))
        assert node.client.infer("lengths", [tensor]).as_numpy("y")[0, 0] == tokens
    served = node.agent.served["lengths"]
    node.agent._rollout.show("lengths", served.loaded)
    assert node.config("lengths__network__1").backend == "onnxruntime"


def test_what_a_build_offers_is_published_built_by_a_server_and_served(
    server, store, slow_onnxruntime, tmp_path, monkeypatch
):
    only = rivals.ways(rivals.CPU)[:1]  # to compile a network takes half a minute
    monkeypatch.setattr(rivals, "ways", lambda _device: only)
    folder = open_model("tiny", TESTS / "data/model_repo")
    *_, engines, packaged = build(folder, tmp_path / "build", silent, wanted=Wanted(("fp16",)))
    assert (engines.step.name, engines.detail) == ("engines", "int8, fp16 offered")
    package = packaged.step.folder
    first, _ = read_artefact(package).engines

    version = publish(store, package).manifest.version
    promote(store, "local", "tiny", version)
    node = server(backends=slow_onnxruntime)
    node.until("Serving")
    assert node.until("Accelerated").precision == first.precision == "int8"
    assert node.config("tiny").backend == "tensorrt"
    assert node.report().engine_note.startswith("a int8 engine is served")

    golden = read_golden(package / contract.GOLDEN_FILE)
    answer = infer(node.client, "tiny", dict(golden.inputs))
    assert golden.of("int8").right.difference(answer).within
    assert not golden.right.difference(answer).within
    asked = released_golden(store.url, "local", "tiny")
    assert [each for each in smoke(node.endpoint, "tiny", asked) if not each.passed] == []
    onnx = replace(golden, engines={})
    failed = {each.name for each in smoke(node.endpoint, "tiny", onnx) if not each.passed}
    assert "golden request" in failed
