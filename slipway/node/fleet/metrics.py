"""What a node says of its load: Triton's own counters, made into values of the last minute."""

import re
from collections.abc import Mapping
from typing import Protocol

from slipway import contract
from slipway.node.standing import Standing

PENDING = "nv_inference_pending_request_count"
QUEUED = "nv_inference_queue_duration_us"
ANSWERED = "nv_inference_request_success"
"""Triton's names, per model and version: a gauge, and two counters."""

UNITS = {
    contract.METRIC_PENDING: "Count",
    contract.METRIC_QUEUE_TIME: "Milliseconds",
    contract.METRIC_FAILED_RELEASES: "Count",
    contract.METRIC_SERVED_MODELS: "Count",
    contract.METRIC_RESTARTS: "Count",
}

SAMPLE = re.compile(rf"^({PENDING}|{QUEUED}|{ANSWERED})(\{{[^}}]*\}})? (\S+)", re.MULTILINE)

Series = Mapping[tuple[str, str], float]
"""Name and labels to value."""


class Publisher(Protocol):
    """Where metrics go. Raises `FleetError`."""

    def publish(self, values: Mapping[str, float]) -> None: ...


def read(text: str) -> Series:
    """The series wanted here, out of Prometheus' text format."""
    return {(name, labels): float(value) for name, labels, value in SAMPLE.findall(text)}


class Window:
    """The time between two publications: sampled often, summed up at its end."""

    def __init__(self) -> None:
        self._restarts = 0
        # The node started this Triton itself, so every counter began at nothing.
        self._last: Series = {}
        self._pending: list[float] = []
        self._queued = self._answered = 0.0

    def sample(self, text: str) -> None:
        """Take in what Triton's metrics endpoint says now."""
        series = read(text)
        self._pending.append(_total(series, PENDING))
        self._queued += _increase(self._last, series, QUEUED)
        self._answered += _increase(self._last, series, ANSWERED)
        self._last = series

    def close(self, standing: Standing, *, serving: bool) -> dict[str, float]:
        """The values of this window by the contract's names; the next one begins.

        Nothing about the queue is said where Triton did not answer: silence and zero differ. Nor of
        a server to which no clients are sent (`serving` is false): scaling takes the mean of all
        servers, and one that still loads its models would make the others look idle.
        """
        values = {
            contract.METRIC_FAILED_RELEASES: float(standing.failed),
            contract.METRIC_SERVED_MODELS: float(standing.served),
            contract.METRIC_RESTARTS: float(standing.restarts - self._restarts),
        }
        if self._pending and serving:
            values[contract.METRIC_PENDING] = sum(self._pending) / len(self._pending)
            milliseconds = self._queued / 1000
            values[contract.METRIC_QUEUE_TIME] = (
                milliseconds / self._answered if self._answered else 0.0
            )
        self._restarts = standing.restarts
        self._pending, self._queued, self._answered = [], 0.0, 0.0
        return values


def _total(series: Series, name: str) -> float:
    return sum(value for (each, _), value in series.items() if each == name)


def _increase(before: Series, now: Series, name: str) -> float:
    """How much the counters of a name grew. One that fell began anew, with the server or model."""
    grown = 0.0
    for key, value in now.items():
        if key[0] == name:
            last = before.get(key, 0.0)
            grown += value - last if value >= last else value
    return grown
