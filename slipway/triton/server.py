"""A Triton server as a child process: started, watched and ended as a whole.

It runs under explicit model control: it serves nothing until it is told to, and never looks into
its repository by itself.
"""

import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol

from slipway.errors import ServerError, StartupError
from slipway.processes import POLL, end, hold_interrupts, spawn
from slipway.triton import answers, shared_memory
from slipway.triton.installation import Installation
from slipway.triton.log import last_lines
from slipway.triton.ports import Ports, require_free

__all__ = ["BACKENDS", "EmbeddedServer", "Ports", "Server", "ServerOptions"]

BACKENDS = Path(__file__).parent / "backends"
"""Slipway's own Python-based backends."""
MARGIN = 3.0
"""Seconds a server gets beyond its own exit timeout: unloading takes 2 to 3."""


@dataclass(frozen=True)
class ServerOptions:
    """How one server is run. Times in seconds.

    `repository` is Triton's model repository; `log` is appended to and kept. `exit_timeout` is how
    long requests in flight may take to finish when the server is stopped. `extra` goes to
    tritonserver as it is, after everything else.
    """

    repository: Path
    log: Path
    ports: Ports = field(default_factory=Ports.standard)
    address: str = "127.0.0.1"
    startup_timeout: float = 60.0
    exit_timeout: float = 10.0
    backends: Path = BACKENDS
    extra: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.startup_timeout <= 0 or self.exit_timeout < 1:
            raise ServerError(
                "The server's timeouts cannot be used",
                why=f"startup_timeout={self.startup_timeout} must be positive and "
                f"exit_timeout={self.exit_timeout} at least 1 second",
            )

    @property
    def host(self) -> str:
        """Where this machine reaches the server: `address`, unless that means "everywhere"."""
        return "127.0.0.1" if self.address == "0.0.0.0" else self.address  # noqa: S104


class Server(Protocol):
    """An inference server that can be started, again after it was stopped or died."""

    @property
    def options(self) -> ServerOptions: ...
    @property
    def running(self) -> bool: ...
    @property
    def pid(self) -> int | None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


@dataclass(frozen=True)
class _Run:
    """One life of the server: its process, and everything that must be gone after it."""

    name: str
    process: "subprocess.Popen[bytes]"
    backends: Path
    regions: str
    log_start: int


class EmbeddedServer:
    """Triton as a child of this process, from any installation. A context manager.

    Whatever ends the block, afterwards there is no process, no shared memory and no temporary file
    left; the log is.
    """

    def __init__(self, options: ServerOptions, installation: Installation) -> None:
        self._options = options
        self._installation = installation
        self._run: _Run | None = None

    @property
    def options(self) -> ServerOptions:
        return self._options

    @property
    def pid(self) -> int | None:
        """The server's process id; None while it was not started, or stopped."""
        return self._run.process.pid if self._run else None

    @property
    def running(self) -> bool:
        """Whether the process lives. It says nothing about its models: probe those by inference."""
        return self._run is not None and self._run.process.poll() is None

    def __enter__(self) -> "EmbeddedServer":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and wait until it answers on every port. Returns where it runs already.

        Raises `PortInUse`, or `StartupError` with the last lines of the log; the server is gone
        then.
        """
        if self.running:
            return
        self.stop()  # clears what a server that died by itself left behind
        require_free(self._options.address, self._options.ports)
        if not self._options.repository.is_dir():
            raise StartupError(
                "The server was not started",
                why=f"its model repository {self._options.repository} is no folder",
            )
        try:
            with hold_interrupts():
                run = self._run = self._spawn()
            self._wait_until_it_answers(run)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server and everything it started. Safe at any time, also a second time."""
        with hold_interrupts():
            if self._run is None:
                return
            end(self._run.process, self._options.exit_timeout + MARGIN)
            shared_memory.remove_regions(self._run.regions)
            if self._run.backends.exists():
                shutil.rmtree(self._run.backends)
            self._run = None

    def _spawn(self) -> _Run:
        options = self._options
        options.log.parent.mkdir(parents=True, exist_ok=True)
        regions = shared_memory.new_prefix()
        log_start = options.log.stat().st_size if options.log.exists() else 0
        backends = Path(tempfile.mkdtemp(prefix=".backends-", dir=options.log.parent))
        try:
            directory = self._installation.gather_backends(backends, options.backends)
            command = self._command(regions, directory)
            process = spawn(command, self._installation.environ(), options.log)
        except BaseException:
            shutil.rmtree(backends)
            raise
        return _Run(regions, process, backends, regions, log_start)

    def _command(self, regions: str, backends: Path) -> list[str]:
        options = self._options
        command = [
            str(self._installation.tritonserver),
            f"--id={regions}",
            f"--model-repository={options.repository.absolute()}",
            "--model-control-mode=explicit",
            "--disable-auto-complete-config",
            # Strict readiness would turn false whenever any version loads or unloads, and a load
            # balancer would take a node out for each rollout. The node probes its models instead.
            "--strict-readiness=false",
            f"--exit-timeout-secs={options.exit_timeout:.0f}",
            f"--backend-directory={backends.absolute()}",
            f"--backend-config=python,shm-region-prefix-name={regions}",
        ]
        for protocol in ("http", "grpc", "metrics"):
            command += [
                f"--{protocol}-address={options.address}",
                f"--{protocol}-port={getattr(options.ports, protocol)}",
            ]
        return [*command, *self._installation.options, *options.extra]

    def _wait_until_it_answers(self, run: _Run) -> None:
        options = self._options
        deadline = time.monotonic() + options.startup_timeout
        while not answers.all_ports(options.host, options.ports, run.name):
            code = run.process.poll()
            if code is not None:
                raise self._startup_error(run, f"ended with exit code {code} while it started")
            if time.monotonic() > deadline:
                raise self._startup_error(
                    run, f"did not come up within {options.startup_timeout:g} seconds"
                )
            time.sleep(POLL)

    def _startup_error(self, run: _Run, what: str) -> StartupError:
        said = last_lines(self._options.log, since=run.log_start)
        return StartupError(
            f"The server {what}",
            why=f"it said last: {said}" if said else "it said nothing",
            mend=f"The whole log is {self._options.log}.",
        )
