"""Serve what an environment releases, on this machine."""

import json as json_module
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from slipway import contract, options, terminal
from slipway.registry.store import DEFAULT_URL

app = terminal.application()


@app.command()
def main(
    environment: options.Environment = "local",
    store: options.StoreUrl = DEFAULT_URL,
    folder: Annotated[Path, typer.Option(help="This node's files and logs.")] = Path("build/node"),
    node: Annotated[
        str, typer.Option(envvar=contract.ENV_NODE, help="Name in reports. [default: host name]")
    ] = "",
    http_port: Annotated[int, typer.Option(help="HTTP and REST.")] = contract.HTTP_PORT,
    grpc_port: Annotated[int, typer.Option(help="gRPC.")] = contract.GRPC_PORT,
    metrics_port: Annotated[int, typer.Option(help="Prometheus.")] = contract.METRICS_PORT,
    free_ports: Annotated[
        bool, typer.Option("--free-ports", help="Pick free ports instead.")
    ] = False,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between rounds.")] = 2.0,
    startup_timeout: Annotated[
        float, typer.Option(min=1.0, help="Seconds Triton may take to come up.")
    ] = 60.0,
    json: Annotated[bool, typer.Option("--json", help="Events as JSON lines.")] = False,
) -> None:
    """Run a node: Triton, and the agent that keeps it serving what is released.

    The node follows the environment's releases: a promoted version is fetched, verified, loaded and
    probed before clients see it, and when any of that fails the version before serves on. A model
    that stops answering is mended. Ctrl-C stops everything.

    Example: python scripts/serve.py, then in another terminal python scripts/smoke.py
    image_classifier
    """
    from slipway.node import events
    from slipway.node.follow import follow
    from slipway.node.local import NodeSettings, local_agent
    from slipway.registry.releases import releases
    from slipway.registry.store import open_store
    from slipway.triton.server import Ports

    opened = open_store(store)
    waiting = not list(releases(opened, environment))
    ports = Ports.free() if free_ports else Ports(http_port, grpc_port, metrics_port)
    settings = NodeSettings(environment, folder, ports, node=node, startup_timeout=startup_timeout)

    def show(event: events.Event) -> None:
        if json:
            sys.stdout.write(json_module.dumps(events.to_json(event)) + "\n")
            sys.stdout.flush()
        else:
            terminal.say(f"  {time.strftime('%H:%M:%S')}  {events.sentence(event)}")

    with terminal.progress_bar("sync", enabled=not json) as progress:
        agent = local_agent(settings, opened, progress)
        if waiting:
            terminal.say(f"  nothing is released in '{environment}' of {opened.url} yet; waiting")
        try:
            follow(agent, show, interval)
        finally:
            agent.stop()


if __name__ == "__main__":
    terminal.run(app)
