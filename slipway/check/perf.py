"""Throughput and latency of a served model, measured until windows agree or found unstable."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from subprocess import PIPE

from slipway.check.client import Refused
from slipway.check.endpoint import Endpoint, unreachable
from slipway.check.grpc_client import GrpcClient
from slipway.check.load import LoadSpec, Window
from slipway.check.machine import describe_machine
from slipway.check.statistics import Statistics
from slipway.check.windows import agree as windows_agree
from slipway.check.windows import percentile
from slipway.errors import CheckError
from slipway.processes import running
from slipway.progress import Progress, silent
from slipway.results import LoadPoint, PerfResult
from slipway.tensors import Golden

WARMUP_S = 1.0
NS_PER_MS = 1e6
GENERATOR = (sys.executable, "-m", "slipway.check.load")
PATIENCE = 5.0
"""Seconds the generator gets to stop: it has nothing to finish."""


@dataclass(frozen=True)
class _Measured:
    """One window with the server's account of the same time, None where it keeps that to itself."""

    window: Window
    server: Statistics | None

    @property
    def throughput(self) -> float:
        return len(self.window.latencies_ns) / self.window.seconds


def one_by_one(golden: Golden) -> list[Golden]:
    """A request for each row of a golden request, with its answer."""
    rows = len(next(iter(golden.inputs.values())))
    return [
        Golden(
            {name: array[row : row + 1] for name, array in golden.inputs.items()},
            {name: array[row : row + 1] for name, array in golden.outputs.items()},
            golden.tolerance,
        )
        for row in range(rows)
    ]


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
) -> PerfResult:
    """A closed loop over gRPC for each concurrency, from a process of its own.

    `requests` are sent in turn; all have the same number of rows, and a sample of the answers is
    checked. Windows of `window` seconds follow each other until the last `agree` of them lie
    `within` 5 % of their mean; after `most` windows the point is marked unstable. Raises
    `CheckError` where the server or the model does not answer.
    """
    _require(bool(requests), "There is nothing to send", "the golden request has no rows")
    _require(2 <= agree <= most, f"{agree} of {most} windows cannot agree", "2 or more must")
    _require(window > 0, f"A window of {window} s cannot be measured", "it must be longer than 0")
    _require(
        all(c >= 1 for c in concurrencies) and bool(concurrencies),
        f"The concurrencies {list(concurrencies)} are refused",
        "each is at least 1",
    )
    points = []
    with GrpcClient(endpoint.grpc) as client:
        _statistics(client, endpoint, model)
        for index, concurrency in enumerate(concurrencies):
            spec = LoadSpec(endpoint.grpc, model, requests, concurrency, window, most, WARMUP_S)
            measured: list[_Measured] = []
            for one in _windows(spec, client, endpoint):
                measured.append(one)
                done = index + len(measured) / most
                note = f"{concurrency} at once: {one.throughput:.0f} requests/s"
                progress(done, len(concurrencies), note)
                if windows_agree([m.throughput for m in measured], agree, within):
                    break
            points.append(_point(concurrency, measured, agree, within))
    return PerfResult(
        model=model,
        endpoint=endpoint.grpc,
        protocol="grpc",
        request_batch=len(next(iter(requests[0].inputs.values()))),
        machine=describe_machine(),
        points=tuple(points),
    )


def _require(condition: bool, what: str, why: str) -> None:
    if not condition:
        raise CheckError(what, why=why)


def _windows(spec: LoadSpec, client: GrpcClient, endpoint: Endpoint) -> Iterator[_Measured]:
    """Windows as they end, until the caller has seen enough."""
    with running(GENERATOR, PATIENCE, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdin:
            json.dump(spec.to_json(), process.stdin)
        # The generator announces the end of its warm-up with an empty line.
        if not process.stdout.readline():
            raise _ended(process)
        before = _statistics(client, endpoint, spec.model)
        for _ in range(spec.windows):
            line = process.stdout.readline()
            if not line:
                raise _ended(process)
            after = _statistics(client, endpoint, spec.model)
            account = after - before if after and before else None
            yield _Measured(Window(**json.loads(line)), account)
            before = after


def _ended(process: "subprocess.Popen[str]") -> CheckError:
    return CheckError(
        "The load generator ended before the measurement did", why=f"exit code {process.wait()}"
    )


def _statistics(client: GrpcClient, endpoint: Endpoint, model: str) -> Statistics | None:
    """None where the server keeps them for its node, as on a fleet."""
    reply = client.statistics(model, "")
    if not isinstance(reply, Refused):
        return Statistics.of(reply)
    if reply.restricted:
        return None
    if reply.code == "UNAVAILABLE":
        raise unreachable(endpoint.grpc, reply.message)
    raise CheckError(
        f"The server gives no statistics of '{model}'",
        why=str(reply),
        mend="Run scripts/smoke.py to see whether the model is served.",
    )


def _point(concurrency: int, measured: Sequence[_Measured], count: int, within: float) -> LoadPoint:
    """The figures over the last `count` windows; errors are counted over all of them."""
    last = measured[-count:]
    latencies = [ns / NS_PER_MS for one in last for ns in one.window.latencies_ns]
    accounts = [one.server for one in last if one.server]
    server = sum(accounts, start=Statistics()) if len(accounts) == len(last) else None
    mean = sum(latencies) / len(latencies) if latencies else 0.0
    return LoadPoint(
        concurrency=concurrency,
        throughput=len(latencies) / sum(one.window.seconds for one in last),
        p50_ms=percentile(latencies, 50),
        p90_ms=percentile(latencies, 90),
        p99_ms=percentile(latencies, 99),
        mean_ms=mean,
        queue_ms=server.queue_ms if server else None,
        compute_ms=server.compute_ms if server else None,
        transport_ms=max(0.0, mean - server.queue_ms - server.compute_ms) if server else None,
        batch=server.batch if server else None,
        requests=len(latencies),
        errors=sum(one.window.errors for one in measured),
        stable=windows_agree([one.throughput for one in measured], count, within),
        windows=tuple(one.throughput for one in measured),
        error=next((one.window.error for one in measured if one.window.error), ""),
    )
