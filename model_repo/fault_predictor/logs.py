"""A user's machines, read from a table of what their sensors read each hour.

Columns: machine, time, one for each sensor, failed. README.md documents them.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from slipway.errors import DataError
from slipway.formats import read_table
from slipway.tensors import Array

from .signals import NONE, SENSORS
from .traces import SHORTEST, Trace

COLUMNS = ("machine", "time", *SENSORS, "failed")
RUNNING = "no"
"""What `failed` says of every hour but a failed machine's last."""
MISSING = frozenset({"", "nan"})
LONGEST = 100_000
"""Hours of one machine, more than eleven years: beyond it a year was mistyped."""
HOUR = timedelta(hours=1)


def read_traces(path: Path) -> tuple[Trace, ...]:
    """The machines of a CSV file, or of all in a folder; hours without a row were not observed.

    Raises `DataError` for a table that does not have the documented form, and where two machines
    read the same, since one could be held out to be judged and the other learned from.
    """
    table = read_table(path, COLUMNS, optional=SENSORS)
    rows: dict[str, list[int]] = {}
    for row, machine in enumerate(table["machine"]):
        rows.setdefault(machine, []).append(row)
    traces = tuple(_trace(machine, table, own) for machine, own in rows.items())
    _refuse_copies(traces)
    return traces


def _trace(machine: str, table: Mapping[str, Sequence[str]], rows: Sequence[int]) -> Trace:
    times = [_hour(machine, table["time"][row]) for row in rows]
    first = min(times)
    hours = [(time - first) // HOUR for time in times]
    if len(set(hours)) < len(hours):
        twice = next(hour for hour in hours if hours.count(hour) > 1)
        raise DataError(
            f"Machine {machine} has two rows in the hour of {(first + twice * HOUR).isoformat()}",
            why="there is one for each hour",
            mend="Take the mean of each sensor.",
        )
    if max(hours) >= LONGEST:
        raise DataError(
            f"Machine {machine} has rows from {first} to {max(times)}",
            why=f"that is more than {LONGEST} hours",
            mend="Correct the times, or give each of its lives a name of its own.",
        )
    readings = np.zeros((max(hours) + 1, len(SENSORS)), dtype=np.float32)
    observed = np.zeros(readings.shape, dtype=np.bool_)
    for column, sensor in enumerate(SENSORS):
        for row, hour in zip(rows, hours, strict=True):
            value = _reading(machine, sensor, table[sensor][row])
            if value is not None:
                readings[hour, column], observed[hour, column] = value, True
    return Trace(machine, readings, observed, _failure(machine, table["failed"], rows, hours))


def _hour(machine: str, text: str) -> datetime:
    """The hour in which a time lies, in UTC where it says its zone."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(
            f"Machine {machine} has a row of the time '{text}'",
            why="it is no date and time of ISO 8601",
            mend="Write it like 2026-03-01T14:00.",
        ) from error
    if time.tzinfo:
        time = time.astimezone(UTC).replace(tzinfo=None)
    return time.replace(minute=0, second=0, microsecond=0)


def _reading(machine: str, sensor: str, text: str) -> float | None:
    """In the sensor's unit; None where it was not observed."""
    if text.lower() in MISSING:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        raise DataError(
            f"Machine {machine} has a {sensor} of '{text}'",
            why="it is no number",
            mend="Leave it empty, or write nan, where nothing was read.",
        )
    return value


def _failure(machine: str, failed: Sequence[str], rows: Sequence[int], hours: Sequence[int]) -> str:
    said = {hour: failed[row] for row, hour in zip(rows, hours, strict=True)}
    last = max(hours)
    early = [hour for hour, failure in said.items() if failure != RUNNING and hour < last]
    if early:
        raise DataError(
            f"Machine {machine} failed by '{said[early[0]]}' and has rows after that",
            why="a machine's rows end when it fails",
            mend="Give what ran after the repair a name of its own.",
        )
    return NONE if said[last] == RUNNING else said[last]


def _refuse_copies(traces: Sequence[Trace]) -> None:
    """Machines that share as many hours as a window has, each with another reading than before."""
    seen: dict[bytes, str] = {}
    for trace in traces:
        for block in _blocks(trace.readings):
            other = seen.setdefault(block, trace.machine)
            if other != trace.machine:
                raise DataError(
                    f"The machines {other} and {trace.machine} read the same for {SHORTEST} hours",
                    why="one could be learned from and the other be judged on",
                    mend="Give each machine once.",
                )


def _blocks(readings: Array) -> list[bytes]:
    """Every run of `SHORTEST` hours in which something changes from each hour to the next."""
    changes = (np.diff(readings, axis=0) != 0).any(axis=1)
    return [
        readings[start : start + SHORTEST].tobytes()
        for start in range(len(readings) - SHORTEST + 1)
        if changes[start : start + SHORTEST - 1].all()
    ]
