"""What a node of a fleet is told through its environment variables, and by nothing else."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from slipway import contract
from slipway.errors import FleetError


@dataclass(frozen=True)
class FleetSettings:
    """Empty text means that there is none of it. Times in seconds."""

    store: str
    environment: str
    node: str
    folder: Path
    group: str
    launch_hook: str
    terminate_hook: str
    discovery: str
    metrics: str
    exit_timeout: float
    drain: float

    def __post_init__(self) -> None:
        if (self.launch_hook or self.terminate_hook) and not self.group:
            raise _refusal(contract.ENV_GROUP, "is not set", "a lifecycle hook belongs to a group")
        if self.metrics not in {"", contract.METRICS_CLOUDWATCH}:
            possible = f"it is '{contract.METRICS_CLOUDWATCH}' or empty"
            raise _refusal(contract.ENV_METRICS, f"is '{self.metrics}'", possible)
        if self.environment not in contract.ENVIRONMENTS:
            known = ", ".join(contract.ENVIRONMENTS)
            raise _refusal(
                contract.ENV_ENVIRONMENT, f"is '{self.environment}'", f"it is one of {known}"
            )
        # Written so that nan is refused as well.
        if not (1 <= self.exit_timeout < math.inf and 0 <= self.drain < math.inf):
            raise _refusal(
                f"{contract.ENV_EXIT_TIMEOUT} or {contract.ENV_DRAIN}",
                "cannot be used",
                "an exit takes at least 1 second, a drain 0, and neither for ever",
            )

    @property
    def on_ec2(self) -> bool:
        """Whether this must be an instance that can be asked what it is."""
        return bool(self.group or self.discovery)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "FleetSettings":
        """Raises `FleetError` with the variable's name."""
        return cls(
            store=_required(environ, contract.ENV_STORE),
            environment=_required(environ, contract.ENV_ENVIRONMENT),
            node=environ.get(contract.ENV_NODE, ""),
            folder=Path(environ.get(contract.ENV_FOLDER) or contract.NODE_FOLDER),
            group=environ.get(contract.ENV_GROUP, ""),
            launch_hook=environ.get(contract.ENV_LAUNCH_HOOK, ""),
            terminate_hook=environ.get(contract.ENV_TERMINATE_HOOK, ""),
            discovery=environ.get(contract.ENV_DISCOVERY, ""),
            metrics=environ.get(contract.ENV_METRICS, ""),
            exit_timeout=_seconds(environ, contract.ENV_EXIT_TIMEOUT, "30"),
            drain=_seconds(environ, contract.ENV_DRAIN, "0"),
        )


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise _refusal(name, "is not set", "a node cannot do without it")
    return value


def _seconds(environ: Mapping[str, str], name: str, default: str) -> float:
    value = environ.get(name) or default
    try:
        return float(value)
    except ValueError as error:
        raise _refusal(name, f"is '{value}'", "a number of seconds is needed") from error


def _refusal(name: str, state: str, why: str) -> FleetError:
    return FleetError(f"{name} {state}", why=why)
