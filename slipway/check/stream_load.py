"""The load generator of streams: each is read to its end before the next is asked for.

python -m slipway.check.stream_load < spec.json
"""

import time
from dataclasses import dataclass, field
from typing import Any

import grpc.aio
import numpy as np
from tritonclient.grpc import service_pb2 as messages

from slipway.check.client import Piece, Request, joined
from slipway.check.closed_loop import PATIENCE_S, ClosedLoop, Failed, LoadSpec, Window, main
from slipway.check.grpc_client import STREAM, encode, outputs_of


@dataclass
class StreamWindow(Window):
    """`first_ns` are the times to the first token of the streams that got it in this window,
    `between_ns` those from a token that came before to one that came here. `streams` ended here.
    """

    first_ns: list[int] = field(default_factory=list)
    between_ns: list[int] = field(default_factory=list)
    streams: int = 0

    @property
    def tokens(self) -> int:
        return len(self.first_ns) + len(self.between_ns)


class Streams(ClosedLoop[StreamWindow]):
    verify_every = 4

    def __init__(self, spec: LoadSpec, channel: grpc.aio.Channel) -> None:
        super().__init__(spec, StreamWindow)
        self._open = channel.stream_stream(
            STREAM, response_deserializer=messages.ModelStreamInferResponse.FromString
        )
        stream = {"stream": np.ones(1, dtype=bool)}
        self._messages = [
            encode(Request.of(spec.model, "", {**golden.inputs, **stream}))
            for golden in spec.requests
        ]

    async def ask(self, which: int, *, verify: bool) -> None:
        responses = await self._read(self._messages[which])
        self.window.streams += 1
        if verify:
            golden = self.spec.requests[which]
            answer = joined([Piece(outputs_of(response), 0.0) for response in responses])
            if not golden.difference(answer).within:
                raise Failed("wrong answer: another text than the golden one")

    async def _read(self, message: bytes) -> list[Any]:
        """One stream's responses; each is a token."""
        clock = time.perf_counter_ns
        responses: list[Any] = []
        before = clock()
        async for reply in self._open(iter([message]), timeout=PATIENCE_S):
            now = clock()
            if reply.error_message:
                raise Failed(reply.error_message)
            times = self.window.between_ns if responses else self.window.first_ns
            times.append(now - before)
            responses.append(reply.infer_response)
            before = now
        if not responses:
            raise Failed("a stream ended without an answer")
        return responses


if __name__ == "__main__":
    main(Streams)
