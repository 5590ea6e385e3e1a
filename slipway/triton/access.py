"""Who may manage a server: nobody but the one who started it.

Triton answers its management APIs (load and unload, configuration, logging, ...) to every client
that reaches its ports, unless they are restricted to requests that carry a key. Triton takes the
key as an argument only, so processes of the same user and root can read it in /proc: in the serving
container those are the node, Triton and the models' own code, on the host its administrators.
"""

import secrets
from dataclasses import dataclass, field

from slipway import contract

HEADER = "slipway-management"
GRPC_PREFIX = "triton-grpc-protocol-"
"""Triton looks for gRPC metadata of this name and the header's."""


@dataclass(frozen=True)
class ManagementKey:
    """A secret, made anew by each node that starts. It is in no log, message or file."""

    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def options(self) -> tuple[str, ...]:
        """What tritonserver is told."""
        restricted = f"{','.join(contract.MANAGEMENT_APIS)}:{HEADER}={self.secret}"
        return (f"--http-restricted-api={restricted}", f"--grpc-restricted-protocol={restricted}")

    @property
    def grpc_headers(self) -> dict[str, str]:
        """What a request must carry over gRPC."""
        return {GRPC_PREFIX + HEADER: self.secret}
