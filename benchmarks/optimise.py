"""What ONNX Runtime's documentation says of INT8 on processors, measured on this one."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from slipway import options, terminal

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

app = terminal.application()

TEXT, IMAGES = "text_classifier", "image_classifier"
PATIENCE_S = 30.0
WITH, WITHOUT = "as it is", "without VNNI"


@app.command()
def main(
    rounds: Annotated[int, typer.Option(min=3, help="Rounds, all systems in each.")] = 9,
    models: options.Models = Path("model_repo"),
    workspace: options.Workspace = Path("build"),
    output: Annotated[Path | None, typer.Option(help="Keep the figures in this JSON file.")] = None,
) -> None:
    """INT8 beside FP32, on this processor as it is and as if it had no VNNI.

    ONNX Runtime's documentation (Performance, Model optimizations, Quantize ONNX models) says that
    processors with VNNI gain in general and older ones may lose; that without VNNI products of
    8-bit numbers can overflow, which weights of 7 bits avoid; and that static quantisation is for
    convolutions, dynamic for transformers. Here is by how much, in one run. Processes that are to
    see no VNNI are told so wherever they ask (CPUID); FP32 is timed in both.

    Example: python benchmarks/optimise.py --output benchmarks/results/optimise.json
    """
    from benchmarks.optimise_parts.files import lay_out
    from benchmarks.optimise_parts.processor import hiding
    from benchmarks.optimise_parts.summary import rows
    from slipway.files import readable_json, write_whole
    from slipway.hardware import this_machine

    with tempfile.TemporaryDirectory() as scratch:
        old = hiding(Path(scratch))
        if isinstance(old, str):
            terminal.say(f"  {WITHOUT}: {old}")
        environments: dict[str, Mapping[str, str] | None] = {WITH: None}
        if not isinstance(old, str):
            environments[WITHOUT] = old
        found = []
        for model in (TEXT, IMAGES):
            with terminal.progress_bar(f"{model}: write"):
                folder = lay_out(model, models, workspace, Path(scratch) / model)
            with terminal.progress_bar(f"{model}: time") as progress:
                timings = _time(folder, environments, rounds, progress)
            found += [{"model": model, **row} for row in rows(folder, timings)]
            shutil.rmtree(folder)
    value: dict[str, Any] = {
        "recorded": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": str(this_machine()),
        "rows": found,
    }
    if output:
        write_whole(output, readable_json(value))
    terminal.print_table(
        ("MODEL", "FILE", "PROCESSOR", "MS", "TIMES FP32", "SIGNAL TO NOISE"),
        [
            (
                row["model"],
                row["file"],
                row["processor"],
                f"{row['ms']:.2f}",
                row["said"],
                row["db"],
            )
            for row in found
        ],
    )
    terminal.say(f"  on {value['hardware']}")


def _time(
    folder: Path, environments: Mapping[str, Mapping[str, str] | None], rounds: int, progress: Any
) -> dict[str, list[dict[str, float]]]:
    """For each processor what every round took; the processes take turns."""
    from slipway.processes import running

    with ExitStack() as stack:
        children = {}
        for name, environment in environments.items():
            command = [sys.executable, "-m", "benchmarks.optimise_parts.child", str(folder), name]
            child = stack.enter_context(
                running(
                    command,
                    PATIENCE_S,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=ROOT,
                    env=environment,
                )
            )
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            children[name] = child
        timings: dict[str, list[dict[str, float]]] = {name: [] for name in children}
        for number in range(rounds):
            for name, child in children.items():
                assert child.stdin is not None
                assert child.stdout is not None
                child.stdin.write("round\n")
                child.stdin.flush()
                timings[name].append(json.loads(child.stdout.readline()))
            progress(number + 1, rounds, f"round {number + 1}")
        for child in children.values():
            assert child.stdin is not None
            child.stdin.close()
        return timings


if __name__ == "__main__":
    terminal.run(app)
