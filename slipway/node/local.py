"""A node on one machine: the embedded server, and the agent that drives it."""

import re
import socket
from dataclasses import dataclass
from pathlib import Path

from slipway.errors import NodeError
from slipway.node.agent import Agent, Identity
from slipway.node.control import GrpcControl
from slipway.progress import Progress, silent
from slipway.registry.store import Store
from slipway.triton.environment import ServerEnvironment
from slipway.triton.server import EmbeddedServer, Ports, ServerOptions

NODE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
LOG_FILE = "triton.log"


@dataclass(frozen=True)
class NodeSettings:
    """Where a node keeps its files, which environment it follows, and where it listens."""

    environment: str
    folder: Path
    ports: Ports
    node: str = ""
    address: str = "127.0.0.1"
    startup_timeout: float = 60.0

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


def local_agent(settings: NodeSettings, store: Store, progress: Progress = silent) -> Agent:
    """An agent with its own Triton, not started yet. Raises `ServerEnvironmentError`."""
    environment = ServerEnvironment.find()
    folder = settings.folder.resolve()
    repository = folder / "repository"
    repository.mkdir(parents=True, exist_ok=True)
    options = ServerOptions(
        repository=repository,
        log=folder / LOG_FILE,
        ports=settings.ports,
        address=settings.address,
        startup_timeout=settings.startup_timeout,
    )
    grpc = f"{settings.address}:{settings.ports.grpc}"
    identity = Identity(
        environment=settings.environment,
        node=settings.name,
        grpc=grpc,
        http=f"{settings.address}:{settings.ports.http}",
        server=environment.versions,
    )
    server = EmbeddedServer(options, environment)
    return Agent(identity, store, server, GrpcControl(grpc), folder, progress=progress)
