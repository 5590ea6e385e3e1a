import socket
import threading
import time

import grpc
import pytest

from slipway import contract
from slipway.errors import FleetError
from slipway.node.fleet.grpc_readiness import GrpcReadiness

EMPTY = b""
NAMED = b"\x0a\x04tiny"
"""A HealthCheckRequest for the service `tiny`."""


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def ask(port, method=contract.GRPC_HEALTH, request=EMPTY):
    """Status and body, over a connection of its own as a load balancer's."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            return grpc.StatusCode.OK, channel.unary_unary(method)(request, timeout=5)
        except grpc.RpcError as refusal:
            return refusal.code(), None


def test_the_status_of_the_call_follows_the_node(port):
    state = {"ready": False}
    with GrpcReadiness("127.0.0.1", port, lambda: state["ready"]):
        assert ask(port) == (grpc.StatusCode.UNAVAILABLE, None)
        state["ready"] = True
        assert ask(port) == (grpc.StatusCode.OK, b"\x08\x01")
        assert ask(port, request=NAMED) == (grpc.StatusCode.OK, b"\x08\x01")
        state["ready"] = False
        assert ask(port) == (grpc.StatusCode.UNAVAILABLE, None)


def test_a_client_that_stays_connected_learns_of_each_turn(port):
    state = {"ready": True}
    with (
        GrpcReadiness("127.0.0.1", port, lambda: state["ready"]),
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        check = channel.unary_unary(contract.GRPC_HEALTH)
        assert check(EMPTY, timeout=5)
        state["ready"] = False
        with pytest.raises(grpc.RpcError, match="not ready"):
            check(EMPTY, timeout=5)
        state["ready"] = True
        assert check(EMPTY, timeout=5)


@pytest.mark.parametrize(
    "method",
    [
        "/grpc.health.v1.Health/Watch",
        "/inference.GRPCInferenceService/ModelInfer",
        "/AWS.ALB/healthcheck",
    ],
)
def test_nothing_else_is_answered(port, method):
    with GrpcReadiness("127.0.0.1", port, lambda: True):
        assert ask(port, method) == (grpc.StatusCode.UNIMPLEMENTED, None)


def test_a_port_in_use_is_an_error_of_ours(port):
    with (
        GrpcReadiness("127.0.0.1", port, lambda: True),
        pytest.raises(FleetError, match=f"Port {port} cannot be used"),
    ):
        GrpcReadiness("127.0.0.1", port, lambda: True)


def test_it_stops_at_once_and_gives_its_port_back_also_while_it_is_asked(port):
    asked, go_on = threading.Event(), threading.Event()

    def slow():
        asked.set()
        return go_on.wait(10)

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        with GrpcReadiness("127.0.0.1", port, slow):
            call = channel.unary_unary(contract.GRPC_HEALTH).future(EMPTY, timeout=10)
            assert asked.wait(5)
            began = time.monotonic()
        assert time.monotonic() - began < 1
        assert call.exception(5) is not None
        with socket.create_server(("127.0.0.1", port)):
            go_on.set()
