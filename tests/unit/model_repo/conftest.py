"""A gRPC server that speaks Triton's protocol, for the clients of the model folders."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from tritonclient.grpc import service_pb2 as messages
from tritonclient.grpc import service_pb2_grpc as stubs

from slipway.tensors import to_bytes


class StandIn(stubs.GRPCInferenceServiceServicer):
    """Answers every request with `outputs`, named (datatype, array), and keeps the last one."""

    def __init__(self):
        self.outputs = {}
        self.request = None
        self.address = ""

    def ModelInfer(self, request, context):  # noqa: N802 - the protocol's name
        self.request = request
        answer = messages.ModelInferResponse(model_name=request.model_name)
        for name, (datatype, array) in self.outputs.items():
            answer.outputs.add(name=name, datatype=datatype, shape=array.shape)
            answer.raw_output_contents.append(to_bytes(array))
        return answer


@pytest.fixture
def triton():
    stand_in = StandIn()
    server = grpc.server(ThreadPoolExecutor(max_workers=1))
    stubs.add_GRPCInferenceServiceServicer_to_server(stand_in, server)
    stand_in.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield stand_in
    server.stop(grace=None).wait()
