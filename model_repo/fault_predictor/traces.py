"""What a machine's sensors read from its start to its end, and the windows cut from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from slipway.dataset import Split
from slipway.errors import DataError
from slipway.tensors import Array

from .signals import HORIZON, MODES, NONE, SENSORS, WINDOW

SHORTEST = 12
"""Hours that a window has at least."""
MODE = 4
"""The column of the targets, after those that `slipway.metrics.detection` names."""
NEVER = np.inf
"""Hours to the failure of a machine that was taken out before it failed."""


@dataclass(frozen=True)
class Trace:
    """One machine's life: `readings` (hours, sensors) in their units, and which were `observed`.

    The machine fails in the hour after the last, in the mode `failure`; with "none" it was taken
    out before it did. What was not observed reads 0.
    """

    machine: str
    readings: Array
    observed: Array
    failure: str = NONE

    def __post_init__(self) -> None:
        if self.failure not in MODES:
            raise DataError(
                f"Machine {self.machine} failed by '{self.failure}'",
                why=f"the failures known are {', '.join(MODES[1:])}",
                mend="Name it so, or change FAILURES in signals.py.",
            )
        if self.readings.shape != self.observed.shape or self.readings.shape[1] != len(SENSORS):
            raise DataError(
                f"Machine {self.machine} has readings of the shape {self.readings.shape}",
                why=f"those observed have {self.observed.shape}, and there are {len(SENSORS)}",
                mend="Give both as (hours, sensors).",
            )

    @property
    def fails(self) -> bool:
        return self.failure != NONE

    @property
    def judged_hours(self) -> int:
        """Up to which hour it is known whether a failure was within the horizon."""
        return len(self.readings) if self.fails else len(self.readings) - HORIZON


def windows(traces: Sequence[Trace], every: int) -> Split:
    """The last `WINDOW` hours, or fewer near a machine's start, as seen `every` so many hours.

    Inputs are (windows, WINDOW, sensors), padded at the end. Targets are rows of machine (its
    place in `traces`), hour, hours to failure, whether that is within the horizon (0 or 1), and
    the mode to be told (its place in MODES).
    """
    ends = [(k, end) for k, trace in enumerate(traces) for end in _ends(trace, every)]
    readings = np.zeros((len(ends), WINDOW, len(SENSORS)), dtype=np.float32)
    observed = np.zeros(readings.shape, dtype=np.bool_)
    targets = np.empty((len(ends), 5), dtype=np.float32)
    for row, (k, end) in enumerate(ends):
        trace, start = traces[k], max(0, end - WINDOW)
        readings[row, : end - start] = trace.readings[start:end]
        observed[row, : end - start] = trace.observed[start:end]
        left = len(trace.readings) + 1 - end if trace.fails else NEVER
        due = left <= HORIZON
        targets[row] = (k, end, left, due, MODES.index(trace.failure) if due else 0)
    return Split({"readings": readings, "observed": observed}, targets)


def _ends(trace: Trace, every: int) -> Iterator[int]:
    """Counted back from the last hour that is judged, in the order of time."""
    return reversed(range(trace.judged_hours, SHORTEST - 1, -every))
