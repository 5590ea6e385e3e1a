import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from slipway.triton.answers import all_ports
from slipway.triton.ports import Ports


@pytest.fixture
def serve():
    """A server that answers every GET with `body`, and two ports that accept connections."""
    opened = []

    def start(body, status=200):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *ignored):
                pass

        http = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        others = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        opened.append((http, thread, others))
        return Ports(http.server_port, *(s.getsockname()[1] for s in others)), others

    yield start
    for http, thread, others in opened:
        http.shutdown()
        thread.join()
        http.server_close()
        for other in others:
            other.close()


def named(name):
    return json.dumps({"name": name}).encode()


def test_the_server_meant_answers(serve):
    ports, _ = serve(named("ours"))
    assert all_ports("127.0.0.1", ports, "ours")


@pytest.mark.parametrize("body", [named("another"), b"not json", b"[]", b""])
def test_somebody_else_on_the_port_is_not_taken_for_ours(serve, body):
    ports, _ = serve(body)
    assert not all_ports("127.0.0.1", ports, "ours")


def test_a_server_that_is_not_live_yet_does_not_count(serve):
    ports, _ = serve(named("ours"), status=400)
    assert not all_ports("127.0.0.1", ports, "ours")


def test_every_port_has_to_accept_connections(serve):
    ports, (_, metrics) = serve(named("ours"))
    metrics.close()
    assert not all_ports("127.0.0.1", ports, "ours")


def test_nobody_there_is_an_answer_too():
    assert not all_ports("127.0.0.1", Ports.free(), "ours")
