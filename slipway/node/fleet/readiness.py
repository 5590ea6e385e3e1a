"""One question that a load balancer asks a node: shall clients be sent here?

Triton cannot answer it: it is ready before its models are loaded, after a backend's process has
died, and while its node is about to leave.
"""

import http
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from slipway import contract
from slipway.errors import FleetError

PATIENCE = 5.0
"""Seconds in which a request must have come."""


class Readiness:
    """Answers on a port of its own, at Triton's path: 200 or 503. A context manager."""

    def __init__(self, address: str, port: int, ready: Callable[[], bool]) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = PATIENCE

            def do_GET(self) -> None:
                if self.path != contract.HEALTH_READY:
                    status = http.HTTPStatus.NOT_FOUND
                elif ready():
                    status = http.HTTPStatus.OK
                else:
                    status = http.HTTPStatus.SERVICE_UNAVAILABLE
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def version_string(self) -> str:
                return "slipway"

            def log_message(self, *_: object) -> None:
                """A question every few seconds is no news."""

        try:
            self._server = ThreadingHTTPServer((address, port), Handler)
        except OSError as error:
            raise FleetError(f"Port {port} cannot be used", why=str(error.strerror)) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="readiness", daemon=True
        )

    def __enter__(self) -> "Readiness":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
