"""A generator over gRPC and HTTP that says what a test tells it to say, in this process."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import numpy as np
from tritonclient.grpc import service_pb2 as messages
from tritonclient.grpc import service_pb2_grpc as stubs

from slipway.tensors import to_bytes


def text(value):
    """A tensor of one text."""
    return np.array([value], dtype=object)


SILENCE = object()
"""In a script: nothing more comes, and the stream does not end."""
CUT = object()
"""In a script: the connection ends before the last response."""


@dataclass
class Script:
    """What is answered to every request: pieces of text, an error (an exception), or the above.

    `refused` is the HTTP status with which an error is told. `asked` are the requests that came, as
    a mapping of names to first elements; `left` is set when a client leaves before the end.
    """

    parts: list = field(default_factory=list)
    refused: int = 400
    asked: list = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)


class _Grpc(stubs.GRPCInferenceServiceServicer):
    def __init__(self, script):
        self._script = script

    def ServerLive(self, request, context):  # noqa: N802 - gRPC's name, as the next
        return messages.ServerLiveResponse(live=True)

    def ModelReady(self, request, context):  # noqa: N802
        return messages.ModelReadyResponse(ready=request.name == "gen")

    def ModelStreamInfer(self, requests, context):  # noqa: N802
        context.add_callback(self._script.left.set)
        for request in requests:
            tensors = zip(request.inputs, request.raw_input_contents, strict=True)
            self._script.asked.append({tensor.name: data for tensor, data in tensors})
            for part in self._script.parts:
                if part is SILENCE:
                    self._script.left.wait(20)
                    return
                if part is CUT:
                    return
                reply = messages.ModelStreamInferResponse()
                if isinstance(part, Exception):
                    reply.error_message = str(part)
                    yield reply
                    return
                reply.infer_response.outputs.add(name="text_output", datatype="BYTES", shape=[1])
                reply.infer_response.raw_output_contents.append(to_bytes(text(part)))
                reply.infer_response.parameters["triton_final_response"].bool_param = False
                yield reply
            if request.parameters["triton_enable_empty_final_response"].bool_param:
                last = messages.ModelStreamInferResponse()
                last.infer_response.parameters["triton_final_response"].bool_param = True
                yield last


@contextmanager
def grpc_server(*parts):
    """Its address, and its `Script`."""
    script = Script(list(parts))
    server = grpc.server(ThreadPoolExecutor(16))
    stubs.add_GRPCInferenceServiceServicer_to_server(_Grpc(script), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}", script
    finally:
        server.stop(0).wait()


class _Http(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Script

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.script.asked.append(json.loads(body))
        if self.path.endswith("generate_stream"):
            self._stream()
        else:
            (part,) = self.script.parts
            status = self.script.refused if isinstance(part, Exception) else 200
            self._head(status, "Content-Length", len(data := _fields(part)))
            self.wfile.write(data)

    def _stream(self):
        parts = self.script.parts
        first_fails = isinstance(parts[0], Exception)
        self._head(self.script.refused if first_fails else 200, "Transfer-Encoding", "chunked")
        try:
            for part in parts:
                if part is SILENCE:
                    self._await_leaving()
                    return
                if part is CUT:
                    self.connection.close()
                    return
                data = b"data: " + _fields(part) + b"\n\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.write(b"0\r\n\r\n")
        except OSError:  # the client has left
            self.close_connection = True

    def _await_leaving(self):
        self.close_connection = True
        self.connection.settimeout(20)
        if not self.connection.recv(1):
            self.script.left.set()

    def _head(self, status, name, value):
        self.send_response(status)
        self.send_header(name, str(value))
        self.end_headers()

    def log_message(self, *_):
        pass


def _fields(part):
    said = {"error": str(part)} if isinstance(part, Exception) else {"text_output": part}
    return json.dumps({"model_name": "gen", "model_version": "1", **said}).encode()


@contextmanager
def http_server(*parts, refused=400):
    """Its URL, and its `Script`."""
    script = Script(list(parts), refused)
    handler = type("Handler", (_Http,), {"script": script})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
