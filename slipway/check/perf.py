"""Throughput and latency of a served model, measured until windows agree or found unstable."""

import json
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

from slipway.check.client import Refused
from slipway.check.closed_loop import LoadSpec
from slipway.check.endpoint import Endpoint, unreachable
from slipway.check.grpc_client import GrpcClient
from slipway.check.load import RequestWindow
from slipway.check.machine import describe_machine
from slipway.check.measurement import NS_PER_MS, WARMUP_S, lines, require_possible, until_agreed
from slipway.check.statistics import Statistics
from slipway.check.windows import agree as windows_agree
from slipway.check.windows import percentile
from slipway.errors import CheckError
from slipway.golden import Golden
from slipway.progress import Progress, silent
from slipway.results import LoadPoint, PerfResult

GENERATOR = "slipway.check.load"


@dataclass(frozen=True)
class _Measured:
    """One window with the server's account of the same time, None where it keeps that to itself."""

    window: RequestWindow
    server: Statistics | None


def one_by_one(golden: Golden) -> list[Golden]:
    """A request for each row of a golden request, with its answer."""
    rows = len(next(iter(golden.inputs.values())))
    return [golden.row(row) for row in range(rows)]


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
    require_possible(requests, concurrencies, window=window, agree=agree, most=most)
    points = []
    with GrpcClient(endpoint.grpc) as client:
        _statistics(client, endpoint, model)
        for index, concurrency in enumerate(concurrencies):
            spec = LoadSpec(endpoint.grpc, model, requests, concurrency, window, most, WARMUP_S)
            measured: list[_Measured] = []
            for one in until_agreed(_windows(spec, client, endpoint), _pace, agree, within):
                measured.append(one)
                done = index + len(measured) / most
                note = f"{concurrency} at once: {_pace(one):.0f} requests/s"
                progress(done, len(concurrencies), note)
            points.append(_point(concurrency, measured, agree, within))
    return PerfResult(
        model=model,
        endpoint=endpoint.grpc,
        protocol="grpc",
        request_batch=len(next(iter(requests[0].inputs.values()))),
        machine=describe_machine(),
        points=tuple(points),
    )


def _windows(
    spec: LoadSpec, client: GrpcClient, endpoint: Endpoint
) -> Generator[_Measured, None, None]:
    with closing(lines(GENERATOR, spec)) as said:
        next(said)  # it is warm
        before = _statistics(client, endpoint, spec.model)
        for line in said:
            after = _statistics(client, endpoint, spec.model)
            account = after - before if after and before else None
            yield _Measured(RequestWindow(**json.loads(line)), account)
            before = after


def _pace(one: _Measured) -> float:
    """Requests per second."""
    return len(one.window.latencies_ns) / one.window.seconds


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
        stable=windows_agree([_pace(one) for one in measured], count, within),
        windows=tuple(_pace(one) for one in measured),
        error=next((one.window.error for one in measured if one.window.error), ""),
    )
