"""What a version offers to servers with a GPU: TensorRT engines, each built where it runs.

A package holds no engine: a plan fits one kind of GPU and one version of TensorRT. It holds the
ONNX file that an engine is built from, in which every type is written out, and this description.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway.errors import IntegrityError

Shapes = Mapping[str, tuple[int, ...]]
"""An input's name to its whole shape, batch first."""

PRECISIONS = ("int8", "fp8", "fp16", "bf16", "fp32")
"""From narrow to wide."""

_NOT_IN_NAMES = set(":,'\"= \t\n")
"""trtexec writes a shape as name:1x3 and joins several with commas."""


def _require(condition: bool, what: str, why: str) -> None:
    if not condition:
        raise IntegrityError(what, why=why, mend="Build and publish the model again.")


@dataclass(frozen=True)
class Profile:
    """The shapes an engine accepts, and the one it is fastest at: an optimisation profile."""

    minimum: Shapes
    optimum: Shapes
    maximum: Shapes

    def __post_init__(self) -> None:
        what = "A profile of an engine is refused"
        _require(
            bool(self.minimum) and set(self.minimum) == set(self.optimum) == set(self.maximum),
            what,
            "minimum, optimum and maximum must name the same inputs, at least one",
        )
        for name in self.minimum:
            _require(not set(name) & _NOT_IN_NAMES, what, f"trtexec cannot be told of '{name}'")
            shapes = self.minimum[name], self.optimum[name], self.maximum[name]
            _require(
                len({len(shape) for shape in shapes}) == 1
                and all(1 <= a <= b <= c for a, b, c in zip(*shapes, strict=True)),
                what,
                f"the sizes of '{name}' must rise from 1 or more: {shapes}",
            )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Profile":
        return cls(*(_shapes(value[field]) for field in ("minimum", "optimum", "maximum")))


@dataclass(frozen=True)
class EngineSpec:
    """An engine that may take the place of the network's ONNX file.

    `source` is the ONNX file inside the version that it is built from: one in FP16, or with
    QuantizeLinear and DequantizeLinear. At least `share` of its heavy layers (convolutions, matrix
    products, attention) must run in `precision` or a narrower one, or it is refused. What it must
    answer is part of the version's golden request. In an ensemble the engine is that of the step
    `network`.
    """

    precision: str
    source: str
    profiles: tuple[Profile, ...]
    share: float = 0.5

    def __post_init__(self) -> None:
        what = f"An engine in {self.precision!r} is refused"
        _require(self.precision in PRECISIONS, what, f"it is one of {', '.join(PRECISIONS)}")
        _require(bool(self.profiles), what, "it has no profile")
        inputs = {frozenset(profile.minimum) for profile in self.profiles}
        _require(len(inputs) == 1, what, "its profiles must name the same inputs")
        _require(0 < self.share <= 1, what, f"its share is {self.share}, not above 0 and up to 1")

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "EngineSpec":
        """Raises `IntegrityError`; `KeyError`, `TypeError`, `ValueError` for what is none."""
        return cls(
            precision=value["precision"],
            source=value["source"],
            profiles=tuple(Profile.from_json(each) for each in value["profiles"]),
            share=float(value["share"]),
        )


def _shapes(value: Mapping[str, Any]) -> Shapes:
    return {name: tuple(int(size) for size in shape) for name, shape in value.items()}
