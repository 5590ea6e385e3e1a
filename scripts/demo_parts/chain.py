"""One model's way through the line; each step says in a line what it did and how long it took."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.demo_parts.node import Node
from slipway import contract, terminal
from slipway.build.evaluate import read_evaluation
from slipway.build.line import build
from slipway.build.optimise.study import Wanted
from slipway.check import perf, streams
from slipway.check.accuracy import accuracy, accuracy_of_streams
from slipway.check.example import example
from slipway.check.smoke import smoke
from slipway.folder import ModelFolder
from slipway.golden import Golden
from slipway.questions import QUESTIONS_FILE, Questions
from slipway.registry.clock import utc_now
from slipway.registry.golden import read_golden
from slipway.registry.manifest import Manifest
from slipway.registry.publish import Published, publish
from slipway.registry.releases import Released, promote
from slipway.registry.store import open_store
from slipway.report.content import ModelReport, StepRecord
from slipway.report.content import Released as ReleasedAs
from slipway.results import AccuracyResult, CheckResult, PerfResult, StreamResult

CONCURRENCIES = (1, 4, 16)
STREAMS = (1, 4, 8)


@dataclass
class Chain:
    """`records` grows with the steps; with `wanted`, the best of several variants is packaged."""

    folder: ModelFolder
    workspace: Path
    environment: str
    wanted: Wanted | None = None

    def __post_init__(self) -> None:
        self.records: list[StepRecord] = []
        self.package = self.evaluated = self.workspace
        self.store = str(self.workspace / "registry")

    def build(self) -> None:
        with terminal.progress_bar("build") as progress:
            for done in build(self.folder, self.workspace, progress, wanted=self.wanted):
                step = done.step
                self._done(step.name, step.seconds, done.detail, reused=step.reused)
                self.evaluated = step.folder if step.name == "evaluate" else self.evaluated
                self.package = step.folder

    def release(self) -> Manifest:
        started = time.perf_counter()
        store = open_store(self.store)
        with terminal.progress_bar("publish") as progress:
            outcome = publish(store, self.package, progress)
        manifest = outcome.manifest
        fresh = isinstance(outcome, Published)
        said = f"version {manifest.version}, content {manifest.artefact.fingerprint[:12]}"
        self._done("publish", time.perf_counter() - started, said, reused=not fresh)
        started = time.perf_counter()
        change = promote(store, self.environment, self.folder.name, manifest.version)
        moved = isinstance(change, Released)
        said = f"'{self.environment}' points at version {manifest.version}"
        self._done("release", time.perf_counter() - started, said, reused=not moved)
        return manifest

    def check(self, node: Node, manifest: Manifest, served: StepRecord) -> ModelReport:
        """Everything that is asked of the served model. `served` is the step before."""
        self.records.append(served)
        evaluation = read_evaluation(self.evaluated)
        checks, answers, speed = self._smoke(node), self._accuracy(node), self._speed(node)
        return ModelReport(
            artefact=manifest.artefact,
            scores=evaluation.scores,
            labels=self.folder.recipe.outputs[0].labels,
            accuracy=answers,
            smoke=checks,
            perf=speed if isinstance(speed, PerfResult) else None,
            streams=speed if isinstance(speed, StreamResult) else None,
            exhibits=evaluation.exhibits,
            steps=tuple(self.records),
            release=ReleasedAs(self.environment, manifest.version),
            server=node.server,
            recorded=utc_now(),
        )

    @property
    def _golden(self) -> Golden:
        # No engine is served here, so that none's answer is right.
        return replace(read_golden(self.package / contract.GOLDEN_FILE), engines={})

    def _smoke(self, node: Node) -> tuple[CheckResult, ...]:
        started = time.perf_counter()
        with terminal.progress_bar("smoke"):
            checks = list(smoke(node.endpoint, self.folder.name, self._golden))
            if self.folder.has("client"):
                checks.append(example(self.folder, node.endpoint))
        for check in checks:
            if not check.passed:
                terminal.say(f"  failed: {check.name} ({check.protocol}): {check.detail}")
        passed = sum(check.passed for check in checks)
        self._done("smoke", time.perf_counter() - started, f"{passed} of {len(checks)} checks")
        return tuple(checks)

    def _accuracy(self, node: Node) -> AccuracyResult:
        started = time.perf_counter()
        recipe, name = self.folder.recipe, self.folder.name
        questions = Questions.read(self.evaluated / QUESTIONS_FILE)
        with terminal.progress_bar("accuracy") as progress:
            if self._golden.stream:
                served = accuracy_of_streams(node.endpoint, name, questions, progress=progress)
            else:
                served = accuracy(
                    node.endpoint,
                    name,
                    questions,
                    tolerance=self._golden.tolerance,
                    batch=recipe.serving.max_batch_size,
                    progress=progress,
                )
        said = f"{served.metric} {served.value:.4f}, {served.way} {served.difference:.1e}"
        self._done("accuracy", time.perf_counter() - started, said)
        return served

    def _speed(self, node: Node) -> PerfResult | StreamResult:
        started = time.perf_counter()
        golden, name = self._golden, self.folder.name
        speed: PerfResult | StreamResult
        with terminal.progress_bar("perf") as progress:
            if golden.stream:
                speed = streams.measure(node.endpoint, name, [golden], STREAMS, progress=progress)
                said = f"{max(point.tokens_per_s for point in speed.points):.0f} tokens/s"
            else:
                rows = perf.one_by_one(golden)
                speed = perf.measure(node.endpoint, name, rows, CONCURRENCIES, progress=progress)
                said = f"{max(point.throughput for point in speed.points):.0f} requests/s"
        self._done("perf", time.perf_counter() - started, f"up to {said}")
        return speed

    def _done(self, name: str, seconds: float, detail: str, *, reused: bool = False) -> None:
        self.records.append(StepRecord(name, reused, seconds, detail))
        terminal.step(name, seconds, detail, reused=reused)
