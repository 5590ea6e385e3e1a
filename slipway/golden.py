"""Golden requests: questions whose right answers are known, in KServe v2 form."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from slipway.errors import IntegrityError
from slipway.tensors import Array, from_json, max_difference, measurable, to_json


@dataclass(frozen=True)
class Difference:
    """The largest absolute difference between an answer and a right one, and what is allowed."""

    largest: float
    allowed: float

    @property
    def within(self) -> bool:
        return self.largest <= self.allowed

    @property
    def share(self) -> float:
        """Of what is allowed."""
        if not self.allowed:
            return float("inf") if self.largest else 0.0
        return self.largest / self.allowed


@dataclass(frozen=True)
class Right:
    """A right answer, and how far another may lie from it in any element. Text must be the same."""

    outputs: Mapping[str, Array]
    tolerance: float

    def difference(self, answer: Mapping[str, Array]) -> Difference:
        """Infinite where shapes or names differ."""
        return Difference(max_difference(self.outputs, answer), self.tolerance)

    @property
    def numbers(self) -> "Right":
        """Without what cannot be nearly right, such as a class."""
        return Right(measurable(self.outputs), self.tolerance)

    def row(self, row: int) -> "Right":
        return Right(_row(self.outputs, row), self.tolerance)

    def to_json(self) -> dict[str, Any]:
        outputs = [to_json(n, a) for n, a in self.outputs.items()]
        return {"tolerance": self.tolerance, "response": {"outputs": outputs}}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Right":
        outputs = {t["name"]: from_json(t) for t in value["response"]["outputs"]}
        return cls(outputs, float(value["tolerance"]))


@dataclass(frozen=True)
class Golden:
    """A request whose right answer is known: what a served model is probed with.

    `outputs` are PyTorch's answers, or those of the file that is served where it only comes near to
    them; another may lie `tolerance` from them in any element, but text must be the same. `engines`
    are the right answers of TensorRT engines in the file's place, by precision. `stream`: the model
    is decoupled (it answers in any number of responses).
    """

    inputs: Mapping[str, Array]
    outputs: Mapping[str, Array]
    tolerance: float
    stream: bool = False
    engines: Mapping[str, Right] = field(default_factory=dict)

    @property
    def right(self) -> Right:
        """The answer of what was packaged."""
        return Right(self.outputs, self.tolerance)

    def of(self, precision: str) -> "Golden":
        """As an engine answers. One of which nothing else is known answers as its file does."""
        right = self.engines.get(precision, self.right)
        return replace(self, outputs=right.outputs, tolerance=right.tolerance)

    def difference(self, answer: Mapping[str, Array]) -> Difference:
        """To the right answer whose numbers are nearest, as far as each allows: who asks a fleet
        does not know whether an engine answers.
        """
        rights = (self.right, *self.engines.values())
        nearest = min(rights, key=lambda right: right.numbers.difference(answer).share)
        return nearest.difference(answer)

    def row(self, row: int) -> "Golden":
        """One row of it, as a request of its own."""
        return replace(
            self,
            inputs=_row(self.inputs, row),
            outputs=_row(self.outputs, row),
            engines={name: right.row(row) for name, right in self.engines.items()},
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "stream": self.stream,
            "request": {"inputs": [to_json(n, a) for n, a in self.inputs.items()]},
            **self.right.to_json(),
            "engines": {name: right.to_json() for name, right in self.engines.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Golden":
        try:
            right = Right.from_json(value)
            return cls(
                inputs={t["name"]: from_json(t) for t in value["request"]["inputs"]},
                outputs=right.outputs,
                tolerance=right.tolerance,
                stream=bool(value.get("stream", False)),
                engines={n: Right.from_json(v) for n, v in value.get("engines", {}).items()},
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise IntegrityError(
                "The golden request cannot be read", why=f"{type(error).__name__}: {error}"
            ) from error


def _row(arrays: Mapping[str, Array], row: int) -> dict[str, Array]:
    return {name: array[row : row + 1] for name, array in arrays.items()}
