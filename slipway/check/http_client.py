"""The checks' questions over HTTP: the KServe v2 protocol in JSON."""

import json
from contextlib import AbstractContextManager
from http import HTTPStatus
from types import TracebackType
from typing import Any

import httpx

from slipway import contract
from slipway.check.client import Answer, Declared, Metadata, Refused, Request, Tensor
from slipway.tensors import NUMPY_OF, from_bytes, from_json

JSON_LENGTH = "Inference-Header-Content-Length"
"""Triton's binary tensor extension: how many bytes of the body are JSON."""


def encode(request: Request) -> tuple[bytes, dict[str, str]]:
    """A request as a body and its headers."""
    if not request.binary:
        return json.dumps({"inputs": [_as_numbers(t) for t in request.tensors]}).encode(), {}
    head = json.dumps({"inputs": [_as_bytes(t) for t in request.tensors]}).encode()
    body = head + b"".join(tensor.data for tensor in request.tensors)
    return body, {JSON_LENGTH: str(len(head))}


def _as_numbers(tensor: Tensor) -> dict[str, Any]:
    elements = from_bytes(tensor.data, tensor.datatype, (-1,)).tolist()
    return {**_described(tensor), "data": elements}


def _as_bytes(tensor: Tensor) -> dict[str, Any]:
    return {**_described(tensor), "parameters": {"binary_data_size": len(tensor.data)}}


def _described(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}


class HttpClient(AbstractContextManager["HttpClient"]):
    """One kept-alive connection. `timeout_s` bounds each call."""

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

    def _infer(self, request: Request, body: bytes, headers: dict[str, str]) -> Answer | Refused:
        path = f"{_path(request.model, request.version)}/infer"
        reply = self._json("POST", path, content=body, headers=headers)
        if isinstance(reply, Refused):
            return reply
        return {t["name"]: from_json(t) for t in reply["outputs"] if t["datatype"] in NUMPY_OF}

    def _json(self, method: str, path: str, **body: Any) -> Any | Refused:
        reply = self._ask(method, path, **body)
        return reply if isinstance(reply, Refused) else reply.json()

    def _is_fine(self, path: str) -> bool | Refused:
        reply = self._ask("GET", path)
        return reply if isinstance(reply, Refused) else True

    def _ask(self, method: str, path: str, **body: Any) -> httpx.Response | Refused:
        try:
            reply = self._http.request(method, path, **body)
        except httpx.HTTPError as error:
            return Refused("", str(error) or type(error).__name__)
        if reply.status_code != HTTPStatus.OK:
            return Refused(str(reply.status_code), reply.text)
        return reply


def _path(model: str, version: str) -> str:
    return f"/v2/models/{model}/versions/{version}" if version else f"/v2/models/{model}"
