"""The line from recipe to package: steps that are each done once for what decides their results."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from slipway.artefact import read_artefact
from slipway.build.evaluate import read_evaluation
from slipway.build.optimise.catalogue import TRAINED
from slipway.build.optimise.offers import as_json, offers, told
from slipway.build.optimise.study import Wanted, demands_of, study
from slipway.build.optimise.workshop import StepsWorkshop
from slipway.build.package import Offer
from slipway.build.step import Step, Workspace
from slipway.build.steps import Candidate, Steps
from slipway.build.train import HISTORY_FILE
from slipway.dataset import Sources
from slipway.folder import ModelFolder
from slipway.hardware import this_machine
from slipway.progress import Progress
from slipway.variants import Study

STEPS = ("train", "export", "optimise", "evaluate", "package")


@dataclass(frozen=True)
class StepDone:
    """A step of the line that is finished, and what came of it in a few words."""

    step: Step
    detail: str


def build(
    folder: ModelFolder,
    workspace: Path,
    progress: Progress,
    sources: Sources | None = None,
    wanted: Wanted | None = None,
) -> Iterator[StepDone]:
    """Take a model from its recipe to its package; the last step's folder is the package.

    With `wanted`, variants of it are compared, and the one that is chosen is packaged, with what
    engines of its network can be built from.
    """
    steps = Steps(folder, sources or Sources(), Workspace(workspace, folder.name), progress)
    learnt = steps.learning.learn(TRAINED)
    yield StepDone(learnt.step, _training(folder.recipe.training.epochs, learnt.step))
    exported = steps.export(learnt)
    yield StepDone(exported, steps.form.exported(exported.folder))
    optimised = steps.optimise(exported)
    yield StepDone(optimised, steps.form.optimised(optimised.folder))
    parity = folder.recipe.parity
    candidate = Candidate("optimised", learnt, exported, optimised, parity, parity)
    compared: Study | None = None
    shop: StepsWorkshop | None = None
    if wanted is not None:
        started = time.perf_counter()
        machine = this_machine(gpu=steps.form.on_gpu())
        shop = StepsWorkshop(steps, machine)
        compared = study(
            shop, demands_of(folder.recipe, wanted), wanted, str(machine), progress=progress
        )
        seconds = time.perf_counter() - started
        yield StepDone(replace(steps.record(compared), seconds=seconds), _choice(compared))
        candidate = shop.candidate(compared.chosen)
    evaluated = steps.evaluate(candidate)
    yield StepDone(evaluated, _judgement(evaluated))
    offered: tuple[Offer, ...] = ()
    if shop is not None:
        started = time.perf_counter()
        outcomes = offers(steps, shop, candidate)
        kept = steps.keep("engines", as_json(outcomes))
        yield StepDone(replace(kept, seconds=time.perf_counter() - started), told(outcomes))
        offered = tuple(each for each in outcomes if isinstance(each, Offer))
    packaged = steps.package(candidate, evaluated, compared, offered)
    artefact = read_artefact(packaged.folder)
    yield StepDone(packaged, f"{len(artefact.files)} files, {artefact.size / 1e6:.1f} MB")


def _training(epochs: int, trained: Step) -> str:
    history = json.loads((trained.folder / HISTORY_FILE).read_bytes())
    if not epochs:
        return "no epochs, weights as they came"
    return f"{epochs} epochs, loss {history['loss'][-1]:.3f} on {history['examples']} examples"


def _choice(compared: Study) -> str:
    kept = sum(verdict.kept for verdict in compared.verdicts)
    said = f"{len(compared.verdicts)} tried, {kept} kept, chosen: {compared.chosen}"
    if compared.chosen == compared.baseline.variant:
        return said
    return f"{said}, {compared.verdict(compared.chosen).reason}"


def _judgement(evaluated: Step) -> str:
    evaluation = read_evaluation(evaluated.folder)
    metric, worst = evaluation.metric, max(r.difference for r in evaluation.parity)
    limit = "at most" if metric.lower_is_better else "floor"
    beside = f", {metric.baseline_name} {metric.baseline:.4f}" if metric.baseline_name else ""
    return (
        f"{metric.name} {metric.value:.4f} ({limit} {metric.floor}{beside}), "
        f"parity within {worst:.1e}"
    )
