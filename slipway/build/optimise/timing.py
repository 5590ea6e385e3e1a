"""Systems timed side by side: in rounds that are interleaved, so that a machine which slows down
slows all of them.
"""

import time
from collections.abc import Callable, Mapping
from statistics import median

from slipway.progress import Progress, silent

Call = Callable[[], object]
Clock = Callable[[], float]

ROUNDS = 9
LEAST_S = 0.1
"""Seconds that a system runs in each round, and is warmed up before the first."""
UNCOUNTED = 2
"""Calls at the beginning of a turn, while the threads of the system before still spin."""
LEAST_CALLS = 3


def interleaved(
    systems: Mapping[str, Call],
    *,
    rounds: int = ROUNDS,
    least: float = LEAST_S,
    clock: Clock = time.perf_counter,
    progress: Progress = silent,
) -> dict[str, tuple[float, ...]]:
    """Seconds of each system's median call in each round; another one begins each time."""
    for call in systems.values():
        _turn(call, least, clock)
    names = list(systems)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in (*names[first:], *names[:first]):
            seconds[name].append(_turn(systems[name], least, clock))
        progress(number + 1, rounds, f"round {number + 1} of {rounds}")
    return {name: tuple(values) for name, values in seconds.items()}


def _turn(call: Call, least: float, clock: Clock) -> float:
    for _ in range(UNCOUNTED):
        call()
    taken: list[float] = []
    until = clock() + least
    while len(taken) < LEAST_CALLS or clock() < until:
        before = clock()
        call()
        taken.append(clock() - before)
    return median(taken)
