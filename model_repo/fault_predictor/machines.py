"""Generated pumps, run until they fail or are taken out. No real machine was measured.

Speed follows the load; flow, pressure and power follow the speed by the affinity laws of
centrifugal pumps (its first, second and third power). So the load moves all normal levels, further
than a fault has moved them a day before the failure. The rest is chosen to look like a plant:
levels differ from pump to pump, the day and the weather move the temperature, single sensors drift
without harm, jump, and drop out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from slipway.tensors import Array

from .signals import SENSORS
from .traces import Trace

HEALTHY_HOURS = (80, 260)
FAILING_HOURS = (60, 160)
"""From the first trace of a fault to the failure."""

Levels = dict[str, Array]
"""For each sensor one value an hour."""


@dataclass(frozen=True)
class Change:
    """What a fault does to one sensor: `size` at the failure, relative; in kelvin for temperature.

    It grows as the fault's severity to the power of `order`: a high one shows late.
    """

    size: float
    order: float = 1.0


FAULTS: Mapping[str, Mapping[str, Change]] = {
    "bearing wear": {
        "vibration": Change(1.0),
        "temperature": Change(12.0, order=2),
        "current": Change(0.02),
    },
    "seal leak": {
        "pressure": Change(-0.25),
        "flow": Change(0.12),
        "current": Change(0.06),
        "speed": Change(0.02),
    },
    "cooling loss": {"temperature": Change(24.0), "current": Change(0.03)},
    "imbalance": {"vibration": Change(1.0), "current": Change(0.12)},
}
"""A worn bearing rubs, and gets warm late. A leak takes pressure; the drive makes up for the flow.
An impeller out of balance shakes and costs power, but stays cool."""

NOISE = {
    "temperature": 0.5,
    "pressure": 0.015,
    "vibration": 0.07,
    "flow": 0.02,
    "current": 0.015,
    "speed": 0.003,
}
"""Standard deviation of one reading, relative; in kelvin for temperature."""
DRIFT = {
    "temperature": 2.0,
    "pressure": 0.02,
    "vibration": 0.10,
    "flow": 0.02,
    "current": 0.02,
    "speed": 0.0,
}
"""Standard deviation of what a sensor is off at the end of its record, grown steadily."""


def simulate(machine: int, failure: str, seed: int) -> Trace:
    """Pump number `machine` of the plant `seed`: the same whichever others are generated."""
    rng = np.random.default_rng([seed, machine])
    healthy = int(rng.integers(*HEALTHY_HOURS))
    failing = int(rng.integers(*FAILING_HOURS))
    hours = healthy + failing
    speed = 0.5 + 0.5 * _load(hours, rng)
    levels = _normal(speed, rng)
    if failure in FAULTS:
        levels = _with_fault(levels, FAULTS[failure], _severity(healthy, failing, rng), rng)
    readings = np.stack([_measured(name, levels[name], rng) for name in SENSORS], axis=1)
    observed = _observed(hours, rng)
    readings = np.where(observed, readings, 0).astype(np.float32)
    return Trace(f"pump {machine:03}", readings, observed, failure)


def _load(hours: int, rng: np.random.Generator) -> Array:
    """Share of full load: steps that last from hours to days, and some unrest."""
    lasts = 4 + rng.exponential(18, size=hours).astype(int)
    steps = np.repeat(rng.uniform(0.3, 1.0, size=hours), lasts)[:hours]
    return np.clip(steps + rng.normal(scale=0.015, size=hours), 0.2, 1.05)


def _normal(speed: Array, rng: np.random.Generator) -> Levels:
    """A healthy pump's levels at a `speed` relative to the fastest."""
    hours = np.arange(len(speed)) + rng.uniform(0, 24)
    weather = _lagged(rng.normal(scale=14, size=len(speed) + 120), 24)[120:]
    ambient = rng.uniform(17, 25) + 3 * np.sin(2 * np.pi * hours / 24) + weather
    power = 0.15 + 0.85 * speed**3

    def own(level: float, spread: float) -> float:
        """This pump's level, from those of its kind."""
        return level * float(np.exp(rng.normal(scale=spread)))

    return {
        "temperature": ambient + own(36, 0.05) * _lagged(power, 3),
        "pressure": own(8, 0.03) * speed**2,
        "vibration": own(2.2, 0.12) * (0.3 + 0.7 * speed**2),
        "flow": own(120, 0.03) * speed,
        "current": own(60, 0.03) * (0.3 + 0.7 * power),
        "speed": own(2950, 0.01) * speed,
    }


def _severity(healthy: int, failing: int, rng: np.random.Generator) -> Array:
    """How far the fault has come: 0 while healthy, then up to 1, slowly first."""
    progress = np.clip((np.arange(healthy + failing) - healthy) / failing, 0, 1)
    return progress ** rng.uniform(1.3, 2.6)


def _with_fault(
    levels: Levels, fault: Mapping[str, Change], severity: Array, rng: np.random.Generator
) -> Levels:
    strength = float(np.exp(rng.normal(scale=0.1)))
    changed = dict(levels)
    for name, change in fault.items():
        size = change.size * strength * severity**change.order
        changed[name] = levels[name] + (size if name == "temperature" else levels[name] * size)
    return changed


def _measured(name: str, level: Array, rng: np.random.Generator) -> Array:
    """With the sensor's noise, its harmless drift, and a reading far off now and then."""
    noise = rng.normal(scale=NOISE[name], size=len(level))
    jumps = rng.random(len(level)) < 0.003
    noise += jumps * rng.normal(scale=15 * NOISE[name], size=len(level))
    error = noise + rng.normal(scale=DRIFT[name]) * np.linspace(0, 1, len(level))
    measured: Array = level + error if name == "temperature" else level * np.maximum(1 + error, 0)
    return measured


def _observed(hours: int, rng: np.random.Generator) -> Array:
    """Which readings arrived: single ones are lost, a sensor is out for hours, or the whole log.

    One pump in twenty lacks a sensor.
    """
    sensors = len(SENSORS)
    observed = rng.random((hours, sensors)) > 0.02
    for sensor in range(sensors):
        for start in np.flatnonzero(rng.random(hours) < 0.005):
            observed[start : start + rng.integers(2, 13), sensor] = False
    for start in np.flatnonzero(rng.random(hours) < 0.003):
        observed[start : start + rng.integers(1, 7)] = False
    if rng.random() < 0.05:
        observed[:, rng.integers(sensors)] = False
    return observed


def _lagged(values: Array, hours: float) -> Array:
    """Each value eased into, as by a heat capacity with that time constant."""
    reach = int(5 * hours)
    weights = np.exp(-np.arange(reach) / hours)
    before = np.full(reach - 1, values[0])
    return np.convolve(np.concatenate([before, values]), weights / weights.sum(), mode="valid")
