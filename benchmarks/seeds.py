"""How much a model's metric depends on the seed it is trained from."""

import json
import statistics
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slipway import options, terminal

if TYPE_CHECKING:
    from slipway.folder import ModelFolder

app = terminal.application()

SEEDS = [0, 1, 2]
MOST_SPREAD = 0.03
"""Three points, between the best and the worst seed."""


@app.command()
def main(
    chosen: Annotated[
        list[str] | None, typer.Argument(metavar="MODEL", help="[default: every folder]")
    ] = None,
    seed: Annotated[list[int] | None, typer.Option(help="[default: 0 1 2]")] = None,
    models: options.Models = Path("model_repo"),
    workspace: Annotated[Path, typer.Option(help="Where these builds are kept.")] = Path(
        "build/seeds"
    ),
    output: Annotated[Path | None, typer.Option(help="Keep the figures in this JSON file.")] = None,
) -> None:
    """Train models from several seeds and compare what they reach on the held-out data.

    Builds are kept and reused, so that a run that was stopped goes on. Of models that are not named
    the file keeps what it has. Exit code 1 where the best
    and the worst of a metric lie three points or more apart (of a perplexity: three per cent).

    Example: python benchmarks/seeds.py text_classifier
    """
    from slipway.files import readable_json, write_whole
    from slipway.folder import model_names, open_model

    results = []
    for name in chosen or model_names(models):
        folder = open_model(name, models)
        terminal.say(name)
        of_model = [_train(folder, each, workspace) for each in seed or SEEDS]
        results.append(_summary(name, of_model))
    if output:
        kept = json.loads(output.read_bytes()) if output.exists() else {}
        kept |= {result["model"]: result for result in results}
        write_whole(output, readable_json(kept))
    terminal.print_table(
        ("MODEL", "METRIC", "VALUES", "MEDIAN", "SPREAD"),
        [
            (
                result["model"],
                result["metric"],
                " ".join(f"{value:.4f}" for value in result["values"]),
                f"{result['median']:.4f}",
                f"{result['spread']:.4f}",
            )
            for result in results
        ],
    )
    if any(result["spread"] >= MOST_SPREAD for result in results):
        terminal.failed()


def _train(folder: "ModelFolder", seed: int, workspace: Path) -> dict[str, Any]:
    from slipway.build.evaluate import read_evaluation
    from slipway.build.line import build

    training = replace(folder.recipe.training, seed=seed)
    seeded = replace(folder, recipe=replace(folder.recipe, training=training))
    evaluated = None
    seconds = 0.0
    with terminal.progress_bar(f"seed {seed}") as progress:
        for done in build(seeded, workspace, progress):
            if done.step.name == "train":
                seconds = done.step.seconds
            if done.step.name == "evaluate":
                evaluated = done
                break
    assert evaluated is not None
    terminal.step(f"seed {seed}", seconds, evaluated.detail)
    metric = read_evaluation(evaluated.step.folder).metric
    return {
        "seed": seed,
        "metric": metric.name,
        "value": metric.value,
        "lower_is_better": metric.lower_is_better,
        "baseline": metric.baseline,
        "figures": dict(metric.figures),
        "examples": metric.examples,
    }


def _summary(name: str, of_seeds: list[dict[str, Any]]) -> dict[str, Any]:
    values = [each["value"] for each in of_seeds]
    spread = max(values) - min(values)
    if of_seeds[0]["lower_is_better"]:  # a perplexity has no scale of its own
        spread /= statistics.median(values)
    return {
        "model": name,
        "recorded": datetime.now(UTC).isoformat(timespec="seconds"),
        "metric": of_seeds[0]["metric"],
        "values": values,
        "median": statistics.median(values),
        "spread": spread,
        "runs": of_seeds,
    }


if __name__ == "__main__":
    terminal.run(app)
