"""The closed loop of a load generator: N requests under way, counted window after window.

A generator is a process of its own. It reads a `LoadSpec` as JSON and writes an empty line when it
is warm, then one line of JSON a window. It shares the machine with the server it measures, so it
does as little as it can: requests are serialised beforehand, responses stay bytes, and only some
answers are looked into. It ends by itself after `windows`, or as soon as nobody reads its output.
"""

import asyncio
import json
import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Generic, TypeVar

import grpc
import grpc.aio

from slipway.check.grpc_client import OPTIONS
from slipway.golden import Golden

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
    errors: int = 0
    error: str = ""

    def count_error(self, message: str) -> None:
        self.errors += 1
        self.error = self.error or message


W = TypeVar("W", bound=Window)


class Failed(Exception):
    """An answer that is wrong or missing, where gRPC itself saw no error."""


class ClosedLoop(ABC, Generic[W]):
    """N workers, each of which waits for one answer before it sends the next request."""

    verify_every: ClassVar[int]
    """In every so many turns through the requests the answers are looked into."""

    def __init__(self, spec: LoadSpec, new_window: type[W]) -> None:
        self.spec = spec
        self.window = new_window()
        self._new_window = new_window

    @abstractmethod
    async def ask(self, which: int, *, verify: bool) -> None:
        """Send request number `which`, and count its answer in `window`.

        Raises `grpc.aio.AioRpcError` or `Failed`, which are counted as errors.
        """

    async def run(self) -> None:
        workers = [
            asyncio.create_task(self._work(number)) for number in range(self.spec.concurrency)
        ]
        try:
            await self._next_window(self.spec.warmup_s)
            _write("")
            for _ in range(self.spec.windows):
                _write(json.dumps(asdict(await self._next_window(self.spec.window_s))))
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _next_window(self, seconds: float) -> W:
        window = self.window = self._new_window()
        started, cpu = time.perf_counter(), time.process_time()
        await asyncio.sleep(seconds)
        window.seconds = time.perf_counter() - started
        window.cpu_s = time.process_time() - cpu
        return window

    async def _work(self, number: int) -> None:
        position = number
        while True:
            position += 1
            turn, which = divmod(position, len(self.spec.requests))
            try:
                await self.ask(which, verify=turn % self.verify_every == 0)
            except grpc.aio.AioRpcError as error:
                fault = f"{error.code().name} {error.details()}"
            except Failed as error:
                fault = str(error)
            else:
                continue
            self.window.count_error(fault)
            await asyncio.sleep(PAUSE_AFTER_ERROR_S)


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(make: Callable[[LoadSpec, grpc.aio.Channel], ClosedLoop[Any]]) -> None:
    """The whole of a generator's process."""
    spec = LoadSpec.from_json(json.loads(sys.stdin.read()))

    async def generate() -> None:
        async with grpc.aio.insecure_channel(spec.address, options=OPTIONS) as channel:
            await make(spec, channel).run()

    try:
        asyncio.run(generate())
    except BrokenPipeError:
        # Nobody reads any more. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
