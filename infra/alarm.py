"""What an alarm is, apart from any environment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from infra.metrics import Published
from infra.settings import ObservabilitySettings

RUNBOOK = "docs/operations.md"

PAGE = "page"
"""Requests fail or will soon: somebody has to look now."""
TICKET = "ticket"
"""Can wait until the morning."""

_WAKING_MINUTES = 20
MINUTE, FIVE_MINUTES, QUARTER = 60, 300, 900
"""Seconds."""


@dataclass(frozen=True)
class Alarm:
    """One alarm, in whichever environment.

    `readings` maps the names used in `expression` to metrics; without an expression there is one
    reading, and it is compared itself. The alarm speaks when the value is above `threshold` (in
    `unit`) in `datapoints` of the last `periods` of `period` seconds. `missing` is CloudWatch's
    treatment of absent values. `wakes`: needs the time that servers take to start, where they are
    stopped at times. `rolls_back`: whether it ends an instance refresh or an ECS deployment.
    """

    key: str
    severity: str
    meaning: str
    readings: Mapping[str, Published]
    threshold: Callable[[ObservabilitySettings], float]
    unit: str
    expression: str = ""
    period: int = MINUTE
    periods: int = 5
    datapoints: int = 5
    missing: str = "notBreaching"
    wakes: bool = False
    rolls_back: bool = False

    @property
    def anchor(self) -> str:
        return f"{RUNBOOK}#{self.key}"

    @property
    def description(self) -> str:
        return f"[{self.severity}] {self.meaning} What to do: {self.anchor}"

    @property
    def per_target_group(self) -> bool:
        return any("TargetGroup" in reading.dimensions for reading in self.readings.values())

    def name(self, prefix: str, label: str = "") -> str:
        """In CloudWatch: `slipway-prod-errors`, or `slipway-prod-unhealthy-grpc`."""
        return "-".join(part for part in (prefix, self.key, label) if part)

    def patient(self) -> "Alarm":
        """As long as servers need to start."""
        periods = max(self.periods, _WAKING_MINUTES * 60 // self.period)
        return replace(self, periods=periods, datapoints=periods)


def above(value: float) -> Callable[[ObservabilitySettings], float]:
    """The same limit in every environment."""
    return lambda _settings: value


def percent(failed: str, whole: str) -> str:
    """Of the whole; nothing while few failed in a minute: one of two at night wakes nobody up."""
    return f"IF({failed} >= 5, 100 * {failed} / {whole}, 0)"


def larger(one: str, other: str) -> str:
    """Of two expressions, at each point in time."""
    return f"IF({one} > {other}, {one}, {other})"


def with_stat(metric: Published, stat: str) -> Published:
    """The metric read in another way than usual."""
    return replace(metric, stat=stat)
