"""The checks' questions over gRPC, through the stubs generated from Triton's own protocol."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any

import grpc
from tritonclient.grpc import service_pb2 as messages
from tritonclient.grpc import service_pb2_grpc as stubs

from slipway.check.client import Answer, Declared, Metadata, Piece, Refused, Request, joined
from slipway.tensors import NUMPY_OF, from_bytes

INFER = "/inference.GRPCInferenceService/ModelInfer"
STREAM = "/inference.GRPCInferenceService/ModelStreamInfer"
FINAL = "triton_final_response"
"""Parameter of a response: whether it is the last."""
LARGEST_MESSAGE = 2**31 - 1
"""Bytes. gRPC's own limit of 4 MiB is smaller than a batch of images."""
OPTIONS = (
    ("grpc.max_send_message_length", LARGEST_MESSAGE),
    ("grpc.max_receive_message_length", LARGEST_MESSAGE),
)


def encode(request: Request, *, stream: bool = False) -> bytes:
    """A request as the bytes that go over the wire.

    With `stream` the last response says that it is the last, even where it has nothing else to say.
    """
    message = messages.ModelInferRequest(model_name=request.model, model_version=request.version)
    if stream:
        message.parameters["triton_enable_empty_final_response"].bool_param = True
    for tensor in request.tensors:
        message.inputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        message.raw_input_contents.append(tensor.data)
    encoded: bytes = message.SerializeToString()
    return encoded


def decode(response: bytes) -> Answer:
    """The outputs of a response; those of a type Slipway does not know are left out."""
    return outputs_of(messages.ModelInferResponse.FromString(response))


def outputs_of(message: Any) -> Answer:
    """As `decode`, of a `ModelInferResponse`."""
    return {
        tensor.name: from_bytes(data, tensor.datatype, tuple(tensor.shape))
        for tensor, data in zip(message.outputs, message.raw_output_contents, strict=True)
        if tensor.datatype in NUMPY_OF
    }


class GrpcClient(AbstractContextManager["GrpcClient"]):
    """One channel; safe to use from several threads.

    `timeout_s` bounds each call, and of a stream the time in which nothing comes.
    """

    protocol = "grpc"

    def __init__(self, address: str, timeout_s: float = 10.0) -> None:
        self._timeout = timeout_s
        self._channel = grpc.insecure_channel(address, options=OPTIONS)
        self._stub = stubs.GRPCInferenceServiceStub(self._channel)
        self._infer = self._channel.unary_unary(INFER)
        self._stream = self._channel.stream_stream(STREAM)

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

    def generate(self, request: Request) -> Answer | Refused:
        pieces = self.stream(request)
        return pieces if isinstance(pieces, Refused) else joined(pieces)

    def stream(self, request: Request, leave_after: int = 0) -> list[Piece] | Refused:
        arrived: SimpleQueue[_Arrival] = SimpleQueue()
        started = time.perf_counter()
        call = self._stream(iter([encode(request, stream=True)]))
        Thread(target=_read, args=(call, arrived), daemon=True).start()
        pieces: list[Piece] = []
        fault: Refused | None = Refused("", "the stream ended before its last response")
        try:
            while True:
                at, reply = arrived.get(timeout=self._timeout)
                if reply is None:
                    return fault or pieces
                if isinstance(reply, Refused):
                    return reply
                response = reply.infer_response
                if response.outputs:
                    pieces.append(Piece(outputs_of(response), at - started))
                if reply.error_message:
                    # With the header triton_grpc_error it would have a code, and now and then the
                    # server would die of it (measured on 2.51: a segmentation fault).
                    fault = Refused("UNKNOWN", reply.error_message)
                elif response.parameters[FINAL].bool_param:
                    fault = None
                elif len(pieces) == leave_after > 0:
                    call.cancel()
                    return pieces
        except Empty:
            call.cancel()
            return Refused("", f"nothing came for {self._timeout:g} seconds")

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


_Arrival = tuple[float, Any]
"""When a message of a stream came, and the message; at the end None, or why it failed."""


def _read(call: Any, arrived: "SimpleQueue[_Arrival]") -> None:
    """Pass on what comes, so that whoever waits for it need not wait for ever.

    A stream is read to its end, also behind its last response: a client that goes just then can
    leave Triton with a request that it believes to be under way, and it then waits for that when it
    is stopped (measured on 2.51).
    """
    try:
        for message in call:
            reply = messages.ModelStreamInferResponse.FromString(message)
            arrived.put((time.perf_counter(), reply))
        arrived.put((time.perf_counter(), None))
    except grpc.RpcError as error:
        arrived.put((time.perf_counter(), Refused(error.code().name, error.details() or "")))
