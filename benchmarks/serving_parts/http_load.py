"""A closed loop over HTTP, as a process of its own that costs little of the machine it measures.

One kept-alive connection per worker, requests written out beforehand, responses cut at their
Content-Length and otherwise left alone. A Python HTTP or gRPC library would use four times the CPU,
which the server under test would lack. Every server is loaded with this same client.

    python -m benchmarks.serving_parts.http_load < spec.json
"""

import asyncio
import base64
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks.serving_parts.values import Clock, Load

VERIFY_EVERY = 16
LENGTH = b"content-length:"


@dataclass(frozen=True)
class Call:
    """A request as it goes over the wire, and the float32 values its answer ends with."""

    message: bytes
    answer: bytes

    @classmethod
    def post(cls, path: str, body: bytes, answer: bytes, headers: Mapping[str, str]) -> "Call":
        lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return cls("\r\n".join([*lines, "", ""]).encode() + body, answer)

    def to_json(self) -> list[str]:
        return [base64.b64encode(part).decode() for part in (self.message, self.answer)]

    @classmethod
    def from_json(cls, value: list[str]) -> "Call":
        return cls(*(base64.b64decode(part) for part in value))


@dataclass(frozen=True)
class HttpSpec:
    """What to send where, how many at once, and for how long. Times in seconds."""

    port: int
    calls: tuple[Call, ...]
    tolerance: float
    concurrency: int
    seconds: float
    warmup: float

    def to_json(self) -> dict[str, Any]:
        return {**self.__dict__, "calls": [call.to_json() for call in self.calls]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "HttpSpec":
        return cls(**{**value, "calls": tuple(Call.from_json(call) for call in value["calls"])})


@dataclass
class Record:
    """What all workers saw since the warm-up ended."""

    latencies_ns: list[int]
    errors: int = 0


class Worker(asyncio.Protocol):
    """One connection with one request under way."""

    def __init__(self, spec: HttpSpec, number: int, record: Record) -> None:
        self._spec = spec
        self._position = number
        self._record = record
        self._buffer = b""
        self._end = 0
        self._transport: Any = None
        self._started = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._position += 1
        self._buffer, self._end = b"", 0
        self._started = time.perf_counter_ns()
        self._transport.write(self._call.message)

    @property
    def _call(self) -> Call:
        return self._spec.calls[self._position % len(self._spec.calls)]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._end:
            head = self._buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            self._end = head + 4 + content_length(self._buffer[:head])
        if len(self._buffer) < self._end:
            return
        self._record.latencies_ns.append(time.perf_counter_ns() - self._started)
        if not self._buffer.startswith(b"HTTP/1.1 200 ") or (
            self._position % VERIFY_EVERY == 0 and not self._is_right()
        ):
            self._record.errors += 1
        self._send()

    def _is_right(self) -> bool:
        want = np.frombuffer(self._call.answer, np.float32)
        got = np.frombuffer(self._buffer[-want.nbytes :], np.float32)
        return got.shape == want.shape and bool(np.all(np.abs(got - want) <= self._spec.tolerance))

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self._record.errors += 1


def content_length(head: bytes) -> int:
    """Of a response's head, whatever the case of its header names; 0 where it has none."""
    lower = head.lower()
    start = lower.find(LENGTH)
    return int(lower[start + len(LENGTH) :].split(b"\r\n", 1)[0]) if start >= 0 else 0


async def generate(spec: HttpSpec) -> Load:
    loop = asyncio.get_running_loop()
    record = Record([])
    connections = [
        await loop.create_connection(partial(Worker, spec, n, record), "127.0.0.1", spec.port)
        for n in range(spec.concurrency)
    ]
    await asyncio.sleep(spec.warmup)
    record.latencies_ns.clear()
    record.errors = 0
    clock = Clock()
    await asyncio.sleep(spec.seconds)
    load = Load.of(record.latencies_ns, clock.seconds, 1, record.errors, clock.cpu_s)
    for transport, _ in connections:
        transport.abort()
    await asyncio.sleep(0)  # for the sockets to be closed
    return load


if __name__ == "__main__":
    asked = HttpSpec.from_json(json.load(sys.stdin))
    json.dump(asyncio.run(generate(asked)).to_json(), sys.stdout)
