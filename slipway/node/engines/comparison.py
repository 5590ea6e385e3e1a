"""An engine beside the ONNX file that it would take the place of, on this server."""

from dataclasses import dataclass
from statistics import median

from slipway.errors import NodeError
from slipway.node.engines.configuration import Engine
from slipway.node.rollout import CANDIDATE, Rollout, Served, answered

REFERENCE = "__reference"
"""Suffix of the name of the ONNX file's own trial: clients who are served meanwhile would hold up
one side alone.
"""
WARM_UP, ROUNDS = 3, 21
THRESHOLD = 1.05
"""What a variant must be better by in a build as well, unless its recipe says otherwise."""


@dataclass(frozen=True)
class Comparison:
    """Medians in milliseconds, of golden requests that were asked in turn."""

    onnx: float
    engine: float

    @property
    def gain(self) -> float:
        """2 is twice as fast as ONNX Runtime."""
        return self.onnx / self.engine


def compare(rollout: Rollout, served: Served, engine: Engine) -> Comparison:
    """Load both beside what is served and ask them in turn. Raises `NodeError` where the engine
    does not load, does not answer as it should, or is not faster.
    """
    model, version = served.model, served.version
    golden = served.golden.of(engine.spec.precision)
    with (
        rollout.trial(model, version, golden, CANDIDATE, engine) as candidate,
        rollout.trial(model, version, served.golden, REFERENCE) as reference,
    ):
        times: dict[str, list[float]] = {candidate: [], reference: []}
        for turn in range(WARM_UP + ROUNDS):
            for name, asked in ((reference, served.golden), (candidate, golden)):
                answer = answered(rollout.control, name, version, asked)
                if turn >= WARM_UP:
                    times[name].append(answer.milliseconds)
    result = Comparison(median(times[reference]), median(times[candidate]))
    if result.gain < THRESHOLD:
        raise NodeError(
            f"The {engine.spec.precision} engine is not faster than ONNX Runtime",
            why=f"{result.engine:.2f} ms against {result.onnx:.2f} ms for the golden request",
        )
    return result
