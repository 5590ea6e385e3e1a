"""Windows of machines, shipped ones generated (machines.py), a user's own read (logs.py).

Both parts hold whole machines: windows of one machine overlap, so a machine seen in training would
give its held-out windows away. Who is held out is decided by a hash of the machines' names, in
whatever order they come, and of each failure it is the same share.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from slipway.dataset import Data, Sources
from slipway.errors import DataError
from slipway.tensors import Array

from .logs import read_traces
from .machines import simulate
from .signals import FAILURES, MODES, NONE, WINDOW
from .traces import SHORTEST, Trace, windows

MACHINES = 600
SEED = 0
OUTCOMES = (NONE, NONE, *FAILURES)
"""Of the generated machines, in turn: a third is taken out before it fails."""
HOLDOUT = 0.2
EVERY = 2
"""Hours between two windows of a machine."""
HIDDEN = 0.15
"""Share of sensors that training takes from a window."""


@lru_cache(maxsize=1)
def load(sources: Sources) -> Data:
    """Windows of the machines to learn from and, of others, those to be judged on.

    Inputs `readings`, FP32, and `observed`, BOOL (windows, WINDOW, sensors); targets FP32 (windows,
    5), as `windows` in traces.py has them.
    They are kept, since every network that is built takes its scales from them. Raises `DataError`.
    """
    traces = read_traces(sources.data) if sources.data else plant()
    train, holdout = split(traces)
    return Data(train=windows(train, EVERY), holdout=windows(holdout, EVERY))


def plant(machines: int = MACHINES, seed: int = SEED) -> tuple[Trace, ...]:
    """The generated machines."""
    return tuple(simulate(k, OUTCOMES[k % len(OUTCOMES)], seed) for k in range(machines))


def split(traces: Sequence[Trace]) -> tuple[tuple[Trace, ...], tuple[Trace, ...]]:
    """Machines to learn from, and machines held out; those too short for a window are neither.

    Raises `DataError` where either part would have no failure.
    """
    alike: dict[str, list[Trace]] = {mode: [] for mode in MODES}
    for trace in sorted(traces, key=lambda t: hashlib.sha256(t.machine.encode()).digest()):
        if trace.judged_hours >= SHORTEST:
            alike[trace.failure].append(trace)
    train: list[Trace] = []
    holdout: list[Trace] = []
    for machines in alike.values():
        held = min(max(1, round(HOLDOUT * len(machines))), max(0, len(machines) - 1))
        holdout += machines[:held]
        train += machines[held:]
    for part, kept in (("learned from", train), ("held out", holdout)):
        if not any(trace.fails for trace in kept):
            raise DataError(
                f"Of {len(traces)} machines none that failed can be {part}",
                why=f"a machine is in one part alone, and has {SHORTEST} hours at least",
                mend="Bring two machines of each failure or more.",
            )
    return tuple(train), tuple(holdout)


def augment(inputs: Mapping[str, Array], rng: np.random.Generator) -> Mapping[str, Array]:
    """Hide sensors, some windows' each for itself, and in every other batch begin later.

    `readings` and `observed` are (windows, steps, sensors); a short window loses more of its hours.
    """
    readings, observed = inputs["readings"], inputs["observed"]
    hidden = rng.random((len(readings), 1, readings.shape[2])) < HIDDEN
    start = rng.integers(0, WINDOW - SHORTEST + 1) if rng.random() < 0.5 else 0
    observed = (observed & ~hidden)[:, start:]
    return {"readings": np.where(observed, readings[:, start:], 0), "observed": observed}
