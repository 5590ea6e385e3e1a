"""The checks' questions over HTTP: the KServe v2 protocol in JSON, and Triton's `generate`."""

import json
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from http import HTTPStatus
from types import TracebackType
from typing import Any

import httpx
import numpy as np

from slipway import contract
from slipway.check.client import Answer, Declared, Metadata, Piece, Refused, Request, Tensor
from slipway.tensors import NUMPY_OF, Array, from_bytes, from_json

JSON_LENGTH = "Inference-Header-Content-Length"
"""Triton's binary tensor extension: how many bytes of the body are JSON."""
EVENT = "data: "
"""What each line of a stream begins with (server-sent events)."""


def encode(request: Request) -> tuple[bytes, dict[str, str]]:
    """A request as a body and its headers."""
    if not request.binary:
        return json.dumps({"inputs": [_as_numbers(t) for t in request.tensors]}).encode(), {}
    head = json.dumps({"inputs": [_as_bytes(t) for t in request.tensors]}).encode()
    body = head + b"".join(tensor.data for tensor in request.tensors)
    return body, {JSON_LENGTH: str(len(head))}


def encode_fields(request: Request) -> bytes:
    """A request as the body of `generate`: a field a tensor, a single element without a list."""
    values = {tensor.name: _elements(tensor) for tensor in request.tensors}
    return json.dumps({n: v[0] if len(v) == 1 else v for n, v in values.items()}).encode()


def decode_fields(reply: Mapping[str, Any]) -> Answer:
    """The outputs of a response of `generate`, which does not tell their shapes: (elements,)."""
    return {name: _array(value) for name, value in reply.items() if name not in OF_MODEL}


OF_MODEL = {"model_name", "model_version"}


def _array(value: Any) -> Array:
    values = value if isinstance(value, list) else [value]
    return np.array(values, dtype=object if any(isinstance(v, str) for v in values) else None)


def _elements(tensor: Tensor) -> list[Any]:
    elements: list[Any] = from_bytes(tensor.data, tensor.datatype, (-1,)).tolist()
    return elements


def _as_numbers(tensor: Tensor) -> dict[str, Any]:
    return {**_described(tensor), "data": _elements(tensor)}


def _as_bytes(tensor: Tensor) -> dict[str, Any]:
    return {**_described(tensor), "parameters": {"binary_data_size": len(tensor.data)}}


def _described(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}


class HttpClient(AbstractContextManager["HttpClient"]):
    """Kept-alive connections; safe to use from several threads.

    `timeout_s` bounds the time in which nothing comes.
    """

    protocol = "http"

    def __init__(self, url: str, timeout_s: float = 10.0) -> None:
        # A proxy between would answer with codes of its own.
        self._http = httpx.Client(base_url=url, timeout=timeout_s, trust_env=False)

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def live(self) -> bool | Refused:
        return self._is_fine(contract.HEALTH_LIVE)

    def ready(self) -> bool | Refused:
        return self._is_fine(contract.HEALTH_READY)

    def model_ready(self, model: str, version: str) -> bool | Refused:
        return self._is_fine(f"{_path(model, version)}/ready")

    def metadata(self, model: str, version: str) -> Metadata | Refused:
        reply = self._json("GET", _path(model, version))
        if isinstance(reply, Refused):
            return reply
        return Metadata(
            [Declared(t["name"], t["datatype"], tuple(t["shape"])) for t in reply["inputs"]],
            [Declared(t["name"], t["datatype"], tuple(t["shape"])) for t in reply["outputs"]],
        )

    def maximum_batch(self, model: str, version: str) -> int | Refused:
        reply = self._json("GET", f"{_path(model, version)}/config")
        return reply if isinstance(reply, Refused) else int(reply["max_batch_size"])

    def infer(self, request: Request) -> Answer | Refused:
        body, headers = encode(request)
        return self._infer(request, body, headers)

    def infer_cut_off(self, request: Request) -> Answer | Refused:
        body, headers = encode(request)
        return self._infer(request, body[: len(body) // 2], headers)

    def generate(self, request: Request) -> Answer | Refused:
        path = f"{_path(request.model, request.version)}/generate"
        reply = self._json("POST", path, content=encode_fields(request))
        if isinstance(reply, Refused):
            return reply
        # Where a model has more than one response, Triton says so with 200 (measured on 2.51).
        return Refused("200", reply["error"]) if "error" in reply else decode_fields(reply)

    def stream(self, request: Request, leave_after: int = 0) -> list[Piece] | Refused:
        path = f"{_path(request.model, request.version)}/generate_stream"
        pieces: list[Piece] = []
        started = time.perf_counter()
        try:
            with self._http.stream("POST", path, content=encode_fields(request)) as reply:
                if reply.status_code != HTTPStatus.OK:
                    reply.read()
                    return Refused(str(reply.status_code), _reason(reply.text))
                for line in filter(None, reply.iter_lines()):
                    fields = json.loads(line.removeprefix(EVENT))
                    if "error" in fields:
                        return Refused(str(reply.status_code), fields["error"])
                    pieces.append(Piece(decode_fields(fields), time.perf_counter() - started))
                    if len(pieces) == leave_after:
                        break
        except (httpx.HTTPError, ValueError) as error:
            return Refused("", str(error) or type(error).__name__)
        return pieces

    def _infer(self, request: Request, body: bytes, headers: dict[str, str]) -> Answer | Refused:
        path = f"{_path(request.model, request.version)}/infer"
        reply = self._json("POST", path, content=body, headers=headers)
        if isinstance(reply, Refused):
            return reply
        return {t["name"]: from_json(t) for t in reply["outputs"] if t["datatype"] in NUMPY_OF}

    def _json(self, method: str, path: str, **body: Any) -> Any | Refused:
        reply = self._ask(method, path, **body)
        if isinstance(reply, Refused):
            return reply
        try:
            said = reply.json()
        except ValueError:
            said = None
        if not isinstance(said, dict):
            return Refused(str(reply.status_code), "the answer is no JSON object, so no Triton's")
        return said

    def _is_fine(self, path: str) -> bool | Refused:
        reply = self._ask("GET", path)
        return reply if isinstance(reply, Refused) else True

    def _ask(self, method: str, path: str, **body: Any) -> httpx.Response | Refused:
        try:
            reply = self._http.request(method, path, **body)
        except httpx.HTTPError as error:
            return Refused("", str(error) or type(error).__name__)
        if reply.status_code != HTTPStatus.OK:
            return Refused(str(reply.status_code), _reason(reply.text))
        return reply


def _reason(body: str) -> str:
    """What Triton says in JSON, also as an event; anything else as it is."""
    try:
        said = json.loads(body.strip().removeprefix(EVENT))
        return str(said["error"])
    except (ValueError, TypeError, KeyError):
        return body


def _path(model: str, version: str) -> str:
    return f"/v2/models/{model}/versions/{version}" if version else f"/v2/models/{model}"
