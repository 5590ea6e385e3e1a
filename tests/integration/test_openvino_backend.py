"""The stand-in for the official openvino backend, asked through a real Triton server."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tritonclient.utils import InferenceServerException

from slipway.build.engine import OPENVINO
from slipway.build.openvino import OpenvinoModel, capabilities
from slipway.build.triton_config import network_config, write_config
from slipway.recipe import Metric, Recipe, Serving, Training
from slipway.tensors import TensorSpec
from slipway.triton.server import EmbeddedServer, Ports, ServerOptions
from tests.integration.triton_models import add_model, client_of, infer, request, stubs_of
from tests.quantised import products, quantised, some
from tests.waiting import wait_until

WHOLE = """
backend: "openvino"
default_model_filename: "model.onnx"
max_batch_size: 0
input [ { name: "x" data_type: TYPE_FP32 dims: [ -1, -1 ] },
        { name: "pick" data_type: TYPE_INT64 dims: [ -1, 1 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ -1, -1 ] },
         { name: "total" data_type: TYPE_FP32 dims: -1 } ]
instance_group [ { count: 1 kind: KIND_CPU } ]
parameters { key: "INFERENCE_NUM_THREADS" value { string_value: "1" } }
"""
PADDED = """
backend: "openvino"
default_model_filename: "model.onnx"
max_batch_size: 8
input [ { name: "x" data_type: TYPE_FP32 dims: 3 },
        { name: "pick" data_type: TYPE_INT64 dims: 1 } ]
output [ { name: "y" data_type: TYPE_FP32 dims: -1 },
         { name: "total" data_type: TYPE_FP32 dims: 1 reshape { shape: [] } } ]
