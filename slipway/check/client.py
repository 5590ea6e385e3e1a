"""A server as the checks see it: the same few questions over either protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

import numpy as np

from slipway.tensors import NUMPY_OF, Array, datatype_of, to_bytes

Answer = Mapping[str, Array]


@dataclass(frozen=True)
class Tensor:
    """An input as it is sent, right or wrong: `data` holds the elements row by row."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: bytes

    @classmethod
    def of(cls, name: str, array: Array) -> "Tensor":
        return cls(name, datatype_of(array), array.shape, to_bytes(array))


@dataclass(frozen=True)
class Request:
    """A request for an inference; an empty `version` leaves the choice to the server's policy.

    `binary` sends the data over HTTP as bytes after the JSON (Triton's binary tensor extension):
    only so can a wrong number of bytes be stated. gRPC always sends bytes.
    """

    model: str
    version: str
    tensors: tuple[Tensor, ...]
    binary: bool = False

    @classmethod
    def of(cls, model: str, version: str, inputs: Mapping[str, Array]) -> "Request":
        return cls(model, version, tuple(Tensor.of(n, a) for n, a in inputs.items()))


@dataclass(frozen=True)
class Refused:
    """The server answered with an error, or not at all.

    `code` is a gRPC status name or an HTTP status; empty where there was no answer, or none for so
    long that it was given up. Triton's errors in a gRPC stream come without a code: `UNKNOWN`.
    """

    code: str
    message: str

    @property
    def restricted(self) -> bool:
        """Whether Triton keeps this API for its node, as it does on a fleet; by its own words."""
        return self.code in ("403", "UNAVAILABLE") and "is restricted" in self.message

    def __str__(self) -> str:
        return " ".join(f"{self.code} {self.message}".split())[:200]


@dataclass(frozen=True)
class Piece:
    """One of the responses of a decoupled model, `seconds` after the request was sent."""

    answer: Answer
    seconds: float


def joined(pieces: Sequence[Piece]) -> Answer:
    """What the pieces are together: text put together in order, of other outputs the last."""
    answers = [piece.answer for piece in pieces]
    together: dict[str, Array] = {}
    for name in dict.fromkeys(name for answer in answers for name in answer):
        parts = [answer[name] for answer in answers if name in answer]
        text = parts[-1].dtype == NUMPY_OF["BYTES"]
        together[name] = reduce(np.add, parts) if text else parts[-1]
    return together


@dataclass(frozen=True)
class Declared:
    """A tensor as the server declares it; -1 stands for a dimension that varies."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    def admits(self, array: Array) -> bool:
        return (
            datatype_of(array) == self.datatype
            and array.ndim == len(self.shape)
            and all(want in (-1, got) for want, got in zip(self.shape, array.shape, strict=True))
        )

    def __str__(self) -> str:
        return f"{self.name} {self.datatype}{list(self.shape)}"


@dataclass(frozen=True)
class Metadata:
    """What a server says a model takes and gives."""

    inputs: Sequence[Declared]
    outputs: Sequence[Declared]


class Client(Protocol):
    """One protocol to one server. Never raises for what the server or the network does."""

    @property
    def protocol(self) -> str: ...

    def live(self) -> bool | Refused: ...

    def ready(self) -> bool | Refused: ...

    def model_ready(self, model: str, version: str) -> bool | Refused: ...

    def metadata(self, model: str, version: str) -> Metadata | Refused: ...

    def maximum_batch(self, model: str, version: str) -> int | Refused:
        """0 where the model takes no batches."""
        ...

    def infer(self, request: Request) -> Answer | Refused: ...

    def infer_cut_off(self, request: Request) -> Answer | Refused:
        """Send only the first half of the message that `request` is."""
        ...


class StreamClient(Client, Protocol):
    """What is asked of a decoupled model as well: one that answers in any number of responses.

    Both give up after so many seconds without a response.
    """

    def generate(self, request: Request) -> Answer | Refused:
        """The whole answer, as a client that waits for it gets it."""
        ...

    def stream(self, request: Request, leave_after: int = 0) -> list[Piece] | Refused:
        """The responses as they come; the client leaves in mid-stream after so many, unless 0."""
        ...
