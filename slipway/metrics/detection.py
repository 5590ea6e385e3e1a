"""How many failures are announced in time, and how often there is an alarm without one.

A model sees a machine through windows, one after the other, and gives each a risk. The targets of a
window are a row whose first columns are MACHINE (a number), HOUR (when it ends), LEFT (hours to the
machine's failure, infinite where none is known) and DUE (1 where that is within the horizon).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from slipway.metrics.scores import Scores
from slipway.tensors import Array

MACHINE, HOUR, LEFT, DUE = range(4)

THRESHOLD = 0.25
"""A risk from which an alarm pays where a failure nobody saw coming costs four times the visit,
which is paid in either case: expected costs are then least (Elkan, "The foundations of
cost-sensitive learning", 2001). It is fixed: no evaluation adjusts it.
"""
FALSE_ALARMS = 0.05
"""The largest share of windows, of those with no failure due, that may have an alarm."""


@dataclass(frozen=True)
class Detection:
    """What alarms come to. `leads` has one entry for each failure: hours from when the alarm came
    on that was the first within the horizon; 0 where there was none.
    """

    leads: tuple[float, ...]
    false_alarm_rate: float
    precision: float
    window_recall: float

    @property
    def recall(self) -> float:
        """Share of the failures announced; 0 where nothing failed, as nothing is shown then."""
        return float(np.mean([lead > 0 for lead in self.leads])) if self.leads else 0.0


def alarms(risk: Array, targets: Array, threshold: float = THRESHOLD) -> Array:
    """In which windows the alarm is on: the risk counts here and in the machine's window before."""
    high = risk.reshape(-1) >= threshold
    order = np.lexsort((targets[:, HOUR], targets[:, MACHINE]))
    machine, sorted_high = targets[order, MACHINE], high[order]
    on = np.zeros(len(high), dtype=np.bool_)
    on[order[1:]] = sorted_high[1:] & sorted_high[:-1] & (machine[1:] == machine[:-1])
    return on


def judge(on: Array, targets: Array) -> Detection:
    """Compare alarms with what happened."""
    due = targets[:, DUE] > 0
    order = np.argsort(targets[:, HOUR], kind="stable")
    leads = []
    for machine in np.unique(targets[due, MACHINE]):
        own = order[targets[order, MACHINE] == machine]
        leads.append(_lead(on[own], targets[own]))
    return Detection(
        leads=tuple(leads),
        false_alarm_rate=_share(on, among=~due),
        precision=_share(due, among=on),
        window_recall=_share(on, among=due),
    )


def recall(outputs: Mapping[str, Array], targets: Array) -> Scores:
    """Share of failures announced within the horizon, or 0 with too many false alarms.

    The output `risk` has the shape (windows, 1). Nothing is adjusted to the data judged:
    `THRESHOLD` and `FALSE_ALARMS` are fixed.
    """
    on = alarms(outputs["risk"], targets)
    found = judge(on, targets)
    due = targets[:, DUE] > 0
    counts = tuple(
        tuple(int(np.sum((due == failing) & (on == said))) for said in (False, True))
        for failing in (False, True)
    )
    leads = [lead for lead in found.leads if lead > 0]
    return Scores(
        value=found.recall if found.false_alarm_rate <= FALSE_ALARMS else 0.0,
        examples=len(targets),
        confusion=counts,
        classes=("none due", "due"),
        figures={
            "failures": float(len(found.leads)),
            "failures announced": found.recall,
            "false-alarm rate": found.false_alarm_rate,
            "median lead time in hours": float(np.median(leads)) if leads else 0.0,
            "precision of alarms": found.precision,
            "recall of windows": found.window_recall,
        },
    )


def _lead(on: Array, targets: Array) -> float:
    """Of one machine's windows, in the order of time."""
    within = np.flatnonzero(on & (targets[:, DUE] > 0))
    if not len(within):
        return 0.0
    off = np.flatnonzero(~on[: within[0]])
    return float(targets[off[-1] + 1 if len(off) else 0, LEFT])


def _share(what: Array, among: Array) -> float:
    return float(what[among].mean()) if among.any() else 0.0
