import http.client
import socket

import pytest

from slipway import contract
from slipway.errors import FleetError
from slipway.node.fleet.readiness import Readiness


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def ask(port, path=contract.HEALTH_READY, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path)
    answer = connection.getresponse()
    connection.close()
    return answer.status


def test_the_answer_follows_the_node_at_tritons_own_path(port):
    state = {"ready": False}
    with Readiness("127.0.0.1", port, lambda: state["ready"]):
        assert ask(port) == 503
        state["ready"] = True
        assert ask(port) == 200
        assert ask(port, "/v2/repository/index") == 404
        assert ask(port, method="POST") == 501
    with pytest.raises(OSError, match="refused"):
        ask(port)


def test_who_connects_and_says_nothing_keeps_nobody_waiting(port):
    with (
        Readiness("127.0.0.1", port, lambda: True),
        socket.create_connection(("127.0.0.1", port)),
    ):
        assert ask(port) == 200


def test_a_port_in_use_is_an_error_of_ours():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(FleetError, match=str(port)):
            Readiness("127.0.0.1", port, lambda: True)
