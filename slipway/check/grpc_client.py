"""The checks' questions over gRPC, through the stubs generated from Triton's own protocol."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

import grpc
from tritonclient.grpc import service_pb2 as messages
from tritonclient.grpc import service_pb2_grpc as stubs

from slipway.check.client import Answer, Declared, Metadata, Refused, Request
from slipway.tensors import NUMPY_OF, from_bytes

INFER = "/inference.GRPCInferenceService/ModelInfer"
LARGEST_MESSAGE = 2**31 - 1
"""Bytes. gRPC's own limit of 4 MiB is smaller than a batch of images."""
OPTIONS = (
    ("grpc.max_send_message_length", LARGEST_MESSAGE),
    ("grpc.max_receive_message_length", LARGEST_MESSAGE),
)


def encode(request: Request) -> bytes:
    """A request as the bytes that go over the wire."""
    message = messages.ModelInferRequest(model_name=request.model, model_version=request.version)
    for tensor in request.tensors:
        message.inputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        message.raw_input_contents.append(tensor.data)
    encoded: bytes = message.SerializeToString()
    return encoded


def decode(response: bytes) -> Answer:
    """The outputs of a response; those of a type Slipway does not know are left out."""
    message = messages.ModelInferResponse.FromString(response)
    return {
        tensor.name: from_bytes(data, tensor.datatype, tuple(tensor.shape))
        for tensor, data in zip(message.outputs, message.raw_output_contents, strict=True)
        if tensor.datatype in NUMPY_OF
    }


class GrpcClient(AbstractContextManager["GrpcClient"]):
    """One channel; safe to use from several threads. `timeout_s` bounds each call."""

    protocol = "grpc"

    def __init__(self, address: str, timeout_s: float = 10.0) -> None:
        self._timeout = timeout_s
        self._channel = grpc.insecure_channel(address, options=OPTIONS)
        self._stub = stubs.GRPCInferenceServiceStub(self._channel)
        self._infer = self._channel.unary_unary(INFER)

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._channel.close()

    def live(self) -> bool | Refused:
        reply = self._call(self._stub.ServerLive, messages.ServerLiveRequest())
        return reply if isinstance(reply, Refused) else bool(reply.live)

    def ready(self) -> bool | Refused:
        reply = self._call(self._stub.ServerReady, messages.ServerReadyRequest())
        return reply if isinstance(reply, Refused) else bool(reply.ready)

    def model_ready(self, model: str, version: str) -> bool | Refused:
        asked = messages.ModelReadyRequest(name=model, version=version)
        reply = self._call(self._stub.ModelReady, asked)
        return reply if isinstance(reply, Refused) else bool(reply.ready)

    def metadata(self, model: str, version: str) -> Metadata | Refused:
        asked = messages.ModelMetadataRequest(name=model, version=version)
        reply = self._call(self._stub.ModelMetadata, asked)
        if isinstance(reply, Refused):
            return reply
        return Metadata(
            [Declared(t.name, t.datatype, tuple(t.shape)) for t in reply.inputs],
            [Declared(t.name, t.datatype, tuple(t.shape)) for t in reply.outputs],
        )

    def maximum_batch(self, model: str, version: str) -> int | Refused:
        asked = messages.ModelConfigRequest(name=model, version=version)
        reply = self._call(self._stub.ModelConfig, asked)
        return reply if isinstance(reply, Refused) else int(reply.config.max_batch_size)

    def infer(self, request: Request) -> Answer | Refused:
        return self._send(encode(request))

    def infer_cut_off(self, request: Request) -> Answer | Refused:
        whole = encode(request)
        return self._send(whole[: len(whole) // 2])

    def statistics(self, model: str, version: str) -> Any | Refused:
        """Triton's own `ModelStatisticsResponse`."""
        asked = messages.ModelStatisticsRequest(name=model, version=version)
        return self._call(self._stub.ModelStatistics, asked)

    def _send(self, message: bytes) -> Answer | Refused:
        reply = self._call(self._infer, message)
        return reply if isinstance(reply, Refused) else decode(reply)

    def _call(self, method: Callable[..., Any], message: Any) -> Any | Refused:
        try:
            return method(message, timeout=self._timeout)
        except grpc.RpcError as error:
            return Refused(error.code().name, error.details() or "")
