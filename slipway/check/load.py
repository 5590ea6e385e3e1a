"""The load generator: a process of its own that keeps N requests under way.

    python -m slipway.check.load < spec.json

reads a `LoadSpec` as JSON and writes an empty line when it is warm, then one line of JSON a
window. It shares the machine with the
server it measures, so it does as little as it can: requests are serialised beforehand, responses
stay bytes, and only every `VERIFY_EVERY`-th answer is looked into. It ends by itself after
`windows`, or as soon as nobody reads its output.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import grpc
import grpc.aio

from slipway.check.client import Request
from slipway.check.grpc_client import INFER, OPTIONS, decode, encode
from slipway.tensors import Golden

VERIFY_EVERY = 16
PATIENCE_S = 60.0
PAUSE_AFTER_ERROR_S = 0.01
"""A server that is gone refuses in microseconds; the generator must not spin on that."""


@dataclass(frozen=True)
class LoadSpec:
    """What to send (each request with its right answer), how many at once, and for how long."""

    address: str
    model: str
    requests: Sequence[Golden]
    concurrency: int
    window_s: float
    windows: int
    warmup_s: float

    def to_json(self) -> dict[str, Any]:
        requests = [golden.to_json() for golden in self.requests]
        return {**self.__dict__, "requests": requests}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "LoadSpec":
        requests = [Golden.from_json(golden) for golden in value["requests"]]
        return cls(**{**value, "requests": requests})


@dataclass
class Window:
    """What happened in one stretch of time. Filled while it lasts, then written out.

    `cpu_s` is what the generator itself took of the machine.
    """

    seconds: float = 0.0
    cpu_s: float = 0.0
    latencies_ns: list[int] = field(default_factory=list)
    errors: int = 0
    error: str = ""

    def count_error(self, message: str) -> None:
        self.errors += 1
        self.error = self.error or message


class _Generator:
    """N workers, each of which waits for one answer before it sends the next request."""

    def __init__(self, spec: LoadSpec, channel: grpc.aio.Channel) -> None:
        self._spec = spec
        self._send = channel.unary_unary(INFER)
        self._messages = [encode(Request.of(spec.model, "", g.inputs)) for g in spec.requests]
        self._window = Window()

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

    async def _next_window(self, seconds: float) -> Window:
        window = self._window = Window()
        started, cpu = time.perf_counter(), time.process_time()
        await asyncio.sleep(seconds)
        window.seconds = time.perf_counter() - started
        window.cpu_s = time.process_time() - cpu
        return window

    async def _work(self, number: int) -> None:
        clock, messages, send = time.perf_counter_ns, self._messages, self._send
        position = number
        while True:
            position += 1
            which = position % len(messages)
            started = clock()
            try:
                response = await send(messages[which], timeout=PATIENCE_S)
            except grpc.aio.AioRpcError as error:
                self._window.count_error(f"{error.code().name} {error.details()}")
                await asyncio.sleep(PAUSE_AFTER_ERROR_S)
                continue
            self._window.latencies_ns.append(clock() - started)
            if position % VERIFY_EVERY == 0:
                self._verify(which, response)

    def _verify(self, which: int, response: bytes) -> None:
        golden = self._spec.requests[which]
        difference = golden.difference(decode(response))
        if not difference <= golden.tolerance:
            self._window.count_error(f"wrong answer, off by {difference:.2g}")


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
