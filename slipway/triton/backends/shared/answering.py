"""Between Triton's requests and responses and a model that takes and gives named arrays."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import triton_python_backend_utils as pb_utils

if TYPE_CHECKING:
    from slipway.triton.backends.shared import agreement, batching
else:  # Triton knows this folder, not the package it was copied from
    import agreement
    import batching


def require_old_numpy(version: str) -> None:
    """Triton's Python process embeds a pybind11 older than 2.12.

    With numpy 2 `as_numpy()` gives wrong values and `Tensor()` sends no bytes at all, without any
    error.
    """
    if int(version.split(".", maxsplit=1)[0]) >= 2:
        raise RuntimeError(
            f"numpy {version} gives wrong values in Triton's Python process; below 2 is needed"
        )


def respond(
    run: batching.Run, signature: agreement.Signature, requests: Sequence[Any]
) -> list[Any]:
    """One response for each request, in the same order. `run` gives the signature's outputs."""
    arrays = [_arrays(signature, request) for request in requests]
    answers = batching.answer_all(run, signature.inputs, arrays, batched=signature.batched)
    return [
        _response(signature, request, answer)
        for request, answer in zip(requests, answers, strict=True)
    ]


def _arrays(signature: agreement.Signature, request: Any) -> list[Any]:
    """The request's inputs in declared order, as views of the server's memory."""
    tensors = {tensor.name(): tensor for tensor in request.inputs()}
    return [tensors[name].as_numpy() for name in signature.inputs]


def _response(signature: agreement.Signature, request: Any, answer: Any) -> Any:
    if isinstance(answer, batching.Failure):
        return pb_utils.InferenceResponse(error=pb_utils.TritonError(answer.reason))
    wanted = request.requested_output_names()
    return pb_utils.InferenceResponse(
        [
            pb_utils.Tensor(name, array)
            for name, array in zip(signature.outputs, answer, strict=True)
            if name in wanted
        ]
    )
