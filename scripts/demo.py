"""The whole chain on this machine: build, publish, release, serve, check, report."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slipway import options, terminal

if TYPE_CHECKING:
    from slipway.check.endpoint import Endpoint
    from slipway.recipe import ModelFolder
    from slipway.registry.manifest import Manifest
    from slipway.report.content import ModelReport, StepRecord

app = terminal.application()

ENVIRONMENT = "local"
CONCURRENCIES = (1, 4, 16)
SERVE = Path(__file__).parent / "serve.py"
PATIENCE = 30.0
"""Seconds a node gets to stop: more than its server's exit timeout."""


@app.command()
def main(
    model: Annotated[str, typer.Argument(help="A folder of the model repository.")] = (
        "image_classifier"
    ),
    models: options.Models = Path("model_repo"),
    workspace: options.Workspace = Path("build"),
) -> None:
    """Take one real model from its recipe to a served, tested endpoint, on this machine.

    Trains and packages the model (or reuses what is built), publishes it to a registry in a
    directory, releases it, serves it with Triton on free ports, checks and measures it through the
    endpoint, and writes the report. Ends everything it started; Ctrl-C at any point does too.
    Exit code 1: a check failed.

    Example: python scripts/demo.py
    """
    from slipway.recipe import open_model

    folder = open_model(model, models)
    chain = Chain(folder, workspace)
    chain.build()
    manifest = chain.release()
    with chain.serving(manifest) as (endpoint, server):
        report = chain.check(endpoint, server, manifest)
    page = chain.report(report)

    from slipway.report.verdict import judge

    _print_table(report)
    terminal.say(f"report: {page}")
    verdict = judge(report)
    for reason in verdict.failed:
        terminal.say(f"failed: {reason}")
    if verdict.failed:
        terminal.failed()


@dataclass
class Chain:
    """The steps after each other; each says in a line what it did and how long it took."""

    folder: "ModelFolder"
    workspace: Path

    def __post_init__(self) -> None:
        self.records: list[StepRecord] = []
        self.package = self.evaluated = self.workspace
        self.store = str(self.workspace / "registry")

    def build(self) -> None:
        with terminal.progress_bar("import PyTorch"):
            from slipway.build.line import build

        with terminal.progress_bar("build") as progress:
            for done in build(self.folder, self.workspace, progress):
                step = done.step
                self._done(step.name, step.seconds, done.detail, reused=step.reused)
                self.evaluated = step.folder if step.name == "evaluate" else self.evaluated
                self.package = step.folder

    def release(self) -> "Manifest":
        from slipway.registry.publish import Published, publish
        from slipway.registry.releases import Released, promote
        from slipway.registry.store import open_store

        started = time.perf_counter()
        store = open_store(self.store)
        with terminal.progress_bar("publish") as progress:
            outcome = publish(store, self.package, progress)
        manifest = outcome.manifest
        fresh = isinstance(outcome, Published)
        said = f"version {manifest.version}, content {manifest.artefact.fingerprint[:12]}"
        self._done("publish", time.perf_counter() - started, said, reused=not fresh)
        started = time.perf_counter()
        change = promote(store, ENVIRONMENT, self.folder.name, manifest.version)
        moved = isinstance(change, Released)
        said = f"'{ENVIRONMENT}' points at version {manifest.version}"
        self._done("release", time.perf_counter() - started, said, reused=not moved)
        return manifest

    @contextmanager
    def serving(self, manifest: "Manifest") -> Iterator[tuple["Endpoint", dict[str, str]]]:
        """A node in a process of its own, while the block runs."""
        from slipway.check.endpoint import Endpoint
        from slipway.processes import running

        started = time.perf_counter()
        log = self.workspace / "node" / "serve.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [
            *(sys.executable, str(SERVE), "--free-ports", "--json"),
            *("--environment", ENVIRONMENT, "--store", self.store, "--node", "demo"),
            *("--folder", str(self.workspace / "node")),
        ]
        with (
            log.open("wb") as errors,
            running(command, PATIENCE, stdout=subprocess.PIPE, stderr=errors) as node,
        ):
            with terminal.progress_bar("serve"):
                up = _await_serving(node, manifest, log)
            server: dict[str, str] = up["server"]
            detail = f"Triton {server['triton']}, gRPC {up['grpc']}, http://{up['http']}"
            self._done("serve", time.perf_counter() - started, detail)
            yield Endpoint(up["grpc"], f"http://{up['http']}"), server

    def check(
        self, endpoint: "Endpoint", server: dict[str, str], manifest: "Manifest"
    ) -> "ModelReport":
        from slipway import contract
        from slipway.build.evaluate import HOLDOUT_FILE, read_evaluation
        from slipway.check.accuracy import accuracy, load_holdout
        from slipway.check.perf import measure, one_by_one
        from slipway.check.smoke import smoke
        from slipway.registry.clock import utc_now
        from slipway.registry.golden import read_golden
        from slipway.report.content import ModelReport
        from slipway.report.content import Released as ReleasedAs

        name, recipe = self.folder.name, self.folder.recipe
        golden = read_golden(self.package / contract.GOLDEN_FILE)
        started = time.perf_counter()
        with terminal.progress_bar("smoke"):
            checks = tuple(smoke(endpoint, name, golden))
        for check in checks:
            if not check.passed:
                terminal.say(f"  failed: {check.name} ({check.protocol}): {check.detail}")
        passed = sum(check.passed for check in checks)
        self._done("smoke", time.perf_counter() - started, f"{passed} of {len(checks)} checks")

        started = time.perf_counter()
        holdout = load_holdout(self.evaluated / HOLDOUT_FILE)
        with terminal.progress_bar("accuracy") as progress:
            served = accuracy(
                endpoint,
                name,
                inputs=holdout.inputs,
                targets=holdout.targets,
                reference=holdout.reference,
                metric=recipe.metric.name,
                tolerance=recipe.parity,
                batch=recipe.serving.max_batch_size,
                progress=progress,
            )
        said = f"{served.metric} {served.value:.4f}, PyTorch to served {served.difference:.1e}"
        self._done("accuracy", time.perf_counter() - started, said)

        started = time.perf_counter()
        with terminal.progress_bar("perf") as progress:
            perf = measure(endpoint, name, one_by_one(golden), CONCURRENCIES, progress=progress)
        peak = max(point.throughput for point in perf.points)
        self._done("perf", time.perf_counter() - started, f"up to {peak:.0f} requests/s")

        return ModelReport(
            artefact=manifest.artefact,
            scores=read_evaluation(self.evaluated).scores,
            labels=recipe.outputs[0].labels,
            accuracy=served,
            smoke=checks,
            perf=perf,
            steps=tuple(self.records),
            release=ReleasedAs(ENVIRONMENT, manifest.version),
            server=server,
            recorded=utc_now(),
        )

    def report(self, report: "ModelReport") -> Path:
        from slipway.report.content import write_model_report
        from slipway.report.page import write_page

        started = time.perf_counter()
        folder = self.workspace / "report"
        with terminal.progress_bar("report"):
            write_model_report(folder, report)
            page = write_page(folder)
        self._done("report", time.perf_counter() - started, f"{page.stat().st_size / 1e3:.0f} kB")
        return page

    def _done(self, name: str, seconds: float, detail: str, *, reused: bool = False) -> None:
        from slipway.report.content import StepRecord

        self.records.append(StepRecord(name, reused, seconds, detail))
        terminal.step(name, seconds, detail, reused=reused)


