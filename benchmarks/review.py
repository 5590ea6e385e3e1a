"""How long a reviewer waits: `scripts/stack.py` show, diff and check for one stack."""

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
COMMANDS = {
    "show": ("show",),
    "teardown": ("teardown",),
    "diff, an image": ("diff", "--base", "HEAD", "--set", "slipway:image=0.2.0"),
    "diff, a zone less": ("diff", "--base", "HEAD", "--set", "slipway:zones=2"),
    "diff, every tag": ("diff", "--base", "HEAD", "--set", "slipway:costCenter=9999"),
    "check": ("check",),
}

app = terminal.application()


@app.command()
def main(
    rounds: Annotated[int, typer.Option(min=1, help="Each command once a round, in turn.")] = 5,
    stack: Annotated[str, typer.Option(help="dev, staging or prod.")] = "prod",
    output: Annotated[
        Path | None,
        typer.Option(help="Raw numbers. [default: benchmarks/results/review-<date>.json]"),
    ] = None,
    json: options.Json = False,
) -> None:
    """Time what people run before a pull request is merged, each in a process of its own.

    Example: python benchmarks/review.py --rounds 3
    """
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with terminal.progress_bar("commands", enabled=not json) as progress:
        total = rounds * len(seconds)
        for number in range(total):
            name = list(seconds)[number % len(seconds)]
            progress(number, total, name)
            started = time.perf_counter()
            _run(COMMANDS[name], stack)
            seconds[name].append(time.perf_counter() - started)
    result = {
        "machine": describe_machine(),
        "python": sys.version.split()[0],
        "stack": stack,
        "seconds": seconds,
    }
    today = datetime.now(UTC).date().isoformat()
    target = output or ROOT / f"benchmarks/results/review-{today}.json"
    write_whole(target, readable_json(result))
    if json:
        terminal.print_json(result)
        return
    terminal.print_table(
        ("COMMAND", "MEDIAN", "LEAST", "MOST"),
        [
            (name, *(f"{of(taken):.1f} s" for of in (statistics.median, min, max)))
            for name, taken in seconds.items()
        ],
    )
    terminal.say(f"{describe_machine()}; raw numbers in {target}")


def _run(arguments: tuple[str, ...], stack: str) -> None:
    command = [sys.executable, str(ROOT / "scripts/stack.py"), *arguments, "--stack", stack]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1}:  # 1: somebody has to say yes
        raise CheckError(f"{arguments[0]} did not run", why=done.stderr.strip())


if __name__ == "__main__":
    terminal.run(app)
