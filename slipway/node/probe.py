"""Is a served model well? Only an answer to a real request says so.

Triton's readiness stays true after the process of a Python-based backend has died.
"""

import time
from dataclasses import dataclass

from slipway.errors import NodeError
from slipway.golden import Golden
from slipway.node.control import ModelControl, Overloaded


@dataclass(frozen=True)
class Answered:
    """The golden request was answered within tolerance."""

    difference: float
    milliseconds: float


@dataclass(frozen=True)
class Busy:
    """The queue was full: no verdict, and none needed."""


@dataclass(frozen=True)
class Unwell:
    """No answer, or a wrong one."""

    reason: str


Probe = Answered | Busy | Unwell


def probe(control: ModelControl, model: str, version: int | None, golden: Golden) -> Probe:
    """Send the golden request to one version (None: the one that Triton picks)."""
    started = time.perf_counter()
    try:
        answer = control.infer(model, version, golden.inputs, stream=golden.stream)
    except Overloaded:
        return Busy()
    except NodeError as error:
        return Unwell(str(error))
    difference = golden.right.difference(answer)
    if not difference.within:
        return Unwell(
            f"the golden request is answered with a difference of {difference.largest:.2e}, "
            f"allowed are {difference.allowed:.0e}"
        )
    return Answered(difference.largest, (time.perf_counter() - started) * 1e3)