def _await_serving(
    node: "subprocess.Popen[bytes]", manifest: "Manifest", log: Path
) -> dict[str, Any]:
    """Read the node's events until it serves the version; `NodeError` when it will not.

    The event that told where the server listens.
    """
    from slipway.errors import NodeError

    assert node.stdout is not None
    why, started = "it ended", {}
    for line in node.stdout:
        event: dict[str, Any] = json.loads(line)
        if event["event"] == "started":
            started = event
        if event["event"] == "serving" and event["version"] == manifest.version:
            return started
        if event["event"] == "refused":
            why = event["reason"]
            break
    else:
        said = log.read_text().strip().splitlines()
        why = said[-1].removeprefix("error: ") if said else why
    raise NodeError(f"The node does not serve {manifest.model} version {manifest.version}", why=why)


def _print_table(report: "ModelReport") -> None:
    from rich.console import Console
    from rich.table import Table

    artefact, served, perf = report.artefact, report.accuracy, report.perf
    assert served is not None
    assert perf is not None
    figures = Table(title=artefact.title, title_justify="left", show_header=False)
    figures.add_column(style="bold")
    figures.add_column(justify="right")
    figures.add_column(style="dim")
    floor = f"floor {artefact.metric.floor}, {served.examples} held-out examples"
    figures.add_row(served.metric, f"{served.value:.4f}", floor)
    allowed = f"PyTorch to served answer, at most {served.tolerance:.0e}"
    figures.add_row("parity", f"{served.difference:.1e}", allowed)
    figures.add_row("size", f"{artefact.size / 1e6:.1f} MB", f"{len(artefact.files)} files")
    load = Table(show_edge=True)
    for column in ("at once", "requests/s", "p50", "p99", ""):
        load.add_column(column, justify="right")
    for p in perf.points:
        verdict = "" if p.stable else "unstable"
        times = (f"{p.p50_ms:.1f} ms", f"{p.p99_ms:.1f} ms")
        load.add_row(str(p.concurrency), f"{p.throughput:.0f}", *times, verdict)
    console = Console(stderr=True)
    console.print()
    console.print(figures)
    console.print(load)


if __name__ == "__main__":
    terminal.run(app)
