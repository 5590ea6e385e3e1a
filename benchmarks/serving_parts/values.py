"""What passes between the benchmark and its processes."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

NS_PER_MS = 1e6


@dataclass(frozen=True)
class Load:
    """What one process measured. `cpu_s` is what the process itself used of the machine."""

    throughput: float
    p50_ms: float
    p99_ms: float
    requests: int
    errors: int
    cpu_s: float

    @classmethod
    def of(
        cls, latencies_ns: Sequence[int], seconds: float, rows: int, errors: int, cpu_s: float
    ) -> "Load":
        """Latencies of requests of `rows` rows each that ended within `seconds`."""
        if not latencies_ns:
            return cls(0.0, 0.0, 0.0, 0, errors, cpu_s)
        p50, p99 = np.percentile(latencies_ns, [50, 99], method="inverted_cdf") / NS_PER_MS
        count = len(latencies_ns)
        return cls(rows * count / seconds, float(p50), float(p99), count, errors, cpu_s)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Measurement:
    """One system under one load in one round.

    `others_cores` is how many cores other programs used meanwhile; a measurement that was disturbed
    is repeated, and kept in the raw numbers with `kept` false.
    """

    system: str
    concurrency: int
    round: int
    load: Load
    others_cores: float
    kept: bool = True

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Measurement":
        return cls(**{**value, "load": Load(**value["load"])})


class Clock:
    """Time and own CPU time since it was made."""

    def __init__(self) -> None:
        self._started, self._cpu = time.perf_counter(), time.process_time()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started

    @property
    def cpu_s(self) -> float:
        return time.process_time() - self._cpu
