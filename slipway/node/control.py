"""Talking to the inference server: what the node needs of it, and the gRPC way to get it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from slipway.errors import NodeError
from slipway.tensors import Array, as_text, datatype_of
from slipway.triton.access import ManagementKey

LOAD_TIMEOUT = 600.0
"""Seconds. READY waits for warm-up, and an engine of some GB takes minutes."""
CALL_TIMEOUT = 10.0
STREAM_TIMEOUT = 40.0
"""Seconds without a response. A generator that is busy says so itself, by default after 30."""
OVERLOADED = (
    "maximum queue size",
    "Request timeout expired",
    "the queue is full",
    "no row came free",
)
"""What Triton says when the queue policy refuses a request, and what a generator says: the model
lives, it is busy.
"""


class Overloaded(NodeError):
    """The server refused a request because too many wait already."""


class ModelControl(Protocol):
    """The part of an inference server that the node drives. Every failure is a `NodeError`."""

    def version(self) -> str: ...

    def load(self, model: str) -> None: ...

    def unload(self, model: str) -> None: ...

    def infer(
        self, model: str, version: int | None, inputs: Mapping[str, Array], *, stream: bool = False
    ) -> dict[str, Array]:
        """The answer to one request; `stream` says that the model is decoupled."""
        ...

    def close(self) -> None:
        """Let go of the connection; nothing can be asked any more."""
        ...


class GrpcControl:
    """Triton over gRPC at `address` (host:port). Connects when first used, and again after loss.

    `key` is what the server was started with, where only a holder may manage it.
    """

    def __init__(self, address: str, key: ManagementKey | None = None) -> None:
        self._client = triton.InferenceServerClient(address)
        self._headers = key.grpc_headers if key else {}

    def version(self) -> str:
        """The server's own version, such as 2.51.0."""
        try:
            return str(self._client.get_server_metadata(client_timeout=CALL_TIMEOUT).version)
        except InferenceServerException as error:
            raise NodeError("Triton does not say what it is", why=str(error.message())) from error

    def load(self, model: str) -> None:
        """Load or reload from the repository; returns when the model is READY."""
        try:
            self._client.load_model(model, self._headers, client_timeout=LOAD_TIMEOUT)
        except InferenceServerException as error:
            raise NodeError(f"Triton cannot load '{model}'", why=str(error.message())) from error

    def unload(self, model: str) -> None:
        """Begin to unload; Triton goes on in the background."""
        try:
            self._client.unload_model(model, self._headers, client_timeout=CALL_TIMEOUT)
        except InferenceServerException as error:
            raise NodeError(f"Triton cannot unload '{model}'", why=str(error.message())) from error

    def infer(
        self, model: str, version: int | None, inputs: Mapping[str, Array], *, stream: bool = False
    ) -> dict[str, Array]:
        """Answer one request. Raises `Overloaded` when it was refused for lack of room.

        Of a decoupled model's responses texts are put together, and of other outputs the last
        counts.
        """
        tensors = []
        for name, array in inputs.items():
            tensor = triton.InferInput(name, list(array.shape), datatype_of(array))
            tensor.set_data_from_numpy(array)
            tensors.append(tensor)
        chosen = "" if version is None else str(version)
        try:
            if stream:
                return self._stream(model, chosen, tensors)
            answer = self._client.infer(
                model, tensors, model_version=chosen, client_timeout=CALL_TIMEOUT
            )
        except InferenceServerException as error:
            said = str(error.message())
            kind = Overloaded if any(phrase in said for phrase in OVERLOADED) else NodeError
            raise kind(f"'{model}' does not answer", why=said) from error
        return _outputs(answer)

    def _stream(self, model: str, version: str, tensors: Sequence[Any]) -> dict[str, Array]:
        arrived: SimpleQueue[tuple[Any, InferenceServerException | None]] = SimpleQueue()
        self._client.start_stream(lambda result, error: arrived.put((result, error)))
        outputs: dict[str, Array] = {}
        ended = False
        try:
            with suppress(InferenceServerException):  # why it failed comes as the stream's answer
                self._client.async_stream_infer(
                    model, tensors, model_version=version, enable_empty_final_response=True
                )
            while not ended:
                result, error = arrived.get(timeout=STREAM_TIMEOUT)
                if error is not None:
                    ended = True
                    raise error
                for name, value in _outputs(result).items():
                    text = value.dtype == object and name in outputs
                    outputs[name] = outputs[name] + value if text else value
                ended = result.get_response().parameters["triton_final_response"].bool_param
        except Empty:
            said = f"nothing came for {STREAM_TIMEOUT:g} seconds"
            raise InferenceServerException(said) from None
        finally:
            # Whoever cancels a request that just ended can leave Triton with one that it believes
            # to be under way (measured on 2.51).
            self._client.stop_stream(cancel_requests=not ended)
        return outputs

    def close(self) -> None:
        with suppress(InferenceServerException):
            self._client.close()


def _outputs(answer: Any) -> dict[str, Array]:
    outputs: dict[str, Array] = {}
    for output in answer.get_response().outputs:
        value = answer.as_numpy(output.name)
        if value is not None:
            outputs[output.name] = as_text(value) if value.dtype == object else value
    return outputs
