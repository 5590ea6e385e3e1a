"""Engines for what is served: made ready in the background, compared, and put in its place.

A version is served from its ONNX file first, always. Building takes minutes, and the loop that
looks after the served models must not wait for it; so one thread fetches and builds, and the loop
asks for what it has done. Whatever fails leaves the ONNX file serving, and the reason in the node's
report.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from slipway.errors import SlipwayError, first_line
from slipway.node.engines.cache import EngineCache, Order, Waiting
from slipway.node.engines.comparison import compare
from slipway.node.engines.configuration import Engine
from slipway.node.events import Accelerated, ModelEvent, Unaccelerated
from slipway.node.rollout import Rollout, Served
from slipway.registry.manifest import Manifest

POLL = 30.0
"""Seconds between two looks at an engine that another server builds."""
AGAIN = 600.0
"""Seconds after which an engine that could not be had is asked for again."""


CLOSE = 8.0
"""Seconds that a build gets to end."""


@dataclass(frozen=True)
class Change:
    """What is served now, and what there is to tell."""

    served: Served
    event: ModelEvent


class Acceleration(Protocol):
    """What an agent on a server with a GPU does besides."""

    def advance(self, served: Mapping[str, Served], rollout: Rollout) -> Iterator[Change]:
        """Take the next step of every served model's engine, without waiting for a build."""
        ...

    def note(self, model: str) -> str:
        """How a model's engine stands, in a sentence; empty where none is offered."""
        ...

    def cancel(self) -> None:
        """Begin nothing any more, and end what is under way; returns at once."""
        ...

    def close(self) -> None:
        """Wait a little for what was cancelled."""
        ...


@dataclass
class _Work:
    """The engines that one served version offers, and when each may be asked for: never again once
    it was judged.
    """

    version: int
    due: dict[Order, float]
    cancelled: threading.Event = field(default_factory=threading.Event)
    order: Order | None = None
    pending: "Future[Engine | Waiting] | None" = None
    swapped: bool = False
    note: str = ""


class Engines:
    """Not thread-safe: the agent's loop calls it. One engine is made ready at a time."""

    def __init__(self, cache: EngineCache, clock: Callable[[], float] = time.monotonic) -> None:
        self._cache = cache
        self._clock = clock
        self._work: dict[str, _Work] = {}
        self._one_at_a_time = threading.Lock()

    def advance(self, served: Mapping[str, Served], rollout: Rollout) -> Iterator[Change]:
        self._keep_to(served)
        for _, now in sorted(served.items()):
            work = self._work_on(now, rollout)
            if change := self._step(work, now, rollout):
                yield change

    def note(self, model: str) -> str:
        return self._work[model].note if model in self._work else ""

    def cancel(self) -> None:
        for work in self._work.values():
            work.cancelled.set()

    def close(self) -> None:
        self.cancel()
        wait([work.pending for work in self._work.values() if work.pending], CLOSE)

    def _keep_to(self, served: Mapping[str, Served]) -> None:
        """Drop what was begun for versions that are served no more, and engines nobody needs."""
        for model, work in list(self._work.items()):
            now = served.get(model)
            if now is None or now.version != work.version:
                work.cancelled.set()
                del self._work[model]
        if not any(work.pending for work in self._work.values()):
            self._cache.prune({now.engine.key for now in served.values() if now.engine})

    def _work_on(self, now: Served, rollout: Rollout) -> _Work:
        if now.model not in self._work:
            content = rollout.repository.content
            manifest = content.manifest(now.model, now.version)
            orders = _orders(manifest, content.version(now.model, now.version))
            due = dict.fromkeys(orders, -math.inf)
            self._work[now.model] = _Work(now.version, due)
        return self._work[now.model]

    def _step(self, work: _Work, now: Served, rollout: Rollout) -> Change | None:
        if work.swapped:
            return self._fell_back(work, now) if now.engine is None else None
        if work.pending is None or work.order is None:
            self._begin(work)
            return None
        if not work.pending.done():
            return None
        order, pending, work.pending = work.order, work.pending, None
        try:
            outcome = pending.result()
        except Exception as error:  # noqa: BLE001 - whatever it was, what serves goes on
            return self._refuse(work, now, order, error, self._clock() + AGAIN)
        if isinstance(outcome, Waiting):
            work.due[order] = self._clock() + POLL
            work.note = f"ONNX is served, {outcome.node} builds the engine"
            return None
        try:
            return self._swap(work, now, outcome, rollout)
        except SlipwayError as error:
            return self._refuse(work, now, order, error, math.inf)

    def _begin(self, work: _Work) -> None:
        """Have the first that is due made ready."""
        now = self._clock()
        order = next((order for order, due in work.due.items() if now >= due), None)
        if order is not None:
            work.order = order
            work.pending = self._in_background(order, work.cancelled)
            work.note = (
                work.note or f"ONNX is served, its {order.spec.precision} engine is made ready"
            )

    def _in_background(
        self, order: Order, cancelled: threading.Event
    ) -> "Future[Engine | Waiting]":
        """A daemon thread, as a node that stops waits for no download."""
        future: Future[Engine | Waiting] = Future()

        def obtain() -> None:
            try:
                with self._one_at_a_time:
                    future.set_result(self._cache.obtain(order, cancelled))
            except BaseException as error:  # noqa: BLE001 - it is raised by whoever asks the future
                future.set_exception(error)

        threading.Thread(target=obtain, name="engine", daemon=True).start()
        return future

    def _swap(self, work: _Work, now: Served, engine: Engine, rollout: Rollout) -> Change:
        result = compare(rollout, now, engine)
        new = rollout.accelerate(now, engine)
        precision = engine.spec.precision
        work.swapped = True
        work.note = (
            f"a {precision} engine is served, {result.gain:.2f} times as fast as ONNX Runtime "
            f"({result.engine:.2f} ms against {result.onnx:.2f} ms)"
        )
        event = Accelerated(
            now.model, now.version, engine.key, precision, result.onnx, result.engine
        )
        return Change(new, event)

    def _refuse(
        self, work: _Work, now: Served, order: Order, error: Exception, again: float
    ) -> Change | None:
        """Say so once, not each time that it is the same."""
        work.due[order] = again
        reason = first_line(error)
        note = f"ONNX is served: {reason}"
        if note == work.note:
            return None
        work.note = note
        return Change(now, Unaccelerated(now.model, now.version, reason))

    def _fell_back(self, work: _Work, now: Served) -> Change:
        """The agent could not bring a sick engine back, and serves ONNX again."""
        why = "its engine was served, failed, and did not come back"
        work.swapped, work.due, work.note = False, {}, f"ONNX is served: {why}"
        return Change(now, Unaccelerated(now.model, now.version, why))


def _orders(manifest: Manifest, folder: Path) -> Iterator[Order]:
    entries = {entry.path: entry for entry in manifest.artefact.files}
    for spec in manifest.artefact.engines:
        yield Order(spec, folder / spec.source, entries[spec.source])
