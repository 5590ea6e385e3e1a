"""What the checks measure: values written as JSON by one step and read by the report."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class CheckResult:
    """One question asked of a served model, and whether the answer was right."""

    name: str
    protocol: str
    passed: bool
    detail: str
    milliseconds: float


@dataclass(frozen=True)
class AccuracyResult:
    """The metric through the endpoint, and the largest difference to `reference`'s own answers.

    That is `PyTorch`, or the `build` where the file that is served only comes near to PyTorch: the
    build recorded what it answers.
    """

    metric: str
    value: float
    examples: int
    difference: float
    tolerance: float
    reference: str = "PyTorch"

    @property
    def way(self) -> str:
        """What the difference lies between."""
        return f"{self.reference} to served"

    @property
    def passed(self) -> bool:
        return self.difference <= self.tolerance


@dataclass(frozen=True)
class LoadPoint:
    """What one concurrency gave over the windows that agreed.

    Throughput in requests per second; latencies in milliseconds as the client saw them. `queue_ms`
    and `compute_ms` are means per request from Triton's statistics over the same time;
    `transport_ms` is what is left of the client's mean. `batch` is the mean size of the batches
    Triton ran. The four are None where the server keeps its statistics for its node. `windows`
    holds the throughput of every window, the discarded ones too, and `error` the first of the
    `errors`.
    """

    concurrency: int
    throughput: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    mean_ms: float
    queue_ms: float | None
    compute_ms: float | None
    transport_ms: float | None
    batch: float | None
    requests: int
    errors: int
    stable: bool
    windows: tuple[float, ...]
    error: str = ""


@dataclass(frozen=True)
class PerfResult:
    """A closed-loop measurement of one served model on one machine."""

    model: str
    endpoint: str
    protocol: str
    request_batch: int
    machine: str
    points: tuple[LoadPoint, ...]

    @property
    def passed(self) -> bool:
        return all(point.stable and not point.errors for point in self.points)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "PerfResult":
        points = tuple(LoadPoint(**{**p, "windows": tuple(p["windows"])}) for p in value["points"])
        return cls(**{**value, "points": points})


@dataclass(frozen=True)
class StreamPoint:
    """What one number of streams at once gave over the windows that agreed.

    `tokens_per_s` counts the responses of all streams together: a generator sends one for each
    token. TTFT is the time from sending a request to its first token, ITL that from one token of a
    stream to its next; both in milliseconds, as the client saw them. `streams` came to their end,
    and gave `tokens` with those that had not. `windows` holds the tokens per second of every
    window, the discarded ones too, and `error` the first of the `errors`.
    """

    concurrency: int
    tokens_per_s: float
    ttft_p50_ms: float
    ttft_p99_ms: float
    itl_p50_ms: float
    itl_p99_ms: float
    streams: int
    tokens: int
    errors: int
    stable: bool
    windows: tuple[float, ...]
    error: str = ""


@dataclass(frozen=True)
class StreamResult:
    """A closed-loop measurement of one served generator on one machine."""

    model: str
    endpoint: str
    protocol: str
    machine: str
    points: tuple[StreamPoint, ...]

    @property
    def passed(self) -> bool:
        return all(point.stable and not point.errors for point in self.points)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "StreamResult":
        points = tuple(
            StreamPoint(**{**p, "windows": tuple(p["windows"])}) for p in value["points"]
        )
        return cls(**{**value, "points": points})
