"""Talking to the inference server: what the node needs of it, and the gRPC way to get it."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from slipway.errors import NodeError
from slipway.tensors import Array, as_text, datatype_of
from slipway.triton.access import ManagementKey

LOAD_TIMEOUT = 600.0
"""Seconds. READY waits for warm-up, and an engine of some GB takes minutes."""
CALL_TIMEOUT = 10.0
OVERLOADED = ("maximum queue size", "Request timeout expired")
"""What Triton says when the queue policy refuses a request: the model lives, it is busy."""


class Overloaded(NodeError):
    """The server refused a request because too many wait already."""


class ModelControl(Protocol):
    """The part of an inference server that the node drives. Every failure is a `NodeError`."""

    def version(self) -> str: ...

    def load(self, model: str) -> None: ...

    def unload(self, model: str) -> None: ...

    def infer(
        self, model: str, version: int | None, inputs: Mapping[str, Array]
    ) -> dict[str, Array]: ...

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
        self, model: str, version: int | None, inputs: Mapping[str, Array]
    ) -> dict[str, Array]:
        """Answer one request. Raises `Overloaded` when it was refused for lack of room."""
        tensors = []
        for name, array in inputs.items():
            tensor = triton.InferInput(name, list(array.shape), datatype_of(array))
            tensor.set_data_from_numpy(array)
            tensors.append(tensor)
        try:
            answer = self._client.infer(
                model,
                tensors,
                model_version="" if version is None else str(version),
                client_timeout=CALL_TIMEOUT,
            )
        except InferenceServerException as error:
            said = str(error.message())
            kind = Overloaded if any(phrase in said for phrase in OVERLOADED) else NodeError
            raise kind(f"'{model}' does not answer", why=said) from error
        outputs: dict[str, Array] = {}
        for output in answer.get_response().outputs:
            value = answer.as_numpy(output.name)
            if value is not None:
                outputs[output.name] = as_text(value) if value.dtype == object else value
        return outputs

    def close(self) -> None:
        with suppress(InferenceServerException):
            self._client.close()
