"""The three ports of a Triton server, and who holds a port that is taken."""

import socket
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path

from slipway import contract
from slipway.errors import PortInUse, ServerError

LISTENING = "0A"
"""The state of a listening socket in /proc/net/tcp."""


@dataclass(frozen=True)
class Ports:
    """Where a server answers HTTP and gRPC, and where Prometheus reads its metrics."""

    http: int
    grpc: int
    metrics: int

    def __post_init__(self) -> None:
        ports = self.all
        if len(set(ports)) != len(ports) or not all(0 < port < 1 << 16 for port in ports):
            raise ServerError(
                f"The ports {', '.join(map(str, ports))} cannot be used",
                why="three different numbers from 1 to 65535 are needed",
            )

    @property
    def all(self) -> tuple[int, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))

    @classmethod
    def standard(cls) -> "Ports":
        return cls(contract.HTTP_PORT, contract.GRPC_PORT, contract.METRICS_PORT)

    @classmethod
    def free(cls) -> "Ports":
        """Three ports nobody listens on now. Another process may still take one before us."""
        with ExitStack() as held:
            sockets = [held.enter_context(socket.socket()) for _ in fields(cls)]
            for each in sockets:
                each.bind(("127.0.0.1", 0))
            return cls(*(each.getsockname()[1] for each in sockets))


def require_free(address: str, ports: Ports) -> None:
    """Raises `PortInUse` with the port and, where /proc tells, the process that holds it."""
    for port in ports.all:
        with socket.socket() as probe:
            # As the server does: a port whose last connections are still closing is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except PermissionError as error:
                raise ServerError(
                    f"Port {port} may not be opened", why=str(error), mend="Use one above 1023."
                ) from error
            except OSError as error:
                holder = holder_of(port)
                raise PortInUse(
                    f"Port {port} of {address} cannot be used",
                    why=f"process {holder} listens there" if holder else str(error.strerror),
                    mend="End that process, or choose other ports.",
                ) from error


def holder_of(port: int) -> int | None:
    """The process that listens on a port of this machine; None where it cannot be told."""
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == LISTENING and int(local.rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{rest[5]}]")
    return next((pid for pid in _processes() if _holds(pid, inodes)), None) if inodes else None


def _processes() -> list[int]:
    return sorted(int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def _holds(pid: int, links: set[str]) -> bool:
    """Whether one of the process's open files is among `links`; False where we may not look."""
    try:
        files = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # it ended meanwhile, or it is another user's
        return False
    return any(_target(file) in links for file in files)


def _target(link: Path) -> str:
    """Where a link leads; nowhere once the file it stands for is closed."""
    try:
        return str(link.readlink())
    except OSError:
        return ""
