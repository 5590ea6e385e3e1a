"""All that a GPU makes faster, side by side in one run: ONNX Runtime, PyTorch and TensorRT."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from slipway import options, terminal

sys.path.insert(0, str(Path(__file__).parents[1]))

app = terminal.application()


@app.command()
def main(
    chosen: Annotated[
        list[str] | None, typer.Argument(metavar="MODEL", help="[default: every folder]")
    ] = None,
    variants: Annotated[str, typer.Option(help="Names, with commas between them, or all.")] = "all",
    models: options.Models = Path("model_repo"),
    workspace: options.Workspace = Path("build"),
    output: Annotated[Path | None, typer.Option(help="Keep the figures in this JSON file.")] = None,
    table: Annotated[
        Path | None, typer.Option(help="Write the tables of all that --output holds, as Markdown.")
    ] = None,
    measure: Annotated[
        bool, typer.Option(help="--no-measure writes the tables of what is kept.")
    ] = True,
) -> None:
    """Compare on this machine's GPU what can run a model, and keep the raw numbers.

    Of every model: its variants with ONNX Runtime's CUDA provider; PyTorch in FP32 and FP16, eager
    and compiled; what TF32 gains and costs; and, where trtexec is installed, the TensorRT engines
    that its package offers. Needs onnxruntime-gpu in place of onnxruntime, and a PyTorch with CUDA.
    A model that fails does not end the others. Of models that are not named, the file keeps what
    it has of the same hardware.

    Example: python benchmarks/gpu.py --output benchmarks/results/gpu.json
    --table docs/results-gpu.md
    """
    from benchmarks.gpu_parts.markdown import document
    from benchmarks.gpu_parts.model import compare
    from benchmarks.gpu_parts.table import HEADER, rows
    from slipway.errors import SlipwayError
    from slipway.files import readable_json, write_whole
    from slipway.folder import model_names, open_model

    kept: dict[str, Any] = json.loads(output.read_bytes()) if output and output.exists() else {}
    if not (measure or kept):
        raise typer.BadParameter("there is nothing kept to write of", param_hint="--output")
    found = _begun(kept) if measure else kept
    for name in (chosen or model_names(models)) if measure else ():
        terminal.say(name)
        try:
            value = compare(open_model(name, models), workspace, tuple(variants.split(",")))
        except SlipwayError as error:
            value = {"failed": str(error)}
            terminal.say(f"  {error}")
        found["models"][name] = value
        found["recorded"] = datetime.now(UTC).isoformat(timespec="seconds")
        if output:
            write_whole(output, readable_json(found))
        terminal.print_table(HEADER, list(rows(value)))
    if table:
        write_whole(table, document(found).encode())
    terminal.say(f"  on {found['hardware']}")


def _begun(kept: dict[str, Any]) -> dict[str, Any]:
    """What was kept of the same hardware, to go on with."""
    from benchmarks.gpu_parts.model import software
    from slipway.build.session import on_gpu
    from slipway.errors import BuildError
    from slipway.hardware import this_machine

    if not on_gpu():
        raise BuildError(
            "There is no GPU to measure on",
            why="ONNX Runtime has no CUDA provider here, or NVIDIA's driver names no GPU",
            mend="Install onnxruntime-gpu in place of onnxruntime, on a machine with a GPU.",
        )
    hardware = str(this_machine())
    return {
        "hardware": hardware,
        "software": software(),
        "models": kept["models"] if kept.get("hardware") == hardware else {},
    }


if __name__ == "__main__":
    terminal.run(app)
