"""Requests that a server must refuse, made from one that it must answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from slipway.check.client import Client, Metadata, Request, Tensor
from slipway.tensors import NUMPY_OF, Array, datatype_of

BAD_REQUEST = {"grpc": ("INVALID_ARGUMENT",), "http": ("400",)}
NOT_FOUND = {"grpc": ("NOT_FOUND",), "http": ("404",)}
UNREADABLE = {
    # The gRPC library answers before Triton sees the message.
    "grpc": ("INTERNAL",),
    # Triton reports JSON that it cannot read as its own fault (500; triton-inference-server/server
    # issue 8762). Measured on 2.51. 400 is what the protocol asks for and a mended server gives.
    "http": ("400", "500"),
}
BAD_DIMENSION = {
    "grpc": BAD_REQUEST["grpc"],
    # A negative dimension already fails in the JSON reader, which is the same issue.
    "http": UNREADABLE["http"],
}


@dataclass(frozen=True)
class Wrong:
    """A request with one fault, and the codes, by protocol, with which it is properly refused."""

    name: str
    request: Request
    codes: Mapping[str, tuple[str, ...]]
    cut_off: bool = False


def wrong_requests(
    model: str,
    version: str,
    inputs: Mapping[str, Array],
    metadata: Metadata,
    maximum_batch: int,
) -> Iterator[Wrong]:
    """Every fault the server must survive. `inputs` make a right request, batch first."""
    right = replace(Request.of(model, version, inputs), binary=True)
    first = right.tensors[0]
    array = inputs[first.name]

    def with_first(tensor: Tensor) -> Request:
        return replace(right, tensors=(tensor, *right.tensors[1:]))

    yield Wrong(
        "wrong shape: a dimension more",
        with_first(replace(first, shape=(*first.shape, 1))),
        BAD_REQUEST,
    )
    wider = _wider(inputs, metadata)
    if wider is not None:
        yield Wrong(
            "wrong shape: a dimension too long",
            replace(Request.of(model, version, wider), binary=True),
            BAD_REQUEST,
        )
    yield Wrong(
        "wrong shape: negative",
        with_first(replace(first, shape=(-first.shape[0], *first.shape[1:]))),
        BAD_DIMENSION,
    )
    yield Wrong("wrong type", with_first(Tensor.of(first.name, _another_type(array))), BAD_REQUEST)
    yield Wrong("wrong name", with_first(replace(first, name=f"{first.name}_x")), BAD_REQUEST)
    yield Wrong("missing input", replace(right, tensors=right.tensors[1:]), BAD_REQUEST)
    yield Wrong("unknown model", replace(right, model=f"{model}_x"), NOT_FOUND)
    if maximum_batch:
        rows = np.arange(maximum_batch + 1) % len(array)
        above = {name: value[rows] for name, value in inputs.items()}
        yield Wrong(
            f"batch of {maximum_batch + 1}, above the maximum",
            replace(Request.of(model, version, above), binary=True),
            BAD_REQUEST,
        )
    size = 1 if first.datatype == "BYTES" else array.itemsize
    yield Wrong("too few bytes", with_first(replace(first, data=first.data[:-size])), BAD_REQUEST)
    yield Wrong(
        "too many bytes", with_first(replace(first, data=first.data + bytes(size))), BAD_REQUEST
    )
    yield Wrong("message cut off", replace(right, binary=False), UNREADABLE, cut_off=True)


def is_proper(client: Client, wrong: Wrong, code: str) -> bool:
    return code in wrong.codes[client.protocol]


def _wider(inputs: Mapping[str, Array], metadata: Metadata) -> Mapping[str, Array] | None:
    """With the first fixed dimension longer by one, or None where every dimension may vary."""
    for declared in metadata.inputs:
        array = inputs[declared.name]
        for axis in range(1, array.ndim):
            if declared.shape[axis] != -1:
                longer = np.concatenate([array, array.take([0], axis)], axis)
                return {**inputs, declared.name: longer}
    return None


def _another_type(array: Array) -> Array:
    """The same numbers, or zeros for text, in a type of another name."""
    if datatype_of(array) == "BYTES":
        return np.zeros(array.shape, NUMPY_OF["INT64"])
    other = "INT64" if datatype_of(array) != "INT64" else "FP32"
    return array.astype(NUMPY_OF[other])
