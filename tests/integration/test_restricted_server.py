"""A server of a fleet: only its node may manage it, and clients do not stay connected for ever."""

import json
import queue
import time

import grpc
import httpx
import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from slipway import contract
from slipway.check.endpoint import Endpoint
from slipway.check.perf import measure, one_by_one
from slipway.check.smoke import smoke
from slipway.errors import NodeError
from slipway.golden import Golden
from slipway.node.control import GrpcControl
from slipway.results import PerfResult
from slipway.triton.access import HEADER, ManagementKey
from slipway.triton.connection_age import connection_age
from tests.integration.triton_models import add_model, command_line, request, tensors

X = np.arange(12, dtype=np.float32).reshape(4, 3)
GOLDEN = Golden(
    {"x": X, "pick": np.zeros((4, 1), np.int64)},
    {"y": 2 * X, "total": X.sum(axis=1, keepdims=True)},
    1e-5,
)
MANAGEMENT_OVER_HTTP = {
    "model-repository": [
        ("POST", "/v2/repository/index"),
        ("POST", "/v2/repository/models/tiny/load"),
        ("POST", "/v2/repository/models/tiny/unload"),
    ],
    "model-config": [
        ("GET", "/v2/models/tiny/config"),
        ("GET", "/v2/models/tiny/versions/1/config"),
    ],
    "logging": [("GET", "/v2/logging"), ("POST", "/v2/logging")],
    "trace": [
        ("GET", "/v2/trace/setting"),
        ("POST", "/v2/trace/setting"),
        ("POST", "/v2/models/tiny/trace/setting"),
    ],
    "shared-memory": [
        ("GET", "/v2/systemsharedmemory/status"),
        ("POST", "/v2/systemsharedmemory/region/a/register"),
        ("POST", "/v2/systemsharedmemory/unregister"),
        ("GET", "/v2/cudasharedmemory/status"),
        ("POST", "/v2/cudasharedmemory/region/a/register"),
    ],
    "statistics": [("GET", "/v2/models/stats"), ("GET", "/v2/models/tiny/stats")],
}
MANAGEMENT_OVER_GRPC = {
    "model-repository": [
        lambda client, **how: client.get_model_repository_index(**how),
        lambda client, **how: client.load_model("tiny", **how),
        lambda client, **how: client.unload_model("tiny", **how),
    ],
    "model-config": [lambda client, **how: client.get_model_config("tiny", **how)],
    "logging": [
        lambda client, **how: client.get_log_settings(**how),
        lambda client, **how: client.update_log_settings({"log_verbose_level": 1}, **how),
    ],
    "trace": [
        lambda client, **how: client.get_trace_settings(**how),
        lambda client, **how: client.update_trace_settings(settings={"trace_rate": "9"}, **how),
    ],
    "shared-memory": [
        lambda client, **how: client.get_system_shared_memory_status(**how),
        lambda client, **how: client.register_system_shared_memory("a", "/a", 8, **how),
        lambda client, **how: client.get_cuda_shared_memory_status(**how),
        lambda client, **how: client.unregister_cuda_shared_memory(**how),
    ],
    "statistics": [lambda client, **how: client.get_inference_statistics("tiny", **how)],
}


@pytest.fixture
def key():
    return ManagementKey()


@pytest.fixture
def server(make_server, key):
    server = make_server(extra=key.options)
    add_model(server.options.repository, "tiny")
    with server:
        yield server


@pytest.fixture
def control(server, key):
    control = GrpcControl(f"127.0.0.1:{server.options.ports.grpc}", key)
    control.load("tiny")
    yield control
    control.close()


def test_every_management_api_is_tried():
    assert set(MANAGEMENT_OVER_HTTP) == set(MANAGEMENT_OVER_GRPC) == set(contract.MANAGEMENT_APIS)


