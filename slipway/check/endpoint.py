"""Where a server answers."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from slipway import contract
from slipway.errors import CheckError


@dataclass(frozen=True)
class Endpoint:
    """The two addresses of one server: `grpc` as host:port, `http` as a URL without a path."""

    grpc: str = f"127.0.0.1:{contract.GRPC_PORT}"
    http: str = f"http://127.0.0.1:{contract.HTTP_PORT}"

    def __post_init__(self) -> None:
        if not _is_host_and_port(self.grpc):
            raise CheckError(
                f"The gRPC address {self.grpc!r} is refused",
                why="it is written as host:port",
                mend=f"Give for example --grpc 127.0.0.1:{contract.GRPC_PORT}.",
            )
        scheme, separator, rest = self.http.partition("://")
        if scheme not in ("http", "https") or not separator or not _is_host_and_port(rest):
            raise CheckError(
                f"The HTTP address {self.http!r} is refused",
                why="it is written as http://host:port, without a path",
                mend=f"Give for example --http http://127.0.0.1:{contract.HTTP_PORT}.",
            )


def _is_host_and_port(text: str) -> bool:
    try:
        parts = urlsplit(f"//{text}")
        return bool(parts.hostname) and bool(parts.port) and parts.netloc == text
    except ValueError:  # a port that is no number, or above 65535
        return False


def unreachable(address: str, why: str) -> CheckError:
    """Nothing answers at `address`, so nothing can be checked."""
    return CheckError(
        f"No server answers at {address}",
        why=why,
        mend="Start a node with scripts/serve.py, or give the address with --grpc and --http.",
    )
