"""What people who keep machines running look at: alarms over time, lead times, telling sensors."""

import itertools
from collections.abc import Iterator, Mapping

import numpy as np

from slipway.exhibits import Bars, Exhibit, Lines, Series, View
from slipway.metrics.detection import (
    DUE,
    FALSE_ALARMS,
    HOUR,
    LEFT,
    MACHINE,
    THRESHOLD,
    alarms,
    judge,
)
from slipway.tensors import Array

from .baseline import TITLE
from .signals import FAILURES, HORIZON, MODES, SENSORS
from .traces import MODE

MODEL = "LSTM"
FARTHEST = 4 * HORIZON
"""Hours before a failure that curves go back."""
MOST = 4 * FALSE_ALARMS
"""False-alarm rate up to which the recall is shown."""
CLOSE = HORIZON // 2
"""Hours before a failure in which a sensor's part in the risk is measured."""


def exhibits(view: View) -> Iterator[Exhibit]:
    targets = view.data.holdout.targets
    risks = {MODEL: view.outputs["risk"][:, 0], TITLE: view.baseline["risk"][:, 0]}
    for failure in FAILURES:
        rows = _typical(failure, risks[MODEL], targets)
        if len(rows):
            yield _failing(failure, rows, risks, targets)
    rows = _most_suspected(risks[MODEL], targets)
    if len(rows):
        yield _healthy(rows, risks, targets)
    yield _operating_curve(risks, targets)
    yield _lead_times(risks, targets)
    yield _alarms_by_distance(risks, targets)
    yield _by_failure(risks[MODEL], targets)
    for failure in FAILURES:
        rows = np.flatnonzero(
            (targets[:, MODE] == MODES.index(failure)) & (targets[:, LEFT] <= CLOSE)
        )
        if len(rows):
            yield _attribution(failure, rows, view)


def _machines(failure: str, targets: Array) -> Array:
    """The held-out machines that failed so."""
    machines: Array = np.unique(targets[targets[:, MODE] == MODES.index(failure), MACHINE])
    return machines


def _in_time(machine: float, targets: Array) -> Array:
    """The windows of one machine, in their order."""
    rows = np.flatnonzero(targets[:, MACHINE] == machine)
    ordered: Array = rows[np.argsort(targets[rows, HOUR])]
    return ordered


