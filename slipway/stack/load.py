"""A checkout and a stack's name to the graph of what `pulumi up` would declare."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pulumi
import yaml

from slipway.errors import StackError
from slipway.stack.configuration import read_configuration, secret_keys
from slipway.stack.graph import Graph
from slipway.stack.invokes import Invokes
from slipway.stack.outputs import FIRST, Outputs
from slipway.stack.program import program_at, record
from slipway.stack.shapes import reshaped


def load(
    root: Path,
    stack: str,
    overrides: Mapping[str, str] | None = None,
    *,
    shape: str = "",
    outputs: Outputs = FIRST,
) -> Graph:
    """Evaluate the program at `root` with the configuration of `stack` and these `overrides`,
    as it is or in another `shape`.

    Raises `StackError` where there is no such stack, where the program refuses its settings, and
    where this process has imported modules of another checkout.
    """
    config = read_configuration(root, stack, overrides)
    config = reshaped(config, shape) if shape else config
    project = yaml.safe_load((root / "Pulumi.yaml").read_text())["name"]
    invokes = Invokes(region=config.get("aws:region", Invokes.region))
    try:
        with _uncollected():
            return record(
                program_at(root),
                project=project,
                stack=stack,
                config=config,
                secrets=secret_keys(config),
                invokes=invokes,
                outputs=outputs,
            )
    except pulumi.RunError as error:  # how a program says that it cannot be run as configured
        raise StackError(f"The stack '{stack}' is refused", why=str(error)) from error


@contextmanager
def _uncollected() -> Iterator[None]:
    """The SDK's modules are many objects that stay: looking through them again and again for
    garbage takes a fifth of the time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
