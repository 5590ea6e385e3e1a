"""Build models: recipe to packaged Triton model folder."""

import json as json_module
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slipway import options, terminal
from slipway.variants import OBJECTIVES

if TYPE_CHECKING:
    from slipway.build.line import StepDone
    from slipway.build.optimise.study import Wanted
    from slipway.dataset import Sources
    from slipway.folder import ModelFolder

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # so that it finds its parts when it is run as a file

app = terminal.application()
new_app = terminal.application()
vllm_app = terminal.application()


@app.command()
def main(
    chosen: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODEL", help="Folders of the model repository."),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every folder there is.")] = False,
    data: Annotated[
        Path | None,
        typer.Option(exists=True, help="Your own data, in the format the folder's README tells."),
    ] = None,
    checkpoint: Annotated[
        str, typer.Option(help="Weights to begin with: a file, a folder, a Hugging Face id.")
    ] = "",
    sha256: Annotated[str, typer.Option(help="What the checkpoint must hash to.")] = "",
    epochs: Annotated[
        int | None, typer.Option(min=0, help="Instead of the recipe's; 0 keeps the weights.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**32 - 1, help="Instead of the recipe's.")
    ] = None,
    variants: options.Variants = "",
    objective: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=f"What the best is best at: {', '.join(OBJECTIVES)}. [default: the recipe's]",
        ),
    ] = "",
    budget: Annotated[
        float, typer.Option(min=0, help="Minutes to search among combinations of variants.")
    ] = 30.0,
    models: options.Models = Path("model_repo"),
    workspace: options.Workspace = Path("build"),
    json: options.Json = False,
) -> None:
    """Train, export, optimise, evaluate and package models.

    Each step is done once for what decides its result (sources, data, recipe, library versions) and
    reused after that. Training that was stopped goes on from its last whole epoch. A model under
    its recipe's floor, too near its baseline, or one whose ONNX form answers otherwise than
    PyTorch, is not packaged.

    With --variants or --objective, other forms of the model are made, judged on the held-out data
    and timed on this machine beside plain PyTorch, each step once for the same file and hardware. A
    variant is kept only if it is surely faster (or smaller) and its metric within the recipe's
    tolerance.

    Examples: python scripts/build.py image_classifier

    python scripts/build.py text_classifier --variants all --objective throughput

    python scripts/build.py --all

    python scripts/build.py new reviews --like text_classifier

    python scripts/build.py vllm text_generator --weights mistralai/Mistral-7B-v0.3
    """
    from slipway.dataset import Sources
    from slipway.folder import model_names, open_model

    names = model_names(models) if all_ else (chosen or [])
    if not names:
        raise typer.BadParameter("which model? --all builds every one", param_hint="MODEL")
    if sha256 and not checkpoint:
        raise typer.BadParameter("there is no checkpoint to check", param_hint="--sha256")
    if len(names) > 1 and (data or checkpoint):
        raise typer.BadParameter("data and weights are one model's: name one", param_hint="MODEL")
    if objective and objective not in OBJECTIVES:
        raise typer.BadParameter(f"one of {', '.join(OBJECTIVES)}", param_hint="--objective")
    folders = [open_model(name, models) for name in names]
    with terminal.progress_bar("import PyTorch", enabled=not json):
        from scripts.build_parts.wanted import wanted_of
        from slipway.build.checkpoint import resolve
    sources = Sources(data, resolve(checkpoint, sha256) if checkpoint else None)
    wanted = wanted_of(variants, folders, objective=objective, budget_s=60 * budget)
    results = []
    for folder in folders:
        training = folder.recipe.training
        changed = replace(
            training,
            epochs=training.epochs if epochs is None else epochs,
            seed=training.seed if seed is None else seed,
        )
        ready = replace(folder, recipe=replace(folder.recipe, training=changed))
        results.append(_build(ready, workspace, sources, wanted, quiet=json, among=len(folders)))
    if json:
        terminal.print_json(results[0] if len(results) == 1 and not all_ else results)
    elif len(results) > 1:
        _print_table(results)
    else:
        typer.echo(results[0]["package"])


def _build(
    folder: "ModelFolder",
    workspace: Path,
    sources: "Sources",
    wanted: "Wanted | None",
    *,
    quiet: bool,
    among: int,
) -> dict[str, Any]:
    from scripts.build_parts.comparison import console, show
    from slipway.artefact import read_artefact
    from slipway.build.line import build

    if among > 1 and not quiet:
        terminal.say(folder.name)
    done = []
    with terminal.progress_bar("build", enabled=not quiet) as progress:
        for result in build(folder, workspace, progress, sources, wanted):
            done.append(result)
            step = result.step
            if not quiet:
                terminal.step(step.name, step.seconds, result.detail, reused=step.reused)
    package = done[-1].step.folder
    artefact = read_artefact(package)
    metric, study = artefact.metric, artefact.study
    if study and not quiet:
        show(study, console())
    return {
        "model": folder.name,
        "package": str(package),
        "metric": {
            "name": metric.name,
            "value": metric.value,
            "floor": metric.floor,
            "baseline": metric.baseline,
            "baseline_name": metric.baseline_name,
            "figures": dict(metric.figures),
        },
        "steps": [_record(each) for each in done],
        "study": study and study.to_json(),
    }


