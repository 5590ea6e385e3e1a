"""All variants of every model side by side on this machine, and the table of docs/results.md."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slipway import options, terminal

if TYPE_CHECKING:
    from slipway.folder import ModelFolder
    from slipway.variants import Study

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that it finds its parts as a file

app = terminal.application()


@app.command()
def main(
    chosen: Annotated[
        list[str] | None, typer.Argument(metavar="MODEL", help="[default: every folder]")
    ] = None,
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
    """Make every variant of the models, measure them beside plain PyTorch, and say what is kept.

    What was made or measured before, of the same content on the same hardware, is taken from the
    workspace. Of models that are not named the file keeps what it has.

    Example: python benchmarks/variants.py --output benchmarks/results/variants.json
    --table docs/results.md
    """
    from slipway.files import readable_json, write_whole
    from slipway.folder import model_names, open_model
    from slipway.variants import Study

    kept: dict[str, Any] = json.loads(output.read_bytes()) if output and output.exists() else {}
    for name in (chosen or model_names(models)) if measure else ():
        kept[name] = {
            "recorded": datetime.now(UTC).isoformat(timespec="seconds"),
            "study": _compare(open_model(name, models), workspace).to_json(),
        }
        if output:
            write_whole(output, readable_json(kept))
    if table:
        from benchmarks.variants_parts.markdown import document

        studies = {name: Study.from_json(kept[name]["study"]) for name in sorted(kept)}
        write_whole(table, document(studies).encode())


def _compare(folder: "ModelFolder", workspace: Path) -> "Study":
    from scripts.build_parts.comparison import console, show
    from slipway.build.line import build
    from slipway.build.optimise.study import Wanted
    from slipway.build.steps import read_study

    terminal.say(folder.name)
    with terminal.progress_bar(folder.name) as progress:
        for done in build(folder, workspace, progress, wanted=Wanted()):
            terminal.step(done.step.name, done.step.seconds, done.detail, reused=done.step.reused)
            if done.step.name == "study":
                study = read_study(done.step)
                break
    show(study, console())
    return study


if __name__ == "__main__":
    terminal.run(app)
