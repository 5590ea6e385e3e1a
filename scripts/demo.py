"""The whole chain on this machine: build, publish, release, serve, check, report."""

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slipway import options, terminal

if TYPE_CHECKING:
    from slipway.report.content import ModelReport

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # so that it finds its parts when it is run as a file

app = terminal.application()

ENVIRONMENT = "local"
FIRST = "image_classifier"


@app.command()
def main(
    chosen: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL",
            help=f"Folders of the model repository. [default: {FIRST}, and all that are built]",
        ),
    ] = None,
    variants: options.Variants = "",
    models: options.Models = Path("model_repo"),
    workspace: options.Workspace = Path("build"),
) -> None:
    """Take real models from their recipes to served, tested endpoints, on this machine.

    Trains and packages each model (or reuses what is built), publishes it to a registry in a
    directory, releases it, serves all of them with one Triton on free ports, checks and measures
    them through the endpoint, and writes the report. Ends everything it started; Ctrl-C at any
    point does too. Exit code 1: a check failed.

    With --variants other forms of the models are compared, and the best is served; all of them
    takes about ten minutes a model the first time.

    Examples: python scripts/demo.py

    python scripts/demo.py text_classifier --variants all
    """
    from slipway.folder import model_names, open_model

    built = [path.parents[1].name for path in workspace.glob("models/*/package/latest")]
    known = [name for name in model_names(models) if name in built]
    names = dict.fromkeys(chosen or (FIRST, *known))
    folders = [open_model(name, models) for name in names]

    with terminal.progress_bar("import PyTorch"):
        from scripts.build_parts.wanted import wanted_of
        from scripts.demo_parts.chain import Chain
        from scripts.demo_parts.node import serving
        from slipway.report.content import StepRecord, write_model_report
        from slipway.report.page import write_page
        from slipway.report.verdict import judge

    several = len(folders) > 1
    wanted = wanted_of(variants, folders)
    chains = [Chain(folder, workspace, ENVIRONMENT, wanted) for folder in folders]
    released = []
    for chain in chains:
        _say_model(chain.folder.name, several=several)
        chain.build()
        released.append(chain.release())
    _say_model("all of them", several=several)
    started = time.perf_counter()
    versions = {manifest.model: manifest.version for manifest in released}
    store, of_node = str(workspace / "registry"), workspace / "node"
    reports = []
    with serving(store, ENVIRONMENT, of_node, versions) as node:
        said = f"Triton {node.server['triton']}, gRPC {node.endpoint.grpc}, {node.endpoint.http}"
        up = StepRecord("serve", False, time.perf_counter() - started, said)
        terminal.step(up.name, up.seconds, up.detail)
        for chain, manifest in zip(chains, released, strict=True):
            _say_model(chain.folder.name, several=several)
            reports.append(chain.check(node, manifest, up))

    started = time.perf_counter()
    with terminal.progress_bar("report"):
        for path in (workspace / "report").glob("*.json"):
            path.unlink()  # of models that are not served now
        for report in reports:
            write_model_report(workspace / "report", report)
        page = write_page(workspace / "report")
    terminal.step("report", time.perf_counter() - started, f"{page.stat().st_size / 1e3:.0f} kB")
    _print_figures(reports)
    terminal.say(f"report: {page}")
    failed = [(r.artefact.model, reason) for r in reports for reason in judge(r).failed]
    for model, reason in failed:
        terminal.say(f"failed: {model}: {reason}")
    if failed:
        terminal.failed()


def _say_model(name: str, *, several: bool) -> None:
    if several:
        terminal.say(name)


def _print_figures(reports: Sequence["ModelReport"]) -> None:
    from rich.console import Console
    from rich.table import Table

    figures, load = Table(), Table()
    for column in ("model", "metric", "limit", "baseline", "parity", "size", "checks"):
        figures.add_column(column, justify="left" if column == "model" else "right")
    for column in ("model", "at once", "a second", "p50", "p99", ""):
        load.add_column(column, justify="left" if column == "model" else "right")
    for report in reports:
        metric, served = report.artefact.metric, report.accuracy
        assert served is not None
        passed = sum(check.passed for check in report.smoke)
        figures.add_row(
            report.artefact.model,
            f"{metric.name} {metric.value:.4f}",
            f"{'at most ' if metric.lower_is_better else ''}{metric.floor:g}",
            "" if metric.baseline is None else f"{metric.baseline:.4f}",
            f"{served.difference:.1e}",
            f"{report.artefact.size / 1e6:.1f} MB",
            f"{passed}/{len(report.smoke)}",
        )
        for number, row in enumerate(_speeds(report)):
            load.add_row("" if number else report.artefact.model, *row)
    console = Console(stderr=True)
    console.print()
    console.print(figures)
    console.print(load)


def _speeds(report: "ModelReport") -> Iterator[tuple[str, ...]]:
    """Of a generator its tokens, and the time to the first of them."""
    for point in report.perf.points if report.perf else ():
        yield (
            str(point.concurrency),
            f"{point.throughput:.0f} requests",
            f"{point.p50_ms:.1f} ms",
            f"{point.p99_ms:.1f} ms",
            "" if point.stable else "unstable",
        )
    for stream in report.streams.points if report.streams else ():
        yield (
            str(stream.concurrency),
            f"{stream.tokens_per_s:.0f} tokens",
            f"{stream.ttft_p50_ms:.1f} ms",
            f"{stream.ttft_p99_ms:.1f} ms",
            "" if stream.stable else "unstable",
        )


if __name__ == "__main__":
    terminal.run(app)
