"""How long it takes to evaluate the stack of an environment offline, from nothing."""

import json as json_module
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from slipway import options, terminal
from slipway.check.machine import describe_machine
from slipway.errors import CheckError
from slipway.files import readable_json, write_whole

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENTS = ("dev", "staging", "prod")
SHAPES = ("cluster", "single", "container")

app = terminal.application()


@app.command()
def main(
    rounds: Annotated[int, typer.Option(min=1, help="Each stack once a round, in turn.")] = 5,
    output: Annotated[
        Path | None,
        typer.Option(help="Raw numbers. [default: benchmarks/results/stack-<date>.json]"),
    ] = None,
    json: options.Json = False,
) -> None:
    """Time `scripts/stack.py show` for every environment in every shape.

    Each is a process of its own, so imports count: that is what a person waits for.

    Example: python benchmarks/stack.py --rounds 3
    """
    seconds: dict[str, list[float]] = {f"{e} {s}": [] for e in ENVIRONMENTS for s in SHAPES}
    resources: dict[str, int] = {}
    with terminal.progress_bar("stacks", enabled=not json) as progress:
        total = rounds * len(seconds)
        for number in range(total):
            name = list(seconds)[number % len(seconds)]
            progress(number, total, name)
            started = time.perf_counter()
            resources[name] = _evaluate(*name.split())
            seconds[name].append(time.perf_counter() - started)
    result = {
        "machine": describe_machine(),
        "python": sys.version.split()[0],
        "resources": resources,
        "seconds": seconds,
    }
    today = datetime.now(UTC).date().isoformat()
    target = output or ROOT / f"benchmarks/results/stack-{today}.json"
    write_whole(target, readable_json(result))
    if json:
        terminal.print_json(result)
        return
    terminal.print_table(
        ("ENVIRONMENT", "SHAPE", "RESOURCES", "MEDIAN", "LEAST", "MOST"),
        [
            (
                *name.split(),
                resources[name],
                f"{statistics.median(taken):.2f} s",
                f"{min(taken):.2f} s",
                f"{max(taken):.2f} s",
            )
            for name, taken in seconds.items()
        ],
    )
    terminal.say(f"{describe_machine()}; raw numbers in {target}")


def _evaluate(environment: str, shape: str) -> int:
    """How many resources it has."""
    command = [sys.executable, str(ROOT / "scripts/stack.py"), "show", "--json"]
    command += ["--stack", environment, "--shape", shape]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CheckError(f"{environment} {shape} was not evaluated", why=done.stderr.strip())
    found: int = json_module.loads(done.stdout)["resources"]
    return found


if __name__ == "__main__":
    terminal.run(app)
