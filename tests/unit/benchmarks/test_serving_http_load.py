"""The benchmark's own HTTP client, against a server that answers as it is told."""

import asyncio
import json

import numpy as np
import pytest

from benchmarks.serving_parts.http_load import Call, HttpSpec, content_length, generate

ANSWER = np.array([1.5, 2.5], np.float32).tobytes()


@pytest.mark.parametrize(
    ("head", "length"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nX: 1", 12),
        (b"HTTP/1.1 200 OK\r\ncontent-length:7", 7),
        (b"HTTP/1.1 200 OK\r\nX: 1", 0),
    ],
)
def test_the_length_of_a_body_is_found_in_any_case(head, length):
    assert content_length(head) == length


def spec_for(port, concurrency=3):
    call = Call.post("/predict", b"body", ANSWER, {"X-Kind": "test"})
    return HttpSpec(port, (call,), 1e-6, concurrency, seconds=0.2, warmup=0.1)


class Canned(asyncio.Protocol):
    """Answers every request with the same bytes, in pieces a moment apart."""

    def __init__(self, pieces):
        self.pieces = pieces

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        assert data.endswith(b"\r\n\r\nbody")
        for number, piece in enumerate(self.pieces):
            asyncio.get_running_loop().call_later(number / 1e3, self.transport.write, piece)


def load_from(answer, status="200 OK", pieces=1):
    """What the client measures of a server that always answers the same."""
    whole = f"HTTP/1.1 {status}\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer
    size = -(-len(whole) // pieces)
    parts = [whole[start : start + size] for start in range(0, len(whole), size)]

    async def run():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Canned(parts), "127.0.0.1", 0)
        try:
            return await generate(spec_for(server.sockets[0].getsockname()[1]))
        finally:
            server.close()
            await server.wait_closed()

    return asyncio.run(run())


@pytest.mark.parametrize("pieces", [1, 3, 20])
def test_answers_are_counted_however_they_arrive(pieces):
    load = load_from(b"json before" + ANSWER, pieces=pieces)
    assert load.requests > 0
    assert load.errors == 0
    assert 0 < load.p50_ms <= load.p99_ms


def test_wrong_answers_are_noticed_in_a_sample():
    assert load_from(np.array([1.5, 2.6], np.float32).tobytes()).errors > 0


def test_answers_that_are_too_short_are_noticed():
    assert load_from(b"").errors > 0


def test_every_refusal_is_an_error():
    load = load_from(ANSWER, status="503 Busy")
    assert load.errors == load.requests > 0


def test_a_specification_survives_the_pipe():
    spec = spec_for(1)
    assert HttpSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
