"""How fast a generator writes: its first token, the pace of a stream, and all streams together."""

import json
from collections.abc import Generator, Sequence
from contextlib import closing

from slipway.check.client import Refused
from slipway.check.closed_loop import LoadSpec
from slipway.check.endpoint import Endpoint, unreachable
from slipway.check.grpc_client import GrpcClient
from slipway.check.machine import describe_machine
from slipway.check.measurement import NS_PER_MS, WARMUP_S, lines, require_possible, until_agreed
from slipway.check.stream_load import StreamWindow
from slipway.check.windows import agree as windows_agree
from slipway.check.windows import percentile
from slipway.errors import CheckError
from slipway.golden import Golden
from slipway.progress import Progress, silent
from slipway.results import StreamPoint, StreamResult

GENERATOR = "slipway.check.stream_load"


def measure(
    endpoint: Endpoint,
    model: str,
    requests: Sequence[Golden],
    concurrencies: Sequence[int],
    *,
    window: float = 1.0,
    agree: int = 3,
    within: float = 0.05,
    most: int = 12,
    progress: Progress = silent,
) -> StreamResult:
    """A closed loop of gRPC streams for each concurrency, from a process of its own.

    `requests` are sent in turn, and a sample of the texts is checked. Windows of `window` seconds
    follow each other until the tokens per second of the last `agree` lie `within` 5 % of their
    mean; after `most` windows the point is marked unstable. Raises `CheckError` where the server or
    the model does not answer.
    """
    require_possible(requests, concurrencies, window=window, agree=agree, most=most)
    _require_served(endpoint, model)
    points = []
    for index, concurrency in enumerate(concurrencies):
        spec = LoadSpec(endpoint.grpc, model, requests, concurrency, window, most, WARMUP_S)
        measured: list[StreamWindow] = []
        for one in until_agreed(_windows(spec), _pace, agree, within):
            measured.append(one)
            done = index + len(measured) / most
            note = f"{concurrency} at once: {_pace(one):.0f} tokens/s"
            progress(done, len(concurrencies), note)
        points.append(_point(concurrency, measured, agree, within))
    return StreamResult(
        model=model,
        endpoint=endpoint.grpc,
        protocol="grpc",
        machine=describe_machine(),
        points=tuple(points),
    )


def _require_served(endpoint: Endpoint, model: str) -> None:
    with GrpcClient(endpoint.grpc) as client:
        ready = client.model_ready(model, "")
    if isinstance(ready, Refused) and ready.code == "UNAVAILABLE":
        raise unreachable(endpoint.grpc, ready.message)
    if ready is not True:
        raise CheckError(
            f"'{model}' cannot be measured",
            why=str(ready) if isinstance(ready, Refused) else "it is not ready",
            mend="Run scripts/smoke.py to see whether the model is served.",
        )


def _windows(spec: LoadSpec) -> Generator[StreamWindow, None, None]:
    with closing(lines(GENERATOR, spec)) as said:
        next(said)  # it is warm
        for line in said:
            yield StreamWindow(**json.loads(line))


def _pace(window: StreamWindow) -> float:
    """Tokens per second of all streams."""
    return window.tokens / window.seconds


def _point(
    concurrency: int, measured: Sequence[StreamWindow], count: int, within: float
) -> StreamPoint:
    """The figures over the last `count` windows; errors are counted over all of them."""
    last = measured[-count:]
    first = [ns / NS_PER_MS for window in last for ns in window.first_ns]
    between = [ns / NS_PER_MS for window in last for ns in window.between_ns]
    paces = [_pace(window) for window in measured]
    tokens = sum(window.tokens for window in last)
    return StreamPoint(
        concurrency=concurrency,
        tokens_per_s=tokens / sum(window.seconds for window in last),
        ttft_p50_ms=percentile(first, 50),
        ttft_p99_ms=percentile(first, 99),
        itl_p50_ms=percentile(between, 50),
        itl_p99_ms=percentile(between, 99),
        streams=sum(window.streams for window in last),
        tokens=tokens,
        errors=sum(window.errors for window in measured),
        stable=windows_agree(paces, count, within),
        windows=tuple(paces),
        error=next((window.error for window in measured if window.error), ""),
    )
