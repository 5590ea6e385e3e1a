"""How much of the machine a served model gets, compared side by side on the same machine."""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slipway import contract, options, terminal

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # so that it can be run as a file, too

if TYPE_CHECKING:
    from benchmarks.serving_parts.systems import Subject, System
    from benchmarks.serving_parts.values import Measurement

app = terminal.application()

CONCURRENCIES = [1, 4, 16]
ATTEMPTS = 3
DISTURBED_CORES = 0.1
"""More than this used by other programs, and a measurement is repeated."""
SLIPWAY, PYTORCH, ONNX = "slipway", "FastAPI + PyTorch", "FastAPI + ONNX Runtime"
WAYS = ("in-process, threads", "in-process, batch")
LIBRARIES = ("torch", "onnxruntime", "fastapi", "uvicorn", "numpy", "grpcio", "tritonclient")


@app.command()
def main(
    model: Annotated[str, typer.Argument(help="A built model with one input and one output.")] = (
        "image_classifier"
    ),
    concurrency: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Requests under way at once; may be repeated. [default: 1 4 16]"),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Each system once a round, in turn.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.1, help="Of one measurement.")] = 3.0,
    warmup: Annotated[float, typer.Option(min=0.1, help="Seconds before each of them.")] = 1.0,
    torch_threads: Annotated[int, typer.Option(min=1, help="PyTorch's threads under FastAPI.")] = 1,
    models: options.Models = Path("model_repo"),
    workspace: options.Workspace = Path("build"),
    output: Annotated[
        Path | None,
        typer.Option(help="Raw numbers. [default: benchmarks/results/serving-<date>.json]"),
    ] = None,
    json: options.Json = False,
) -> None:
    """Compare Slipway's server with in-process ONNX Runtime and with FastAPI.

    The same trained network and ONNX file, one image a request, over HTTP from one lean client
    process; only one system works at a time. Measurements during which other programs used the
    machine are repeated, and what cannot be repeated in peace is said. Exit code 1 when an answer
    was wrong or refused.

    Example: python benchmarks/serving.py --rounds 3
    """
    from benchmarks.serving_parts.summary import with_limit
    from benchmarks.serving_parts.systems import Subject
    from slipway.files import readable_json, write_whole
    from slipway.registry.golden import read_golden

    golden = read_golden(workspace / "models" / model / "package/latest" / contract.GOLDEN_FILE)
    subject = Subject.built(model, models, workspace, golden)
    at_once = concurrency or CONCURRENCIES
    measured: list[Measurement] = []
    with (
        terminal.progress_bar("serving", enabled=not json) as progress,
        tempfile.TemporaryDirectory(prefix="slipway-serving-") as work,
        ExitStack() as stack,
    ):
        systems = _start(stack, subject, Path(work), torch_threads)
        plan = [(r, c, s) for r in range(rounds) for c in at_once for s in systems]
        for number, (r, c, system) in enumerate(plan):
            progress(number, len(plan), f"round {r + 1}: {system.name}, {c} at once")
            measured += _measure(system, c, r, seconds, warmup)
    record = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        **_circumstances(subject),
        "settings": {
            "rounds": rounds,
            "seconds": seconds,
            "warmup": warmup,
            "torch_threads": torch_threads,
        },
        "measurements": [m.to_json() for m in measured],
    }
    today = datetime.now(UTC).date().isoformat()
    target = output or ROOT / f"benchmarks/results/serving-{today}.json"
    write_whole(target, readable_json(record))
    if json:
        terminal.print_json(record)
    else:
        _print(with_limit(measured, WAYS), at_once, record["machine"])
    terminal.say(f"raw numbers: {target}")
    disturbed = sum(m.kept and m.others_cores > DISTURBED_CORES for m in measured)
    if disturbed:
        terminal.say(f"{disturbed} measurements were disturbed by other programs three times over")
    if any(m.load.errors for m in measured):
        terminal.say("there were wrong answers or errors: see the raw numbers")
        terminal.failed()


def _start(
    stack: ExitStack, subject: "Subject", work: Path, torch_threads: int
) -> "Sequence[System]":
    from benchmarks.serving_parts.systems import InProcess, fastapi_server, slipway_server

    over_http, over_grpc = stack.enter_context(slipway_server(subject, work))
    pytorch = fastapi_server(
        PYTORCH, "app_pytorch", subject, work, TORCH_THREADS=str(torch_threads)
    )
    onnx = fastapi_server(ONNX, "app_onnx", subject, work)
    return (
        InProcess(subject, "threads"),
        InProcess(subject, "batch"),
        over_http,
        over_grpc,
        stack.enter_context(pytorch),
        stack.enter_context(onnx),
    )


def _measure(
    system: "System", concurrency: int, round_: int, seconds: float, warmup: float
) -> "Iterator[Measurement]":
    """Until nobody disturbed it, at most `ATTEMPTS` times; the last attempt is the one kept."""
    from benchmarks.serving_parts.machine import Others
    from benchmarks.serving_parts.values import Measurement

    for attempt in range(1, ATTEMPTS + 1):
        others = Others()
        load = system.load(concurrency, seconds, warmup)
        cores = others.cores()
        keep = cores <= DISTURBED_CORES or attempt == ATTEMPTS
        yield Measurement(system.name, concurrency, round_, load, cores, keep)
        if keep:
            return


def _circumstances(subject: "Subject") -> dict[str, Any]:
    """What the numbers belong to."""
    import platform
    from importlib.metadata import version

    from slipway.check.machine import describe_machine
    from slipway.files import sha256_of
    from slipway.triton.environment import ServerEnvironment

    return {
        "machine": describe_machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
        "server": dict(ServerEnvironment.find().versions),
        "model": subject.name,
        "onnx_sha256": sha256_of(subject.onnx),
        "config": (subject.package / "model" / contract.CONFIG_FILE).read_text(),
    }


def _print(measured: "list[Measurement]", at_once: Sequence[int], machine: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from benchmarks.serving_parts.summary import LIMIT, Spread, ratio, rows

    def spread(value: Spread | None, digits: int) -> str:
        if value is None:
            return ""
        return f"{value.median:.{digits}f} ({value.least:.{digits}f}-{value.most:.{digits}f})"

    table = Table(title="Images per second: median of rounds (least-most)", caption=machine)
    for column in ("at once", "system", "images/s", "limit x", "p50 ms", "p99 ms"):
        table.add_column(column, justify="left" if column == "system" else "right", no_wrap=True)
    found = rows(measured)
    for c in at_once:
        for row in (r for r in found if r.concurrency == c):
            of_limit = ratio(measured, row.system, LIMIT, c)
            table.add_row(
                str(c),
                row.system,
                spread(row.throughput, 0),
                f"{of_limit.median:.2f}" if of_limit else "",
                f"{row.p50_ms:.2f}",
                f"{row.p99_ms:.2f}",
            )
        table.add_section()
    console = Console()
    console.print(table)
    for c in at_once:
        for other in (LIMIT, WAYS[0], PYTORCH, ONNX):
            said = spread(ratio(measured, SLIPWAY, other, c), 2)
            console.print(f"{c:>3} at once: {SLIPWAY} / {other:<22} {said}")


if __name__ == "__main__":
    terminal.run(app)
