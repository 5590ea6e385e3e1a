"""A measurement: windows of load from a generator's process, until they agree or are too many."""

import json
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from subprocess import PIPE
from typing import TypeVar

from slipway.check.closed_loop import LoadSpec
from slipway.check.windows import agree as windows_agree
from slipway.errors import CheckError
from slipway.golden import Golden
from slipway.processes import running

WARMUP_S = 1.0
NS_PER_MS = 1e6
PATIENCE = 5.0
"""Seconds a generator gets to stop: it has nothing to finish."""

W = TypeVar("W")


def require_possible(
    requests: Sequence[Golden],
    concurrencies: Sequence[int],
    *,
    window: float,
    agree: int,
    most: int,
) -> None:
    """Raises `CheckError` where nothing could be measured with such settings."""
    _require(bool(requests), "There is nothing to send", "the golden request has no rows")
    _require(2 <= agree <= most, f"{agree} of {most} windows cannot agree", "2 or more must")
    _require(window > 0, f"A window of {window} s cannot be measured", "it must be longer than 0")
    _require(
        all(c >= 1 for c in concurrencies) and bool(concurrencies),
        f"The concurrencies {list(concurrencies)} are refused",
        "each is at least 1",
    )


def _require(condition: bool, what: str, why: str) -> None:
    if not condition:
        raise CheckError(what, why=why)


def lines(generator: str, spec: LoadSpec) -> Generator[str, None, None]:
    """What a generator (a module) writes: an empty line when it is warm, then one a window.

    The process ends with the iteration. Raises `CheckError` where it ends before.
    """
    command = (sys.executable, "-m", generator)
    with running(command, PATIENCE, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdin:
            json.dump(spec.to_json(), process.stdin)
        for _ in range(1 + spec.windows):
            line = process.stdout.readline()
            if not line:
                raise _ended(process)
            yield line


def _ended(process: "subprocess.Popen[str]") -> CheckError:
    return CheckError(
        "The load generator ended before the measurement did", why=f"exit code {process.wait()}"
    )


def until_agreed(
    windows: Generator[W, None, None], pace: Callable[[W], float], agree: int, within: float
) -> Iterator[W]:
    """The windows until the paces of the last `agree` lie `within` a share of their mean."""
    paces: list[float] = []
    with closing(windows):
        for window in windows:
            yield window
            paces.append(pace(window))
            if windows_agree(paces, agree, within):
                return
