"""Both protocols' clients of a decoupled model: its pieces, its errors, and its silence."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from slipway.check.client import Piece, Refused, Request, joined
from slipway.check.grpc_client import GrpcClient
from slipway.check.http_client import HttpClient
from tests.streaming import CUT, SILENCE, grpc_server, http_server, text

REQUEST = Request.of("gen", "", {"text_input": text("Once"), "stream": np.array([True])})
PATIENCE = 0.3
TOLD = RuntimeError("the queue is full")


SERVERS = {"grpc": grpc_server, "http": http_server}
CLIENTS = {"grpc": GrpcClient, "http": HttpClient}


@pytest.fixture(params=["grpc", "http"])
def protocol(request):
    return request.param


@pytest.fixture
def serve(protocol):
    """Call it with a script for the client's reply, and what was asked."""

    def ask(*parts):
        serving, client_of = SERVERS[protocol], CLIENTS[protocol]
        with serving(*parts) as (address, script), client_of(address, PATIENCE) as client:
            return client.stream(REQUEST), script

    return ask


def texts(pieces):
    return [piece.answer["text_output"].tolist() for piece in pieces]


def test_pieces_come_in_order_and_with_rising_times(serve):
    pieces, script = serve("On", "", "ce 🙂")
    assert texts(pieces) == [["On"], [""], ["ce 🙂"]]
    times = [piece.seconds for piece in pieces]
    assert 0 < times[0] <= times[1] <= times[2]
    assert len(script.asked) == 1


def test_the_pieces_together_are_the_whole_answer(serve):
    pieces, _ = serve("On", "", "ce")
    assert joined(pieces)["text_output"].tolist() == ["Once"]


def test_an_error_is_a_refusal_at_the_beginning_and_in_mid_stream(serve):
    for parts in ((TOLD,), ("On", TOLD)):
        reply, _ = serve(*parts)
        assert isinstance(reply, Refused)
        assert reply.message == "the queue is full"


def test_silence_is_given_up(serve):
    for parts in ((SILENCE,), ("On", SILENCE)):
        reply, _ = serve(*parts)
        assert isinstance(reply, Refused)
        assert reply.code == ""


def test_a_stream_that_ends_before_its_last_response_is_no_answer(serve):
    reply, _ = serve("On", CUT)
    assert isinstance(reply, Refused)
    assert reply.code == ""


def test_a_client_that_leaves_in_mid_stream_ends_its_call(protocol):
    serving, client_of = SERVERS[protocol], CLIENTS[protocol]
    with serving("On", "ce", SILENCE) as (address, script), client_of(address) as client:
        assert texts(client.stream(REQUEST, leave_after=2)) == [["On"], ["ce"]]
        assert script.left.wait(5)


def test_grpc_puts_a_whole_answer_together():
    with grpc_server("On", "ce") as (address, _), GrpcClient(address) as client:
        assert client.generate(REQUEST)["text_output"].tolist() == ["Once"]
    with grpc_server(TOLD) as (address, _), GrpcClient(address) as client:
        assert client.generate(REQUEST) == Refused("UNKNOWN", "the queue is full")


def test_http_sends_a_field_a_tensor_and_gets_one_answer():
    with http_server("Once") as (url, script), HttpClient(url) as client:
        answer = client.generate(REQUEST)
    assert script.asked == [{"text_input": "Once", "stream": True}]
    assert {name: array.tolist() for name, array in answer.items()} == {"text_output": ["Once"]}


def test_http_errors_come_with_their_status_also_with_that_of_success():
    for status in (400, 200):
        with http_server(TOLD, refused=status) as (url, _), HttpClient(url) as client:
            assert client.generate(REQUEST) == Refused(str(status), "the queue is full")
            assert client.stream(REQUEST) == Refused(str(status), "the queue is full")


def test_what_is_no_tritons_answer_is_a_refusal(serve_page):
    with HttpClient(serve_page) as client:
        for reply in (
            client.metadata("m", ""),
            client.maximum_batch("m", ""),
            client.infer(REQUEST),
        ):
            assert reply == Refused("200", "the answer is no JSON object, so no Triton's")


@pytest.fixture
def serve_page():
    """A server that answers everything with a page, as a proxy may."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>Sign in</html>")

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_without_a_server_there_is_no_answer():
    with GrpcClient("127.0.0.1:1") as client:
        assert client.stream(REQUEST).code == "UNAVAILABLE"
    with HttpClient("http://127.0.0.1:1") as client:
        assert client.stream(REQUEST).code == client.generate(REQUEST).code == ""


def test_of_outputs_that_are_no_text_the_last_counts():
    pieces = [
        Piece({"text_output": text(said), "tokens": np.array([count])}, 0.0)
        for said, count in (("On", 1), ("ce", 2))
    ]
    assert {name: array.tolist() for name, array in joined(pieces).items()} == {
        "text_output": ["Once"],
        "tokens": [2],
    }
    assert joined([]) == {}
