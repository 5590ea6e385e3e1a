"""How much of the machine other programs use while something is measured."""

import os
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


class Others:
    """CPU that neither this process nor any below it used, since it was made."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._busy, self._ours = _busy_s(), _ours_s(os.getpid())

    def cores(self) -> float:
        seconds = time.perf_counter() - self._started
        others = (_busy_s() - self._busy) - (_ours_s(os.getpid()) - self._ours)
        return max(0.0, others / seconds)


def _busy_s() -> float:
    """Of all cores: everything but idle and waiting for storage."""
    ticks = [int(n) for n in (PROC / "stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / TICKS


def _ours_s(pid: int) -> float:
    """A process, its ended children, and all that live below it."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        tasks = list((PROC / str(pid) / "task").iterdir())
        children = [c for task in tasks for c in (task / "children").read_text().split()]
    except OSError:  # it ended meanwhile, and its time has gone to its parent
        return 0.0
    return sum(int(n) for n in fields[11:15]) / TICKS + sum(_ours_s(int(c)) for c in children)
