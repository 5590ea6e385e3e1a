"""A node in a process of its own, serving what was released, while a block runs."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway import terminal
from slipway.check.endpoint import Endpoint
from slipway.errors import NodeError
from slipway.processes import running

SERVE = Path(__file__).parents[1] / "serve.py"
PATIENCE = 30.0
"""Seconds a node gets to stop: more than its server's exit timeout."""


@dataclass(frozen=True)
class Node:
    """Where it answers, and what runs there: software to version."""

    endpoint: Endpoint
    server: Mapping[str, str]


@contextmanager
def serving(
    store: str, environment: str, folder: Path, versions: Mapping[str, int]
) -> Iterator[Node]:
    """Start a node on free ports and wait until it serves each model's version.

    Raises `NodeError` where it will not.
    """
    log = folder / "serve.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [
        *(sys.executable, str(SERVE), "--free-ports", "--json"),
        *("--environment", environment, "--store", store, "--node", "demo"),
        *("--folder", str(folder)),
    ]
    with (
        log.open("wb") as errors,
        running(command, PATIENCE, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        with terminal.progress_bar("serve"):
            up = _await_serving(process, versions, log)
        yield Node(Endpoint(up["grpc"], f"http://{up['http']}"), up["server"])


def _await_serving(
    node: "subprocess.Popen[bytes]", versions: Mapping[str, int], log: Path
) -> dict[str, Any]:
    """Read the node's events until it serves them all: the one that told where it listens."""
    assert node.stdout is not None
    waiting, started = dict(versions), {}
    for line in node.stdout:
        event: dict[str, Any] = json.loads(line)
        model = str(event.get("model"))
        if event["event"] == "started":
            started = event
        if event["event"] == "refused" and model in waiting:
            raise _unserved(model, waiting[model], event["reason"])
        if event["event"] == "serving" and waiting.get(model) == event["version"]:
            del waiting[model]
            if not waiting:
                return started
    said = log.read_text().strip().splitlines()
    model, version = next(iter(waiting.items()))
    raise _unserved(model, version, said[-1].removeprefix("error: ") if said else "it ended")


def _unserved(model: str, version: int, why: str) -> NodeError:
    return NodeError(f"The node does not serve {model} version {version}", why=why)
