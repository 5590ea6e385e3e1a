"""Timings beside one baseline, each taken once for what was timed and the hardware it ran on."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from slipway.build.ingredients import KIT
from slipway.build.optimise.timing import LEAST_S, ROUNDS, Call, interleaved
from slipway.build.step import Workspace, hashes, key_of
from slipway.files import readable_json
from slipway.hardware import Hardware
from slipway.progress import Progress
from slipway.tensors import Array
from slipway.variants import Timing, timings_from_json

Inputs = Mapping[str, Array]
TIMINGS_FILE = "timings.json"
STEP = "timing"
CODE = (
    *("build/optimise/bench.py", "build/optimise/timing.py", "build/optimise/workload.py"),
    *("build/openvino.py", "build/session.py"),
)


@dataclass(frozen=True)
class System:
    """Something to be timed. `identity` decides its speed, as JSON values; `ready` gives a call for
    the inputs of one batch.
    """

    name: str
    identity: Any
    ready: Callable[[Inputs], Call]


@dataclass(frozen=True)
class Bench:
    """`batches` are the inputs for each batch size."""

    workspace: Workspace
    hardware: Hardware
    batches: Mapping[int, Inputs]
    baseline: System
    progress: Progress

    def try_out(self, system: System) -> None:
        """Run it once, unless it was timed before; whatever it raises is raised."""
        if not self._folder(system).is_dir():
            system.ready(self.batches[min(self.batches)])

    def time(self, systems: Sequence[System]) -> dict[str, tuple[Timing, ...]]:
        """By name. What is new is timed together, in rounds that are interleaved."""
        new = [system for system in systems if not self._folder(system).is_dir()]
        taken = self._take(new) if new else {}
        return {system.name: self._kept(system, taken.get(system.name)) for system in systems}

    def _take(self, systems: Sequence[System]) -> dict[str, tuple[Timing, ...]]:
        timings: dict[str, list[Timing]] = {system.name: [] for system in systems}
        for done, (size, inputs) in enumerate(self.batches.items()):
            calls = {system.name: system.ready(inputs) for system in (self.baseline, *systems)}

            seconds = interleaved(calls, progress=partial(self._told, done, size))
            for system in systems:
                beside = seconds[self.baseline.name]
                timings[system.name].append(Timing(size, seconds[system.name], beside))
        return {name: tuple(values) for name, values in timings.items()}

    def _told(self, batches: int, size: int, done: float, total: float, note: str = "") -> None:
        self.progress(batches + done / total, len(self.batches), f"batch {size}, {note}")

    def _kept(self, system: System, taken: tuple[Timing, ...] | None) -> tuple[Timing, ...]:
        def work(target: Path) -> None:
            assert taken is not None
            values = [asdict(timing) for timing in taken]
            (target / TIMINGS_FILE).write_bytes(readable_json(values))

        step = self.workspace.run(STEP, self._decided_by(system), work)
        return timings_from_json(json.loads((step.folder / TIMINGS_FILE).read_bytes()))

    def _folder(self, system: System) -> Path:
        return self.workspace.step(STEP) / key_of(STEP, self._decided_by(system))

    def _decided_by(self, system: System) -> Mapping[str, Any]:
        return {
            "code": hashes(KIT / path for path in CODE),
            "hardware": asdict(self.hardware),
            "settings": [ROUNDS, LEAST_S],
            "shapes": {
                size: {name: array.shape for name, array in inputs.items()}
                for size, inputs in self.batches.items()
            },
            "system": system.identity,
            "beside": self.baseline.identity,
        }
