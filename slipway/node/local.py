"""A node on one machine: a server, and the agent that drives it."""

import re
import socket
from dataclasses import dataclass
from pathlib import Path

from slipway import contract
from slipway.errors import NodeError
from slipway.node.agent import Agent
from slipway.node.control import LOAD_TIMEOUT, GrpcControl
from slipway.node.engines.here import engines_here
from slipway.node.report import Identity
from slipway.progress import Progress, silent
from slipway.registry.store import Store
from slipway.triton.access import ManagementKey
from slipway.triton.connection_age import connection_age
from slipway.triton.environment import ServerEnvironment
from slipway.triton.installation import Installation
from slipway.triton.server import EmbeddedServer, Ports, ServerOptions

NODE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True)
class NodeSettings:
    """Where a node keeps its files, which environment it follows, and where it listens.

    `advertised` is where clients find it if that is not `address`. A `restricted` server is one
    among others: nobody else manages it, and clients do not stay with it. Timeouts in seconds.
    """

    environment: str
    folder: Path
    ports: Ports
    node: str = ""
    address: str = "127.0.0.1"
    startup_timeout: float = 60.0
    exit_timeout: float = 10.0
    advertised: str = ""
    restricted: bool = False

    def __post_init__(self) -> None:
        if not NODE_NAME.fullmatch(self.name):
            raise NodeError(
                f"A node cannot be named '{self.name}'",
                why="the name is part of an object key: letters, digits, '_', '.' and '-'",
                mend="Give another with --node.",
            )

    @property
    def name(self) -> str:
        return self.node or socket.gethostname().split(".")[0]


def local_agent(
    settings: NodeSettings,
    store: Store,
    progress: Progress = silent,
    installation: Installation | None = None,
) -> Agent:
    """An agent with its own Triton, not started yet: the embedded one, unless another is given.

    Raises `ServerEnvironmentError`.
    """
    installation = installation or ServerEnvironment.find()
    folder = settings.folder.resolve()
    repository = folder / "repository"
    repository.mkdir(parents=True, exist_ok=True)
    key = ManagementKey() if settings.restricted else None
    options = ServerOptions(
        repository=repository,
        log=folder / contract.TRITON_LOG,
        ports=settings.ports,
        address=settings.address,
        startup_timeout=settings.startup_timeout,
        exit_timeout=settings.exit_timeout,
        extra=(*key.options, *connection_age(_grace(settings))) if key else (),
    )
    clients = settings.advertised or settings.address
    identity = Identity(
        environment=settings.environment,
        node=settings.name,
        grpc=f"{clients}:{settings.ports.grpc}",
        http=f"{clients}:{settings.ports.http}",
        server=installation.versions,
    )
    server = EmbeddedServer(options, installation)
    control = GrpcControl(f"{options.host}:{settings.ports.grpc}", key)
    engines = engines_here(store, folder, settings.name)
    return Agent(identity, store, server, control, folder, progress=progress, engines=engines)


def _grace(settings: NodeSettings) -> float:
    """The node's own calls must not be cut off either: it loads models over gRPC."""
    return max(settings.exit_timeout, LOAD_TIMEOUT)