instance_group [ { count: 1 kind: KIND_CPU } ]
dynamic_batching { max_queue_delay_microseconds: 200000 }
parameters { key: "INFERENCE_NUM_THREADS" value { string_value: "1" } }
parameters { key: "ENABLE_BATCH_PADDING" value { string_value: "YES" } }
"""
QUANTISED = """
backend: "openvino"
default_model_filename: "model.onnx"
max_batch_size: 0
input { name: "x" data_type: TYPE_FP32 dims: [ -1, -1, 32 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ -1, -1, 8 ] }
instance_group [ { count: 1 kind: KIND_CPU } ]
parameters { key: "INFERENCE_NUM_THREADS" value { string_value: "1" } }
"""


@pytest.fixture(scope="module")
def server(server_environment, tmp_path_factory):
    """One server for all tests here; each loads models of its own name."""
    folder = tmp_path_factory.mktemp("backend")
    folder.joinpath("repository").mkdir()
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

    def load(name, config=WHOLE, **onnx_model):
        path = add_model(server.options.repository, name, config, **onnx_model)
        loaded.append(name)
        client.load_model(name)
        return path

    yield load
    for name in loaded:
        client.unload_model(name)


def test_answers_are_those_of_openvino_in_this_process_at_any_batch_and_length(client, load):
    model = OpenvinoModel(load("same", factor=1.7), precision="default", threads=1)
    rng = np.random.default_rng(0)
    for rows in (1, 2, 8, 40):
        for width in (1, 5):
            arrays = {
                "x": rng.normal(size=(rows, width)).astype(np.float32),
                "pick": rng.integers(0, 4, (rows, 1)),
            }
            answer, expected = infer(client, "same", arrays), model(arrays)
            np.testing.assert_array_equal(answer["y"], expected["y"])
            np.testing.assert_array_equal(answer["total"], expected["total"])


def test_requests_at_the_same_time_share_runs_where_batches_are_allowed(client, load):
    load("joined", PADDED)

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


def test_inputs_that_do_not_fit_each_other_are_an_error_of_their_own_request_alone(client, load):
    load("spoilt")
    bad = request(rows=2) | {"pick": np.zeros((3, 1), np.int64)}

    def ask(k):
        try:
            return infer(client, "spoilt", bad if k % 4 == 3 else request(rows=2, value=k))["y"]
        except InferenceServerException as error:
            return str(error)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(16)))
    for k, answer in enumerate(answers):
        if k % 4 == 3:
            assert "inconsistent" in answer
        else:
            np.testing.assert_array_equal(answer, np.full((2, 3), 2.0 * k))


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("input", ('"x"', '"z"'), "input 'z' is not in the model, which has 'pick', 'x'"),
        ("type", ("TYPE_INT64", "TYPE_INT32"), "TYPE_INT32 in the configuration"),
        ("dims", ("[ -1, 1 ]", "[ -1, 2 ]"), "'pick' has dims"),
        ("threads", ('"1"', '"many"'), "INFERENCE_NUM_THREADS is 'many'; it may be a number"),
        ("hint", ('"INFERENCE_NUM_THREADS" value { string_value: "1"',
                  '"PERFORMANCE_HINT" value { string_value: "fast"'),
         "PERFORMANCE_HINT is 'fast'; it may be CUMULATIVE_THROUGHPUT or LATENCY or THROUGHPUT"),
        ("file", ('"model.onnx"', '""'), "model.xml is missing"),
        ("unpadded", (WHOLE, PADDED.replace("YES", "NO")), "batches of exactly that size alone"),
    ],
)  # fmt: skip
def test_a_wrong_configuration_never_turns_ready_and_says_why(client, load, name, change, reason):
    assert change[0] in WHOLE
    with pytest.raises(InferenceServerException, match=reason):
        load(f"wrong_{name}", WHOLE.replace(*change))
    assert not client.is_model_ready(f"wrong_{name}")


def test_bfloat16_is_served_where_the_processor_has_it_and_refused_elsewhere(client, load):
    hinted = WHOLE + 'parameters { key: "HINT_BF16" value { string_value: "YES" } }'
    if "BF16" in capabilities():
        load("bf16", hinted)
        np.testing.assert_allclose(infer(client, "bf16", request())["y"], 2.0, rtol=0.01)
    else:
        with pytest.raises(
            InferenceServerException, match=r"no bfloat16 of its own; it has .*FP32"
        ):
            load("bf16", hinted)


def test_a_file_that_is_no_model_is_refused(server, client):
    path = add_model(server.options.repository, "garbage", WHOLE)
    path.write_bytes(b"not a model")
    with pytest.raises(InferenceServerException, match="Unable to read the model"):
        client.load_model("garbage")
    assert not client.is_model_ready("garbage")


def test_the_file_that_onnx_runtime_was_quantised_for_is_served_in_8_bits(client, server, load):
    folder = server.options.repository / "int8/1"
    folder.mkdir(parents=True)
    plain = products(folder.parent / "plain.onnx")
    path = quantised(plain, folder / "model.onnx", 2, 5, 32)
    folder.parent.joinpath("config.pbtxt").write_text(QUANTISED)
    client.load_model("int8")
    model = OpenvinoModel(path, precision="int8", threads=1)
    assert set(model.layer_precisions()) <= {"i8", "u8"}
    for rows, tokens in ((1, 4), (3, 9)):
        inputs = some(rows, tokens, 32)
        np.testing.assert_array_equal(infer(client, "int8", inputs)["y"], model(inputs)["y"])
    client.unload_model("int8")


RECIPE = Recipe(
    title="any",
    inputs=(TensorSpec("x", "FP32", ("tokens", 32)),),
    outputs=(TensorSpec("y", "FP32", ("tokens", 8)),),
    training=Training(epochs=1, batch_size=2, learning_rate=0.1),
    metric=Metric("accuracy", 0.5),
    serving=Serving(max_batch_size=4, batch_buckets=(1, 4), instances=2, threads=1, queue_size=64),
)
ENSEMBLE = """
platform: "ensemble"
max_batch_size: 4
input { name: "x" data_type: TYPE_FP32 dims: [ -1, 32 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ -1, 8 ] }
ensemble_scheduling { step { model_name: "written" model_version: 1
    input_map { key: "x" value: "x" } output_map { key: "y" value: "y" } } }
"""


@pytest.fixture
def written(client, server):
    """A model whose configuration was written from a recipe, loaded; its ONNX file."""
    folder = server.options.repository / "written"
    folder.joinpath("1").mkdir(parents=True, exist_ok=True)
    path = products(folder / "1/model.onnx")
    write_config(network_config("written", RECIPE, engine=OPENVINO), folder / "config.pbtxt")
    client.load_model("written")
    yield path
    client.unload_model("written", unload_dependents=True)


def test_what_is_written_from_a_recipe_is_warmed_up_and_served(client, server, written):
    assert len(stubs_of(server.pid, "written")) == RECIPE.serving.instances
    model = OpenvinoModel(written, precision="default", threads=1)
    for rows, tokens in ((1, 7), (3, 2), (9, 5)):
        inputs = some(rows, tokens, 32)
        np.testing.assert_array_equal(infer(client, "written", inputs)["y"], model(inputs)["y"])


def test_as_a_step_of_an_ensemble_it_gets_batches_within_the_ensembles_bound(
    client, server, written
):
    folder = server.options.repository / "whole"
    folder.joinpath("1").mkdir(parents=True)
    folder.joinpath("config.pbtxt").write_text(ENSEMBLE)
    client.load_model("whole")
    inputs = some(4, 3, 32)
    expected = OpenvinoModel(written, precision="default", threads=1)(inputs)
    np.testing.assert_array_equal(infer(client, "whole", inputs)["y"], expected["y"])
    with pytest.raises(InferenceServerException, match="must be <= 4"):
        infer(client, "whole", some(5, 3, 32))
    client.unload_model("whole")
