"""The load generator of streams: a process of its own that keeps N of them under way.

    python -m slipway.check.stream_load < spec.json

reads a `LoadSpec` as JSON and writes an empty line when it is warm, then one line of JSON a window.
As `slipway.check.load` it does as little as it can beside the server that it measures: it verifies
the text of every `VERIFY_EVERY`-th stream.
"""

import asyncio
import json
import os
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import grpc
import grpc.aio
import numpy as np
from tritonclient.grpc import service_pb2 as messages

from slipway.check.client import Piece, Request, joined
from slipway.check.grpc_client import OPTIONS, STREAM, encode, outputs_of
from slipway.check.load import PATIENCE_S, PAUSE_AFTER_ERROR_S, LoadSpec

VERIFY_EVERY = 4


class Failed(Exception):
    """A stream that ended with an error, as gRPC's own do not: they are `AioRpcError`."""


@dataclass
class StreamWindow:
    """What happened in one stretch of time. Filled while it lasts, then written out.

    `first_ns` are the times to the first token of the streams that got it here, `between_ns` those
    from a token that came before to one that came here.
    """

    seconds: float = 0.0
    first_ns: list[int] = field(default_factory=list)
    between_ns: list[int] = field(default_factory=list)
    streams: int = 0
    errors: int = 0
    error: str = ""

    @property
    def tokens(self) -> int:
        return len(self.first_ns) + len(self.between_ns)

    def count_error(self, message: str) -> None:
        self.errors += 1
        self.error = self.error or message


class _Generator:
    """N workers, each of which reads one stream to its end before it asks for the next."""

    def __init__(self, spec: LoadSpec, channel: grpc.aio.Channel) -> None:
        self._spec = spec
        self._open = channel.stream_stream(
            STREAM, response_deserializer=messages.ModelStreamInferResponse.FromString
        )
        stream = {"stream": np.ones(1, dtype=bool)}
        self._messages = [
            encode(Request.of(spec.model, "", {**golden.inputs, **stream}))
            for golden in spec.requests
        ]
        self._window = StreamWindow()

    async def run(self) -> None:
        workers = [
            asyncio.create_task(self._work(number)) for number in range(self._spec.concurrency)
        ]
        try:
            await self._next_window(self._spec.warmup_s)
            _write("")
            for _ in range(self._spec.windows):
                _write(json.dumps(asdict(await self._next_window(self._spec.window_s))))
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _next_window(self, seconds: float) -> StreamWindow:
        window = self._window = StreamWindow()
        started = time.perf_counter()
        await asyncio.sleep(seconds)
        window.seconds = time.perf_counter() - started
        return window

    async def _work(self, number: int) -> None:
        position = number
        while True:
            position += 1
            which = position % len(self._messages)
            try:
                responses = await self._read(self._messages[which])
                self._window.streams += 1
                if position % VERIFY_EVERY == 0:
                    self._verify(which, responses)
            except grpc.aio.AioRpcError as error:
                fault = f"{error.code().name} {error.details()}"
            except Failed as error:
                fault = str(error)
            else:
                continue
            self._window.count_error(fault)
            await asyncio.sleep(PAUSE_AFTER_ERROR_S)

    async def _read(self, message: bytes) -> list[Any]:
        """One stream's responses; each is a token."""
        clock = time.perf_counter_ns
        responses: list[Any] = []
        before = clock()
        async for reply in self._open(iter([message]), timeout=PATIENCE_S):
            now = clock()
            if reply.error_message:
                raise Failed(reply.error_message)
            times = self._window.between_ns if responses else self._window.first_ns
            times.append(now - before)
            responses.append(reply.infer_response)
            before = now
        if not responses:
            raise Failed("a stream ended without an answer")
        return responses

    def _verify(self, which: int, responses: list[Any]) -> None:
        golden = self._spec.requests[which]
        answer = joined([Piece(outputs_of(response), 0.0) for response in responses])
        if not golden.difference(answer) <= golden.tolerance:
            raise Failed("wrong answer: another text than the golden one")


async def generate(spec: LoadSpec) -> None:
    async with grpc.aio.insecure_channel(spec.address, options=OPTIONS) as channel:
        await _Generator(spec, channel).run()


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    spec = LoadSpec.from_json(json.loads(sys.stdin.read()))
    try:
        asyncio.run(generate(spec))
    except BrokenPipeError:
        # Nobody reads any more. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