@pytest.mark.parametrize("guess", [{}, {"slipway-management": "guessed"}])
def test_over_http_management_is_refused_and_inference_is_not(server, control, key, guess):
    with httpx.Client(base_url=f"http://127.0.0.1:{server.options.ports.http}") as client:
        for calls in MANAGEMENT_OVER_HTTP.values():
            for method, path in calls:
                refused = client.request(method, path, headers=guess, json={})
                assert (path, refused.status_code) == (path, 403)
        assert client.get(contract.HEALTH_READY).status_code == 200
        assert client.get("/v2/models/tiny").json()["name"] == "tiny"
        inputs = [
            {"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [3.0]},
            {"name": "pick", "shape": [1, 1], "datatype": "INT64", "data": [0]},
        ]
        answer = client.post("/v2/models/tiny/infer", json={"inputs": inputs})
        assert answer.status_code == 200
        index = client.post("/v2/repository/index", headers={HEADER: key.secret})
        assert [model["state"] for model in index.json()] == ["READY"]


@pytest.mark.parametrize("guess", [{}, {"triton-grpc-protocol-slipway-management": "guessed"}])
def test_over_grpc_management_is_refused_and_inference_is_not(server, control, key, guess):
    with triton.InferenceServerClient(f"127.0.0.1:{server.options.ports.grpc}") as client:
        for calls in MANAGEMENT_OVER_GRPC.values():
            for call in calls:
                with pytest.raises(InferenceServerException, match="protocol is restricted"):
                    call(client, headers=guess, client_timeout=10)
        assert client.is_server_ready()
        assert client.is_model_ready("tiny")
        answer = client.infer("tiny", tensors(request(value=3)))
        assert answer.as_numpy("y").tolist() == [[6.0, 6.0, 6.0]]
        assert client.get_model_config("tiny", headers=key.grpc_headers).config.name == "tiny"


def test_whoever_holds_the_key_loads_asks_and_unloads(server, control):
    assert control.infer("tiny", None, request(value=3))["y"].tolist() == [[6.0, 6.0, 6.0]]
    assert control.version().startswith("2.")
    control.unload("tiny")
    with pytest.raises(NodeError):
        control.infer("tiny", None, request(value=3))
    stranger = GrpcControl(f"127.0.0.1:{server.options.ports.grpc}")
    with pytest.raises(NodeError, match="restricted"):
        stranger.load("tiny")
    stranger.close()


@pytest.fixture
def endpoint(server, control):
    ports = server.options.ports
    return Endpoint(f"127.0.0.1:{ports.grpc}", f"http://127.0.0.1:{ports.http}")


def test_the_smoke_test_of_a_server_of_a_fleet_passes_without_what_is_closed(endpoint):
    results = list(smoke(endpoint, "tiny", GOLDEN))
    assert [r for r in results if not r.passed] == []
    for protocol in ("http", "grpc"):
        asked = {r.name: r.detail for r in results if r.protocol == protocol}
        assert "keeps it for its node" in asked["configuration is given, or closed"]
        assert sum(name.startswith("refused") for name in asked) == 10


def test_a_server_of_a_fleet_is_measured_without_its_own_account(endpoint):
    result = measure(
        endpoint, "tiny", one_by_one(GOLDEN), [1], window=0.1, within=1.0, agree=2, most=4
    )
    (point,) = result.points
    assert result.passed
    assert point.p99_ms > 0
    assert (point.queue_ms, point.compute_ms, point.transport_ms, point.batch) == (None,) * 4
    assert PerfResult.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_the_secret_is_new_each_time_and_in_no_text(server, control, key):
    assert key.secret != ManagementKey().secret
    assert key.secret not in repr(key)
    assert key.secret not in server.options.log.read_text()
    # The one place where Triton allows no other way.
    assert any(key.secret in word for word in command_line(server.pid))


def test_a_client_connects_anew_after_a_while_and_notices_nothing(make_server):
    server = make_server(extra=connection_age(grace=10, age=0.5))
    states = queue.Queue()
    with server, grpc.insecure_channel(f"127.0.0.1:{server.options.ports.grpc}") as channel:
        channel.subscribe(states.put)
        live = channel.unary_unary("/inference.GRPCInferenceService/ServerLive")
        until, connections = time.monotonic() + 20, 0
        while connections < 3:
            assert time.monotonic() < until, f"{connections} connections"
            assert live(b"", timeout=10) == b"\x08\x01"
            time.sleep(0.01)
            while not states.empty():
                connections += states.get() is grpc.ChannelConnectivity.READY
