"""How fast a generator writes: its first token, the pace of a stream, and all streams together."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from subprocess import PIPE

from slipway.check.client import Refused
from slipway.check.endpoint import Endpoint, unreachable
from slipway.check.grpc_client import GrpcClient
from slipway.check.load import LoadSpec
from slipway.check.machine import describe_machine
from slipway.check.stream_load import StreamWindow
from slipway.check.windows import agree as windows_agree
from slipway.check.windows import percentile
from slipway.errors import CheckError
from slipway.processes import running
from slipway.progress import Progress, silent
from slipway.results import StreamPoint, StreamResult
from slipway.tensors import Golden

WARMUP_S = 1.0
NS_PER_MS = 1e6
GENERATOR = (sys.executable, "-m", "slipway.check.stream_load")
PATIENCE = 5.0
"""Seconds the generator gets to stop: it has nothing to finish."""


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
    _require(bool(requests), "There is nothing to send", "no golden request was given")
    _require(2 <= agree <= most, f"{agree} of {most} windows cannot agree", "2 or more must")
    _require(window > 0, f"A window of {window} s cannot be measured", "it must be longer than 0")
    _require(
        all(c >= 1 for c in concurrencies) and bool(concurrencies),
        f"The concurrencies {list(concurrencies)} are refused",
        "each is at least 1",
    )
    _require_served(endpoint, model)
    points = []
    for index, concurrency in enumerate(concurrencies):
        spec = LoadSpec(endpoint.grpc, model, requests, concurrency, window, most, WARMUP_S)
        measured: list[StreamWindow] = []
        for one in _windows(spec):
            measured.append(one)
            done = index + len(measured) / most
            note = f"{concurrency} at once: {_pace(one):.0f} tokens/s"
            progress(done, len(concurrencies), note)
            if windows_agree([_pace(m) for m in measured], agree, within):
                break
        points.append(_point(concurrency, measured, agree, within))
    return StreamResult(
        model=model,
        endpoint=endpoint.grpc,
        protocol="grpc",
        machine=describe_machine(),
        points=tuple(points),
    )


def _require(condition: bool, what: str, why: str) -> None:
    if not condition:
        raise CheckError(what, why=why)


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


def _windows(spec: LoadSpec) -> Iterator[StreamWindow]:
    """Windows as they end, until the caller has seen enough."""
    with running(GENERATOR, PATIENCE, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdin:
            json.dump(spec.to_json(), process.stdin)
        # The generator announces the end of its warm-up with an empty line.
        if not process.stdout.readline():
            raise _ended(process)
        for _ in range(spec.windows):
            line = process.stdout.readline()
            if not line:
                raise _ended(process)
            yield StreamWindow(**json.loads(line))


def _ended(process: "subprocess.Popen[str]") -> CheckError:
    return CheckError(
        "The load generator ended before the measurement did", why=f"exit code {process.wait()}"
    )


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