def _typical(failure: str, risk: Array, targets: Array) -> Array:
    """The windows of the machine with the median lead time of those that failed so."""
    machines = [_in_time(machine, targets) for machine in _machines(failure, targets)]
    on = alarms(risk, targets)
    machines.sort(key=lambda rows: judge(on[rows], targets[rows]).leads[0])
    return machines[len(machines) // 2] if machines else np.array([], dtype=np.int64)


def _most_suspected(risk: Array, targets: Array) -> Array:
    """The windows of the machine that did not fail and had the highest risk."""
    failed = np.unique(targets[np.isfinite(targets[:, LEFT]), MACHINE])
    rows = np.flatnonzero(~np.isin(targets[:, MACHINE], failed))
    if not len(rows):
        return rows
    return _in_time(targets[rows[risk[rows].argmax()], MACHINE], targets)


def _failing(failure: str, rows: Array, risks: Mapping[str, Array], targets: Array) -> Lines:
    before = -targets[rows, LEFT]
    on = alarms(risks[MODEL][rows], targets[rows])
    lead = judge(on, targets[rows]).leads[0]
    first = (("alarm", -lead),) if lead else ()
    early = int(np.count_nonzero(on & (targets[rows, DUE] == 0)))
    return Lines(
        title=f"Alarms before a failure: {failure}",
        x_label="hours, the failure at 0",
        y_label="risk",
        series=tuple(Series.of(name, before, risk[rows]) for name, risk in risks.items()),
        levels=(("threshold", THRESHOLD),),
        marks=(*first, ("failure", 0.0)),
        note=f"The held-out pump with the median lead time of this failure: {lead:.0f} hours. "
        f"Before the last {HORIZON} hours {early} of its windows had an alarm.",
    )


def _healthy(rows: Array, risks: Mapping[str, Array], targets: Array) -> Lines:
    on = np.count_nonzero(alarms(risks[MODEL][rows], targets[rows]))
    return Lines(
        title="Alarms of a healthy pump",
        x_label="hours since its start",
        y_label="risk",
        series=tuple(
            Series.of(name, targets[rows, HOUR], risk[rows]) for name, risk in risks.items()
        ),
        levels=(("threshold", THRESHOLD),),
        note=f"Of the held-out pumps that did not fail the one with the highest risk: {on} of "
        f"{len(rows)} windows had an alarm.",
    )


def _operating_curve(risks: Mapping[str, Array], targets: Array) -> Lines:
    curves = []
    for name, risk in risks.items():
        thresholds = np.unique(np.quantile(risk, np.linspace(1 - 2 * MOST, 1, 60)))
        found = [judge(alarms(risk, targets, threshold), targets) for threshold in thresholds]
        shown = [each for each in found if each.false_alarm_rate <= MOST]
        x = tuple(each.false_alarm_rate for each in shown)
        curves.append(Series(name, x, tuple(each.recall for each in shown)))
        used = judge(alarms(risk, targets), targets)
        curves.append(Series(f"{name} in use", (used.false_alarm_rate,), (used.recall,)))
    return Lines(
        title="Recall against false alarms",
        x_label="false-alarm rate: share of windows with no failure due",
        y_label="share of failures announced",
        series=tuple(curves),
        marks=(("allowed", FALSE_ALARMS),),
        note=f"Over thresholds. In use is {THRESHOLD}, the same for every model and all data.",
    )


def _lead_times(risks: Mapping[str, Array], targets: Array) -> Lines:
    hours = np.arange(FARTHEST + 1)
    curves = []
    for name, risk in risks.items():
        leads = np.array(judge(alarms(risk, targets), targets).leads)
        share = np.array([(leads >= max(hour, 1)).mean() for hour in hours])
        curves.append(Series.of(name, -hours[::-1], share[::-1]))
    return Lines(
        title="Lead times",
        x_label="hours, the failure at 0",
        y_label="share of failures announced",
        series=tuple(curves),
        marks=(("horizon", -float(HORIZON)),),
        note="From when the alarm came on that was first within the horizon.",
    )


def _alarms_by_distance(risks: Mapping[str, Array], targets: Array) -> Lines:
    edges = np.arange(0, FARTHEST + 1, HORIZON // 6)
    places = [
        rows
        for low, high in itertools.pairwise(edges)
        if len(rows := np.flatnonzero((targets[:, LEFT] > low) & (targets[:, LEFT] <= high)))
    ]
    before = np.array([-targets[rows, LEFT].mean() for rows in places])
    safe = np.isinf(targets[:, LEFT])
    on = {name: alarms(risk, targets) for name, risk in risks.items()}
    note = "Alarms farther ahead than the horizon count as false, though the fault may be there."
    if safe.any():
        rates = ", ".join(f"{name} {alarm[safe].mean():.1%}" for name, alarm in on.items())
        note = f"{note} Of machines that did not fail: {rates}."
    return Lines(
        title="Alarms on the way to a failure",
        x_label="hours, the failure at 0",
        y_label="share of windows with an alarm",
        series=tuple(
            Series.of(name, before, np.array([alarm[rows].mean() for rows in places]))
            for name, alarm in on.items()
        ),
        marks=(("horizon", -float(HORIZON)),),
        note=note,
    )


def _by_failure(risk: Array, targets: Array) -> Bars:
    on = alarms(risk, targets)
    rows = []
    for failure in FAILURES:
        machines = _machines(failure, targets)
        own = np.isin(targets[:, MACHINE], machines)
        if len(machines):
            rows.append((f"{failure} ({len(machines)})", judge(on[own], targets[own]).recall))
    return Bars(
        title="Failures announced, of each mode",
        x_label="share",
        rows=tuple(rows),
        note="In brackets: how many of the held-out pumps failed so.",
    )


def _attribution(failure: str, rows: Array, view: View) -> Bars:
    """How much the risk falls when a sensor is taken from the windows before failures."""
    inputs = {name: array[rows] for name, array in view.data.holdout.inputs.items()}
    risk = float(view.outputs["risk"][rows].mean())
    falls = []
    for place, sensor in enumerate(SENSORS):
        shown = np.arange(len(SENSORS)) != place
        without = {
            "readings": np.where(shown, inputs["readings"], np.float32(0)),
            "observed": inputs["observed"] & shown,
        }
        falls.append((sensor, risk - float(view.answer(without)["risk"].mean())))
    return Bars(
        title=f"What tells of {failure}",
        x_label="fall of the risk without the sensor",
        rows=tuple(sorted(falls, key=lambda fall: -fall[1])),
        note=f"Mean over {len(rows)} windows in the last {CLOSE} hours before the failure, whose "
        f"risk is {risk:.2f}.",
    )
