"""Engines for this kind of server: here, in the registry, or built and then put there.

engines/<key>/1/sm-<capability>.plan    on this machine: a version's folder, as Triton wants it
engines/<key>/engine.json               what the registry says of it
engines/logs/<key>.log                  what trtexec printed when it was built here
"""

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from slipway import contract
from slipway.artefact import FileEntry
from slipway.engines import EngineSpec
from slipway.errors import IntegrityError, NodeError, NotFound
from slipway.files import hard_link, readable_json, sha256_of, staged_folder
from slipway.node.engines import lease
from slipway.node.engines.builder import Builder, BuildRequest, Built, Cancelled
from slipway.node.engines.command import log_of
from slipway.node.engines.configuration import Engine, plan_file
from slipway.node.engines.gpu import Gpu
from slipway.node.engines.inspection import check_share, inspect
from slipway.node.engines.record import EngineRecord, find_record, publish_record
from slipway.node.engines.target import Target
from slipway.registry.clock import utc_now
from slipway.registry.store import Store

RECORD_FILE = "engine.json"


@dataclass(frozen=True)
class Terms:
    """Seconds. `build` is longer than any build takes, with upload; after a failure nobody of the
    fleet tries again for `refusal`.
    """

    build: float = 2700.0
    refusal: float = 3600.0


@dataclass(frozen=True, eq=False)
class Order:
    """An engine that a version offers, built from `onnx`; `entry` is the manifest's on that."""

    spec: EngineSpec
    onnx: Path
    entry: FileEntry


@dataclass(frozen=True)
class Waiting:
    """Another server builds the engine."""

    node: str


@dataclass(frozen=True)
class EngineCache:
    """Used by one thread at a time. `clock` is UTC in seconds since 1970."""

    store: Store
    root: Path
    node: str
    gpu: Gpu
    builder: Builder
    terms: Terms = Terms()
    clock: Callable[[], float] = time.time

    def obtain(self, order: Order, cancelled: threading.Event) -> Engine | Waiting:
        """Fetch or build. Raises `NodeError` where it cannot be built or is not what it should be,
        `RegistryError` and `StorageFull`.
        """
        if cancelled.is_set():
            raise Cancelled("The engine was not fetched", why="its version is served no more")
        target = Target(self.gpu, self.builder.version())
        key = target.key(order.entry.sha256, order.spec, self.builder.options)
        engine = Engine(key, order.spec, self.gpu.capability, self.root / key / "1")
        if self._is_here(engine):
            return engine
        if record := find_record(self.store, key):
            return self._fetch(engine, record)
        now = self.clock()
        taken = lease.take(self.store, key, lease.Lease(self.node, now + self.terms.build), now)
        if isinstance(taken, lease.Held):
            return self._others(taken.lease)
        if record := find_record(self.store, key):  # it came between the two looks
            self._end(key, taken)
            return self._fetch(engine, record)
        return self._build(engine, order, target, taken, cancelled)

    def prune(self, keep: Collection[str]) -> None:
        """Remove every engine but those of these keys."""
        for folder in self.root.glob("[0-9a-f]*/1"):
            if folder.parent.name not in keep:
                shutil.rmtree(folder.parent)

    def _is_here(self, engine: Engine) -> bool:
        """Whether it is on this machine, whole: what the disk has lost is fetched anew."""
        folder = engine.folder.parent
        path = folder / RECORD_FILE
        if not path.is_file():
            return False
        record = EngineRecord.parse(path.read_bytes(), engine.key)
        plan = engine.folder / plan_file(engine.capability)
        if plan.is_file() and _is(plan, record):
            return True
        shutil.rmtree(folder)
        return False

    def _fetch(self, engine: Engine, record: EngineRecord) -> Engine:
        check_share(record.heavy_layers, engine.spec)
        with staged_folder(engine.folder.parent) as staged:
            plan = staged / "1" / plan_file(engine.capability)
            plan.parent.mkdir()
            try:
                self.store.download(contract.plan_key(record.key, record.plan_sha256), plan)
            except NotFound as error:
                raise _damaged(record, "there is no plan") from error
            if not _is(plan, record):
                raise _damaged(record, f"its plan has another hash, or not {record.plan_bytes} B")
            (staged / RECORD_FILE).write_bytes(readable_json(record.to_json()))
        return engine

    def _build(
        self,
        engine: Engine,
        order: Order,
        target: Target,
        taken: lease.Taken,
        cancelled: threading.Event,
    ) -> Engine:
        """Build, judge and publish; then it is fetched as any other server would."""
        self.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".build-", dir=self.root) as name:
            folder = Path(name)
            request = BuildRequest(order.onnx, order.spec, folder, self.root / target.timing_cache)
            try:
                built = self.builder.build(request, cancelled)
                record = self._judge(engine, order, target, built)
            except Cancelled:
                self._end(engine.key, taken)
                raise
            except NodeError as error:
                self._end(engine.key, taken, str(error))
                raise
            finally:
                self._keep_log(engine.key, folder)
            self.store.upload(contract.plan_key(record.key, record.plan_sha256), built.plan)
            published = publish_record(self.store, record)
            self._end(engine.key, taken)
            if published != record:
                return self._fetch(engine, published)
            with staged_folder(engine.folder.parent) as staged:
                (staged / "1").mkdir()
                hard_link(built.plan, staged / "1" / plan_file(engine.capability))
                (staged / RECORD_FILE).write_bytes(readable_json(record.to_json()))
        return engine

    def _judge(self, engine: Engine, order: Order, target: Target, built: Built) -> EngineRecord:
        size = built.plan.stat().st_size
        return EngineRecord(
            key=engine.key,
            plan_sha256=sha256_of(built.plan),
            plan_bytes=size,
            precision=order.spec.precision,
            gpu=self.gpu.name,
            capability=self.gpu.capability,
            tensorrt=str(target.tensorrt),
            heavy_layers=inspect(built.layers, order.spec, size, order.entry.size),
            build_seconds=round(built.seconds, 1),
            milliseconds=built.milliseconds,
            built_by=self.node,
            built=utc_now(),
        )

    def _others(self, held: lease.Lease) -> Waiting:
        """Raises `NodeError` where it was tried and could not be built, here or elsewhere."""
        if held.reason and held.node == self.node:
            raise NodeError(held.reason)
        if held.reason:
            raise NodeError(f"{held.node} could not build the engine", why=held.reason)
        return Waiting(held.node)

    def _end(self, key: str, taken: lease.Taken, reason: str = "") -> None:
        now = self.clock()
        until = now + self.terms.refusal if reason else now
        lease.end(self.store, key, taken, lease.Lease(self.node, until, reason))

    def _keep_log(self, key: str, folder: Path) -> None:
        log = log_of(folder)
        if log.is_file():
            kept = self.root / "logs" / f"{key}.log"
            kept.parent.mkdir(exist_ok=True)
            shutil.move(log, kept)


def _is(plan: Path, record: EngineRecord) -> bool:
    return plan.stat().st_size == record.plan_bytes and sha256_of(plan) == record.plan_sha256


def _damaged(record: EngineRecord, why: str) -> IntegrityError:
    return IntegrityError(
        f"The engine {record.key[:12]} is damaged in the registry",
        why=why,
        mend=f"Remove {contract.ENGINES}{record.key}/ there; it is built anew.",
    )