def _record(done: "StepDone") -> dict[str, Any]:
    return {
        "name": done.step.name,
        "key": done.step.key,
        "folder": str(done.step.folder),
        "reused": done.step.reused,
        "seconds": round(done.step.seconds, 3),
        "detail": done.detail,
    }


def _print_table(results: list[dict[str, Any]]) -> None:
    rows = []
    for result in results:
        metric, steps = result["metric"], result["steps"]
        reused = all(step["reused"] for step in steps)
        seconds = sum(step["seconds"] for step in steps)
        beside = (
            f"{metric['baseline_name']} {metric['baseline']:.4f}" if metric["baseline_name"] else ""
        )
        rows.append(
            (
                result["model"],
                f"{metric['name']} {metric['value']:.4f}",
                f"{metric['floor']}",
                beside,
                "reused" if reused else f"{seconds:.0f} s",
            )
        )
    terminal.print_table(("MODEL", "METRIC", "LIMIT", "BASELINE", "TIME"), rows)


@new_app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the new folder.")],
    like: Annotated[str, typer.Option(help="The folder it begins as.")] = "image_classifier",
    models: options.Models = Path("model_repo"),
) -> None:
    """Make a model folder of your own: one that works, to be edited.

    Example: python scripts/build.py new reviews --like text_classifier
    """
    from slipway.folder import copy_model

    typer.echo(copy_model(like, name, models).path)


@vllm_app.command()
def vllm(
    name: Annotated[str, typer.Argument(help="A folder whose recipe generates text.")],
    weights: Annotated[
        str,
        typer.Option(help="What each server loads: a Hugging Face id, a path there, an s3 URL."),
    ],
    engine: Annotated[
        list[str] | None,
        typer.Option("--engine", metavar="NAME=VALUE", help="An engine argument of vLLM."),
    ] = None,
    lora: Annotated[
        list[str] | None,
        typer.Option("--lora", metavar="NAME=PATH", help="An adapter that requests may name."),
    ] = None,
    output: Annotated[Path, typer.Option(help="Where the folder is made.")] = Path("build/vllm"),
    models: options.Models = Path("model_repo"),
) -> None:
    """Make a model folder for Triton's vLLM backend: large checkpoints, on GPUs.

    The recipe says the context and how many texts are written at once, unless max_model_len and
    max_num_seqs say otherwise. Every argument is checked; nothing is downloaded. A client of the
    `generator` backend talks to it as it is. The folder is for a server that has the vLLM backend:
    it is not published, since its weights were not evaluated here.

    Example: python scripts/build.py vllm text_generator --weights mistralai/Mistral-7B-v0.3
    --engine max_model_len=8192 --engine max_num_seqs=256 --engine tensor_parallel_size=2
    """
    from slipway.build.decoder.vllm import EngineArgs, write_model_folder
    from slipway.folder import open_model

    generation = open_model(name, models).recipe.generation
    if generation is None:
        raise typer.BadParameter(f"{name} does not generate text", param_hint="NAME")
    given = {key: _value(value) for key, value in _pairs(engine, "--engine").items()}
    args = EngineArgs.of(generation, given)
    target = output / name
    write_model_folder(target, weights, args, loras=_pairs(lora, "--lora"))
    typer.echo(target)


def _pairs(given: list[str] | None, option: str) -> dict[str, str]:
    pairs = [each.partition("=") for each in given or []]
    for key, equals, value in pairs:
        if not (key and equals and value):
            raise typer.BadParameter(f"'{key}{equals}{value}' is not NAME=VALUE", param_hint=option)
    return {key: value for key, _, value in pairs}


def _value(text: str) -> Any:
    """A number, a flag or an object as JSON has them; anything else is text, or what is quoted."""
    try:
        value = json_module.loads(text)
    except ValueError:
        return text
    # A revision such as 5e10234 reads as a number that no JSON can hold.
    return text if isinstance(value, float) and not math.isfinite(value) else value


COMMANDS = {"new": new_app, "vllm": vllm_app}

if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in COMMANDS:
        command = sys.argv.pop(1)
        terminal.run(COMMANDS[command])
    terminal.run(app)
