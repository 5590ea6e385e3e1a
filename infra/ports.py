"""The ports of a server that a load balancer, or a client without one, connects to."""

from dataclasses import dataclass

from slipway import contract

_BRIDGE = (32768, 65535)
"""From which Docker picks the server's port of a container in a bridge network."""


@dataclass(frozen=True)
class PortRange:
    """Both ends are part of it."""

    first: int
    last: int
    purpose: str


def served(network_mode: str) -> tuple[PortRange, ...]:
    """Requests come in at Triton's ports, or at any that Docker picks in the mode `bridge`;
    questions whether the server is ready always at the same. Metrics stay on the server.
    """
    readiness = PortRange(contract.READINESS_PORT, contract.GRPC_READINESS_PORT, "Readiness")
    if network_mode == "bridge":
        return (PortRange(*_BRIDGE, "Requests to containers"), readiness)
    return (
        PortRange(contract.HTTP_PORT, contract.HTTP_PORT, "HTTP requests"),
        PortRange(contract.GRPC_PORT, contract.GRPC_PORT, "gRPC requests"),
        readiness,
    )
