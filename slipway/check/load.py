"""The load generator of requests that have one answer.

python -m slipway.check.load < spec.json
"""

import time
from dataclasses import dataclass, field

import grpc.aio

from slipway.check.client import Request
from slipway.check.closed_loop import PATIENCE_S, ClosedLoop, Failed, LoadSpec, Window, main
from slipway.check.grpc_client import INFER, decode, encode


@dataclass
class RequestWindow(Window):
    """`latencies_ns` are those of the answers that came in this window."""

    latencies_ns: list[int] = field(default_factory=list)


class Requests(ClosedLoop[RequestWindow]):
    verify_every = 16

    def __init__(self, spec: LoadSpec, channel: grpc.aio.Channel) -> None:
        super().__init__(spec, RequestWindow)
        self._send = channel.unary_unary(INFER)
        self._messages = [encode(Request.of(spec.model, "", g.inputs)) for g in spec.requests]

    async def ask(self, which: int, *, verify: bool) -> None:
        started = time.perf_counter_ns()
        response = await self._send(self._messages[which], timeout=PATIENCE_S)
        self.window.latencies_ns.append(time.perf_counter_ns() - started)
        if verify:
            difference = self.spec.requests[which].difference(decode(response))
            if not difference.within:
                raise Failed(f"wrong answer, off by {difference.largest:.2g}")


if __name__ == "__main__":
    main(Requests)
