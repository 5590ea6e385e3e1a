"""The node's readiness for load balancers that ask over gRPC: the status of the call is the answer.

Triton's own health service cannot be asked: its calls succeed also when it does not serve, which it
says in the body only, and what it knows is not enough (see `readiness`).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

import grpc

from slipway import contract
from slipway.errors import FleetError

SERVING = b"\x08\x01"
"""A HealthCheckResponse of grpc.health.v1: its field 1, the status, is 1."""
THREADS = 2
STOP = 5.0
"""Seconds in which a server that stops lets go of its port, at most."""


class GrpcReadiness:
    """Answers on a port of its own: OK or UNAVAILABLE. A context manager.

    Which service a request names makes no difference: load balancers name none.
    """

    def __init__(self, address: str, port: int, ready: Callable[[], bool]) -> None:
        def check(_: bytes, call: grpc.ServicerContext) -> bytes:
            if not ready():
                call.abort(grpc.StatusCode.UNAVAILABLE, "not ready")
            return SERVING

        service, method = contract.GRPC_HEALTH.strip("/").split("/")
        handler = grpc.unary_unary_rpc_method_handler(check)
        self._server = grpc.server(
            ThreadPoolExecutor(THREADS, "grpc-readiness"),
            [grpc.method_handlers_generic_handler(service, {method: handler})],
            # Otherwise gRPC shares the port with whoever has it already.
            options=[("grpc.so_reuseport", 0)],
        )
        try:
            self._server.add_insecure_port(f"{address}:{port}")
        except RuntimeError as error:
            raise FleetError(f"Port {port} cannot be used", why=str(error)) from error

    def __enter__(self) -> "GrpcReadiness":
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop(None).wait(STOP)
