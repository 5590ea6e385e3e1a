"""Bring one model to one version on a running server, so that clients only see probed versions."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from slipway import contract
from slipway.errors import NodeError
from slipway.golden import Golden
from slipway.node.control import ModelControl
from slipway.node.engines.configuration import Engine
from slipway.node.probe import Answered, Unwell, probe
from slipway.node.repository import ModelRepository
from slipway.progress import Progress, silent
from slipway.registry.manifest import Manifest
from slipway.registry.store import Store

CANDIDATE = "__candidate"
"""Suffix of the name under which a version is probed before a client can reach it."""


@dataclass(frozen=True)
class Served:
    """What clients of a model get: `version`, with all of `loaded` ready in Triton.

    `kept` are the versions whose content stays on this machine, and whose steps stay loaded where
    they are ensembles: requests that came before a swap still go through them. With an `engine`
    the network is that, and `onnx` says what it was before.
    """

    model: str
    version: int
    loaded: tuple[int, ...]
    golden: Golden
    seconds: Mapping[str, float] = field(default_factory=dict)
    kept: tuple[int, ...] = ()
    engine: Engine | None = None
    onnx: "Served | None" = None


@dataclass(frozen=True)
class Rollout:
    """The means of a rollout: where content comes from, what Triton sees, how it is driven."""

    store: Store
    repository: ModelRepository
    control: ModelControl
    clock: Callable[[], float] = time.monotonic

    def advance(
        self, manifest: Manifest, now: Served | None, progress: Progress = silent
    ) -> Served:
        """Serve the manifest's version instead of `now`.

        The order is: sync and verify; load under a candidate's name; probe that with the golden
        request; load under the real name, which Triton swaps without a gap; probe again. A
        `SlipwayError` at any point leaves `now` serving. The version that was served stays loaded
        for an instant way back where both versions can share one configuration.
        """
        model, version = manifest.model, manifest.version
        seconds: dict[str, float] = {}
        with self._timed("sync", seconds):
            self.repository.content.sync(self.store, manifest, progress)
        golden = self.golden(model, version)
        if now is None or version not in now.loaded:
            with self._timed("probe", seconds), self.trial(model, version, golden):
                pass
        loaded = self._side_by_side(model, version, now)
        with self._timed("load", seconds):
            try:
                self.show(model, loaded)
                answered(self.control, model, version, golden)
            except NodeError:
                if now is not None:
                    self.show(model, now.loaded, now.engine)
                    self._retire(model, now.loaded, now.kept)
                raise
        before = (now.version,) if now else ()
        kept = tuple(sorted({*loaded, *before}))
        self._retire(model, loaded, kept)
        return Served(model, version, loaded, golden, seconds, kept)

    def accelerate(self, now: Served, engine: Engine) -> Served:
        """Serve an engine of `now`'s version in its ONNX file's place.

        Triton swaps one for the other as it does versions. A `NodeError` leaves `now` serving. All
        versions of a model share one configuration, so no other stays loaded beside an engine.
        """
        model, version = now.model, now.version
        loaded = (version,)
        golden = now.golden.of(engine.spec.precision)
        try:
            self.show(model, loaded, engine)
            answered(self.control, model, version, golden)
        except NodeError:
            self.show(model, now.loaded)
            raise
        self._retire(model, loaded, now.kept or loaded)
        return replace(now, loaded=loaded, golden=golden, engine=engine, onnx=now)

    def show(self, model: str, versions: tuple[int, ...], engine: Engine | None = None) -> None:
        """Make Triton serve exactly these versions of a model; the last of them as an engine."""
        self.repository.expose(model, versions, engine=engine)
        self.control.load(model)

    def withdraw(self, model: str) -> None:
        self.unload(model)
        self.hide(model)

    def unload(self, model: str) -> None:
        """The model, then the steps it consists of."""
        for name in (model, *self.repository.steps(model)):
            self.control.unload(name)

    def hide(self, model: str) -> None:
        """Take a model out of Triton's sight, which alone ends nothing that it serves."""
        self.repository.tidy(model, (), ())

    def _retire(self, model: str, loaded: tuple[int, ...], kept: tuple[int, ...]) -> None:
        for step in self.repository.steps(model, without=kept):
            self.control.unload(step)
        self.repository.tidy(model, loaded, kept)

    def golden(self, model: str, version: int) -> Golden:
        path = self.repository.content.version(model, version) / contract.GOLDEN_FILE
        return Golden.from_json(json.loads(path.read_bytes()))

    @contextmanager
    def trial(
        self,
        model: str,
        version: int,
        golden: Golden,
        suffix: str = CANDIDATE,
        engine: Engine | None = None,
    ) -> Iterator[str]:
        """A version under another name, which no client asks for, once it answers as it should.

        Raises `NodeError` where it does not.
        """
        name = model + suffix
        self.repository.expose(model, (version,), name, engine)
        try:
            self.control.load(name)
            answered(self.control, name, version, golden)
            yield name
        finally:
            self.withdraw(name)

    def _side_by_side(self, model: str, version: int, now: Served | None) -> tuple[int, ...]:
        """Triton answers requests that name no version with the highest that is loaded."""
        if now is None or now.version >= version or now.engine is not None:
            return (version,)
        shared = self.repository.compatible(model, now.version, version)
        return (now.version, version) if shared else (version,)

    @contextmanager
    def _timed(self, phase: str, seconds: dict[str, float]) -> Iterator[None]:
        started = self.clock()
        yield
        seconds[phase] = self.clock() - started


def answered(control: ModelControl, model: str, version: int | None, golden: Golden) -> Answered:
    """Probe until there is a verdict; `NodeError` when it is bad or the server stays busy."""
    for _ in range(BUSY_TRIES):
        outcome = probe(control, model, version, golden)
        if isinstance(outcome, Answered):
            return outcome
        if isinstance(outcome, Unwell):
            raise NodeError(f"{model} version {version} failed its probe", why=outcome.reason)
        time.sleep(BUSY_WAIT)
    raise NodeError(f"{model} version {version} could not be probed", why="its queue stays full")


BUSY_TRIES = 20
BUSY_WAIT = 0.25
"""Seconds."""
