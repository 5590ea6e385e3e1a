"""Build a model: recipe to packaged Triton model folder."""

from pathlib import Path
from typing import Annotated

import typer

from slipway import options, terminal

app = terminal.application()


@app.command()
def main(
    model: Annotated[str, typer.Argument(help="A folder of the model repository.")],
    models: options.Models = Path("model_repo"),
    workspace: options.Workspace = Path("build"),
    json: options.Json = False,
) -> None:
    """Train, export, optimise, evaluate and package a model.

    Each step is done once for what decides its result (sources, recipe, library versions) and
    reused after that. Training that was stopped goes on from its last whole epoch. A model under
    its recipe's floor, or one whose ONNX form answers otherwise than PyTorch, is not packaged.

    Example: python scripts/build.py image_classifier
    """
    from slipway.recipe import open_model

    folder = open_model(model, models)

    from slipway.build.line import build

    done = []
    with terminal.progress_bar("build", enabled=not json) as progress:
        for result in build(folder, workspace, progress):
            done.append(result)
            step = result.step
            terminal.step(step.name, step.seconds, result.detail, reused=step.reused)
    package = done[-1].step.folder
    if json:
        terminal.print_json(
            {
                "model": model,
                "package": str(package),
                "steps": [
                    {
                        "name": d.step.name,
                        "key": d.step.key,
                        "folder": str(d.step.folder),
                        "reused": d.step.reused,
                        "seconds": round(d.step.seconds, 3),
                        "detail": d.detail,
                    }
                    for d in done
                ],
            }
        )
    else:
        typer.echo(package)


if __name__ == "__main__":
    terminal.run(app)
