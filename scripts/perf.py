"""Measure how fast a served model answers, and where the time goes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slipway import options, terminal
from slipway.registry.store import DEFAULT_URL

if TYPE_CHECKING:
    from slipway.results import PerfResult, StreamResult

app = terminal.application()

CONCURRENCIES = [1, 4, 16]
STREAMS = [1, 4, 8]


@app.command()
def main(
    model: Annotated[str, typer.Argument(help="The model's name, as the server has it.")],
    concurrency: Annotated[
        list[int] | None,
        typer.Option(
            min=1,
            help="Requests under way at once; may be repeated. [default: 1 4 16, of streams 1 4 8]",
        ),
    ] = None,
    window: Annotated[float, typer.Option(min=0.1, help="Seconds of one window.")] = 1.0,
    windows: Annotated[int, typer.Option(min=3, help="Give up after so many windows.")] = 12,
    within: Annotated[
        float, typer.Option(min=0.0, help="How far three windows may lie from their mean.")
    ] = 0.05,
    grpc: options.GrpcAddress = options.LOCAL_GRPC,
    http: options.HttpUrl = options.LOCAL_HTTP,
    environment: options.Environment = "local",
    store: options.StoreUrl = DEFAULT_URL,
    golden: options.GoldenFile = None,
    output: Annotated[
        Path | None, typer.Option(help="Write the result here as JSON, for the report.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Measure throughput and latency of a served model over gRPC.

    A process of its own keeps a number of requests under way, row by row from the golden request.
    Windows follow each other until three agree; a point that never settles is called unstable and
    ends with exit code 1, as do wrong answers. Queue and compute are Triton's own figures of the
    same time, transport is the rest of what a client waits; a server of a fleet does not tell them.

    Of a generator streams are measured: the time to the first token (TTFT), that from one token to
    the next (ITL), and the tokens of all streams together.

    Example: python scripts/perf.py image_classifier --concurrency 1 --concurrency 16
    """
    from slipway.check import perf, streams
    from slipway.check.endpoint import Endpoint
    from slipway.files import readable_json, write_whole
    from slipway.registry.golden import read_golden, released_golden
    from slipway.results import StreamResult

    endpoint = Endpoint(grpc, http)
    asked = read_golden(golden) if golden else released_golden(store, environment, model)
    how: dict[str, Any] = {"window": window, "within": within, "most": windows}
    with terminal.progress_bar("perf", enabled=not json) as progress:
        result: PerfResult | StreamResult
        if asked.stream:
            counts = concurrency or STREAMS
            result = streams.measure(endpoint, model, [asked], counts, progress=progress, **how)
        else:
            counts, rows = concurrency or CONCURRENCIES, perf.one_by_one(asked)
            result = perf.measure(endpoint, model, rows, counts, progress=progress, **how)
    if output:
        write_whole(output, readable_json(result.to_json()))
    if json:
        terminal.print_json(result.to_json())
    elif isinstance(result, StreamResult):
        _print_streams(result)
    else:
        _print(result)
    for point in result.points:
        if point.errors:
            terminal.say(f"{point.errors} errors at {point.concurrency}, first: {point.error}")
        if not point.stable:
            terminal.say(
                f"unstable at concurrency {point.concurrency}: no three windows in a row agreed; "
                "let the machine rest, or measure longer windows with --window"
            )
    if not result.passed:
        terminal.failed()


def _print(result: "PerfResult") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{result.model} at {result.endpoint}", caption=result.machine)
    columns = ("at once", "requests/s", "p50", "p90", "p99", "queue", "compute", "transport")
    for column in (*columns, "batch", ""):
        table.add_column(column, justify="right")
    for p in result.points:
        times = (p.p50_ms, p.p90_ms, p.p99_ms, p.queue_ms, p.compute_ms, p.transport_ms)
        verdict = "errors" if p.errors else "stable" if p.stable else "unstable"
        table.add_row(
            str(p.concurrency),
            f"{p.throughput:.0f}",
            *("–" if ms is None else f"{ms:.2f} ms" for ms in times),
            "–" if p.batch is None else f"{p.batch:.1f}",
            verdict,
        )
    Console().print(table)


def _print_streams(result: "StreamResult") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{result.model} at {result.endpoint}", caption=result.machine)
    columns = ("streams", "tokens/s", "TTFT p50", "TTFT p99", "ITL p50", "ITL p99", "")
    for column in columns:
        table.add_column(column, justify="right")
    for p in result.points:
        times = (p.ttft_p50_ms, p.ttft_p99_ms, p.itl_p50_ms, p.itl_p99_ms)
        verdict = "errors" if p.errors else "stable" if p.stable else "unstable"
        pace = f"{p.tokens_per_s:.0f}"
        table.add_row(str(p.concurrency), pace, *(f"{ms:.2f} ms" for ms in times), verdict)
    Console().print(table)


if __name__ == "__main__":
    terminal.run(app)
