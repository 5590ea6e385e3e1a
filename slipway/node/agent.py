"""The agent: what is released becomes what is served, and stays so.

    follow: check -> reconcile -> accelerate -> report, again and again

`reconcile` compares the releases with what is served and rolls out the difference. `check` probes
every served model by inference; a sick one is unloaded and loaded, then the server is restarted.
On a server with a GPU `accelerate` puts engines in the place of ONNX files, once they are there.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from slipway.errors import NodeError, RegistryError, ServerError, SlipwayError
from slipway.node.backoff import Backoff
from slipway.node.control import ModelControl
from slipway.node.engines.acceleration import Acceleration
from slipway.node.events import (
    Down,
    Event,
    Lingering,
    Recovered,
    Refused,
    Restarting,
    Serving,
    Sick,
    Started,
    Unreachable,
    Withdrawn,
)
from slipway.node.probe import Unwell, probe
from slipway.node.refusals import Refusals
from slipway.node.report import Identity, ModelReport, NodeReport, write_report
from slipway.node.repository import ModelRepository
from slipway.node.rollout import Rollout, Served, answered
from slipway.node.standing import Standing
from slipway.node.sync import Content
from slipway.progress import Progress, silent
from slipway.registry.clock import utc_now
from slipway.registry.releases import Release, releases
from slipway.registry.store import Store
from slipway.registry.versions import read_manifest
from slipway.triton.server import Server

Sleep = Callable[[float], None]


class Agent:
    """One node. Not thread-safe: one loop calls it."""

    def __init__(
        self,
        identity: Identity,
        store: Store,
        server: Server,
        control: ModelControl,
        folder: Path,
        *,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = time.sleep,
        progress: Progress = silent,
        engines: Acceleration | None = None,
    ) -> None:
        self._identity = identity
        self._store = store
        self._server = server
        self._control = control
        self._content = Content(folder)
        repository = ModelRepository(folder / "repository", self._content)
        self._rollout = Rollout(store, repository, control)
        self._backoff = backoff or Backoff()
        self._sleep = sleep
        self._progress = progress
        self._engines = engines
        self._releases: dict[str, Release] | None = None
        self._served: dict[str, Served] = {}
        self._unwell: set[str] = set()
        """Of what is served: the models that did not answer when they were last asked."""
        self._refusals = Refusals(self._backoff, clock)
        self._restarts = 0
        self._restarts_in_a_row = 0
        self._standing = Standing()
        self._was_ready = False

    @property
    def served(self) -> Mapping[str, Served]:
        return dict(self._served)

    @property
    def standing(self) -> Standing:
        """How it stood when that last changed; other threads may ask."""
        return self._standing

    def start(self) -> Iterator[Event]:
        """Start the server. Raises `ServerError`: on the first start a person is watching."""
        self._server.start()
        yield self._started()

    def round(self) -> Iterator[Event]:
        """Check, reconcile, accelerate, report."""
        yield from self.check()
        self._stand()  # of what was mended: what comes next can take minutes
        yield from self.reconcile()
        self._stand()
        yield from self.accelerate()
        yield from self.report()

    def reconcile(self) -> Iterator[Event]:
        """Roll out every release that is not served, and withdraw what is released no more."""
        try:
            wanted = {release.model: release for release in releases(
                self._store, self._identity.environment)}  # fmt: skip
        except RegistryError as error:
            yield Unreachable(str(error))
            return
        self._releases = wanted
        self._refusals.keep(wanted)
        for model in sorted(self._served.keys() - wanted.keys()):
            yield self._withdraw(model)
        for model, release in sorted(wanted.items()):
            served = self._served.get(model)
            if served and served.version == release.version:
                self._refusals.lift(model)
            elif self._refusals.due(release):
                yield self._advance(release, served)
        self._content.prune(
            {(s.model, v) for s in self._served.values() for v in (*s.loaded, *s.kept)}
        )

    def accelerate(self) -> Iterator[Event]:
        """Serve engines that are ready and better; nothing where there is no GPU."""
        if self._engines is None or not self._server.running:
            return
        for change in self._engines.advance(self.served, self._rollout):
            self._served[change.served.model] = change.served
            yield change.event

    def check(self) -> Iterator[Event]:
        """Probe what is served; mend what is unwell; restart a server that ended."""
        if not self._server.running:
            yield from self._restart("the process ended")
            return  # that asked every model, and the next round asks again
        for model, served in sorted(self._served.items()):
            outcome = probe(self._control, model, served.version, served.golden)
            if not isinstance(outcome, Unwell):
                self._unwell.discard(model)
                continue
            self._fall_ill(model)
            yield Sick(model, served.version, outcome.reason)
            try:
                self._reload(served)
            except NodeError as error:
                yield from self._restart(str(error))
                return
            self._unwell.discard(model)
            yield Recovered(model, served.version, "unload and load")
        self._restarts_in_a_row = 0

    def report(self) -> Iterator[Event]:
        """Write the node's report to the registry."""
        released = sorted((self._releases or {}).items())
        models = tuple(self._model_report(release) for _, release in released)
        identity = self._identity
        report = NodeReport(
            environment=identity.environment,
            node=identity.node,
            updated=utc_now(),
            grpc=identity.grpc,
            http=identity.http,
            server=identity.server,
            restarts=self._restarts,
            models=models,
        )
        try:
            write_report(self._store, report)
        except RegistryError as error:
            yield Unreachable(str(error))

    def stop(self) -> None:
        """End the server for good."""
        if self._engines is not None:
            self._engines.cancel()
        try:
            self._server.stop()
        finally:
            self._control.close()
            if self._engines is not None:
                self._engines.close()

    def leave(self) -> Iterator[Event]:
        """Report that nothing is served here any more, once it is stopped."""
        self._served.clear()
        self._standing = replace(self._standing, ready=False, served=0)
        if self._releases is not None:
            yield from self.report()

    def _stand(self) -> None:
        """To be ready for the first time takes an answer for every released model; from then on,
        for those that were served here, or a release that nobody can serve would make every node
        of a fleet unready at once. An older version will do, as it does elsewhere in the fleet.
        """
        released = (self._releases or {}).keys()
        owed = released & self._served.keys() if self._was_ready else released
        well = self._served.keys() - self._unwell
        heard = self._releases is not None
        ready = heard and owed <= well and self._server.running
        self._was_ready |= ready
        self._standing = Standing(ready, len(well), len(self._refusals), self._restarts)

    def _fall_ill(self, *models: str) -> None:
        """From now on, not from the end of the round, as what mends them can take minutes."""
        self._unwell.update(models)
        self._stand()

    def _started(self) -> Started:
        server = {"triton": self._control.version(), **self._identity.server}
        self._identity = replace(self._identity, server=server)
        return Started(self._server.pid or 0, self._identity.grpc, self._identity.http, server)

    def _advance(self, release: Release, served: Served | None) -> Event:
        model = release.model
        try:
            manifest = read_manifest(self._store, model, release.version)
            new = self._rollout.advance(manifest, served, self._progress)
        except SlipwayError as error:
            self._refusals.note(release, str(error))
            return Refused(model, release.version, served.version if served else None, str(error))
        self._served[model] = new
        self._unwell.discard(model)
        self._refusals.lift(model)
        return Serving(model, new.version, new.loaded, new.seconds)

    def _withdraw(self, model: str) -> Event:
        try:
            if self._server.running:
                self._rollout.withdraw(model)
            else:  # it serves nothing any more, and is not told to serve this again
                self._rollout.hide(model)
        except NodeError as error:
            return Lingering(model, str(error))
        del self._served[model]
        self._unwell.discard(model)
        return Withdrawn(model)

    def _reload(self, served: Served) -> None:
        """Unload and load, which reads everything afresh; then the golden request must pass."""
        self._rollout.unload(served.model)
        self._show(served)

    def _show(self, served: Served) -> None:
        self._rollout.show(served.model, served.loaded, served.engine)
        answered(self._control, served.model, served.version, served.golden)

    def _restart(self, reason: str) -> Iterator[Event]:
        """Start the server afresh with what was served. The registry is not needed for it."""
        self._fall_ill(*self._served)
        self._restarts += 1
        self._restarts_in_a_row += 1
        wait = self._backoff.after(self._restarts_in_a_row)
        yield Restarting(reason, wait)
        self._sleep(wait)  # what still answers does so meanwhile
        self._server.stop()
        try:
            self._server.start()
            yield self._started()
        except (ServerError, NodeError) as error:
            yield Down(str(error))
            return
        for _, served in sorted(self._served.items()):
            yield self._bring_back(served)

    def _bring_back(self, served: Served) -> Event:
        """Load what a fresh server is to serve. One that fails keeps no other from its turn."""
        model, version = served.model, served.version
        try:
            self._show(served)
        except NodeError as error:
            if served.onnx is not None:
                self._served[model] = served.onnx
                return self._bring_back(served.onnx)
            return Sick(model, version, str(error))
        self._unwell.discard(model)
        return Recovered(model, version, "a restart of the server")

    def _model_report(self, release: Release) -> ModelReport:
        served = self._served.get(release.model)
        return ModelReport(
            model=release.model,
            released=release.version,
            serving=served.version if served else None,
            loaded=served.loaded if served else (),
            seconds=dict(served.seconds) if served else {},
            reason=self._refusals.reason(release.model),
            engine=served.engine.key if served and served.engine else "",
            engine_note=self._engines.note(release.model) if self._engines else "",
        )
