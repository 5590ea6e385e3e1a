"""The stand-in for NVIDIA's onnxruntime backend, asked through a real Triton server."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime as ort
import pytest
from tritonclient.utils import InferenceServerException

from slipway.triton.server import EmbeddedServer, Ports, ServerOptions
from tests.integration.triton_models import CONFIG, add_model, client_of, infer, request, stubs_of
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def server(server_environment, tmp_path_factory):
    """One server for all tests here; each loads models of its own name."""
    folder = tmp_path_factory.mktemp("backend")
    folder.joinpath("repository").mkdir()
    # Triton never gives up a model whose process was killed: its stop waits this long for it.
    options = ServerOptions(
        folder / "repository", folder / "run/triton.log", Ports.free(), exit_timeout=3
    )
    with EmbeddedServer(options, server_environment) as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    with client_of(server) as connected:
        yield connected


@pytest.fixture
def load(server, client):
    """Write and load a model; it is unloaded after the test. Returns its ONNX file."""
    loaded = []

    def load(name, config=CONFIG, **onnx_model):
        path = add_model(server.options.repository, name, config, **onnx_model)
        loaded.append(name)
        client.load_model(name)
        return path

    yield load
    for name in loaded:
        client.unload_model(name)


def test_answers_are_those_of_onnx_runtime_in_this_process(client, load):
    session = ort.InferenceSession(load("same", factor=1.7), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    for rows in (1, 2, 8):
        for width in (1, 5):
            arrays = {
                "x": rng.normal(size=(rows, width)).astype(np.float32),
                "pick": rng.integers(0, 4, (rows, 1)),
            }
            y, total = session.run(["y", "total"], arrays)
            answer = infer(client, "same", arrays)
            np.testing.assert_array_equal(answer["y"], y)
            np.testing.assert_array_equal(answer["total"].ravel(), total)


def test_only_the_outputs_asked_for_are_sent(client, load):
    from tritonclient.grpc import InferRequestedOutput

    load("some")
    answer = infer(client, "some", request(), outputs=[InferRequestedOutput("total")])
    assert list(answer) == ["total"]


def test_requests_at_the_same_time_share_runs_and_each_gets_its_own_rows(client, load):
    # A delay long enough that everything sent meanwhile waits together.
    delayed = CONFIG.replace(
        "dynamic_batching { }", "dynamic_batching { max_queue_delay_microseconds: 200000 }"
    )
    load("joined", delayed)

    def ask(k):
        return infer(client, "joined", request(rows=1 + k % 2, value=k, pick=k % 4))["y"]

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(ask, range(32)))
    for k, answer in enumerate(answers):
        assert answer.shape == (1 + k % 2, 3)
        assert (answer == 2 * k + 10 * (k % 4)).all()

    def counted():
        """Once all are: Triton counts a request after it has answered it."""
        statistics = client.get_inference_statistics("joined").model_stats[0]
        return statistics if statistics.inference_count == sum(map(len, answers)) else None

    assert wait_until(counted).execution_count < 32


def test_of_requests_in_one_run_only_the_bad_one_fails(client, load):
    delayed = CONFIG.replace(
        "dynamic_batching { }", "dynamic_batching { max_queue_delay_microseconds: 200000 }"
    )
    load("spoilt", delayed)

    def ask(k):
        try:
            return infer(client, "spoilt", request(value=k, pick=99 if k == 3 else 0))["y"][0, 0]
        except InferenceServerException as error:
            return str(error)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(8)))
    assert "out of" in answers.pop(3)
    assert answers == [2.0 * k for k in range(8) if k != 3]
    assert infer(client, "spoilt", request())["y"].tolist() == [[2.0, 2.0, 2.0]]


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("wrong_input", ('"x"', '"z"'), "input 'z' is not in the model, which has 'pick', 'x'"),
        ("wrong_output", ('"y"', '"z"'), "output 'z' is not in the model"),
        ("wrong_type", ("TYPE_INT64", "TYPE_INT32"), "TYPE_INT32 in the configuration"),
        ("wrong_dims", ("TYPE_INT64 dims: 1", "TYPE_INT64 dims: [ 1, 1 ]"), "'pick' has dims"),
        ("wrong_parameter", ('string_value: "1"', 'string_value: "many"'), "intra_op_thread_count"),
    ],
)
def test_a_wrong_configuration_never_turns_ready_and_says_why(client, load, name, change, reason):
    assert change[0] in CONFIG
    with pytest.raises(InferenceServerException, match=reason):
        load(name, CONFIG.replace(*change))
    assert not client.is_model_ready(name)


def test_a_model_without_a_batch_dimension_is_refused_batching(client, load):
    with pytest.raises(InferenceServerException, match="first dimension does not vary"):
        load("fixed", batch=1)
    assert not client.is_model_ready("fixed")


def test_a_file_that_is_no_onnx_is_refused(server, client):
    path = add_model(server.options.repository, "garbage")
    path.write_bytes(b"not a model")
    with pytest.raises(InferenceServerException, match="Protobuf parsing failed"):
        client.load_model("garbage")
    assert not client.is_model_ready("garbage")


def test_a_model_without_batching_takes_its_whole_shape(client, load):
    whole = CONFIG.replace("max_batch_size: 8", "max_batch_size: 0").replace(
        "dynamic_batching { }", ""
    )
    whole = whole.replace("TYPE_FP32 dims: -1", "TYPE_FP32 dims: [ -1, -1 ]")
    whole = whole.replace("TYPE_INT64 dims: 1", "TYPE_INT64 dims: [ -1, 1 ]")
    whole = whole.replace("dims: 1 reshape { shape: [] }", "dims: -1")
    load("whole", whole)
    answer = infer(client, "whole", request(rows=20, value=1))
    assert answer["y"].shape == (20, 3)
    assert answer["total"].tolist() == [3.0] * 20


def test_a_killed_stub_fails_requests_until_the_model_is_unloaded_and_loaded(server, client, load):
    load("mortal")
    assert infer(client, "mortal", request())
    (stub,) = stubs_of(server.pid, "mortal")
    os.kill(stub, signal.SIGKILL)
    with pytest.raises(InferenceServerException):
        infer(client, "mortal", request())
    client.unload_model("mortal")
    client.load_model("mortal")
    assert infer(client, "mortal", request())["y"].tolist() == [[2.0, 2.0, 2.0]]
