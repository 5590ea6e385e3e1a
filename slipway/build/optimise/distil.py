"""Train a folder's student to answer as its trained network does (Hinton, Vinyals, Dean, 2015)."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from slipway.build.network import Tensors, call, check_outputs
from slipway.build.text import Preparation
from slipway.build.train import WEIGHTS_FILE, finish, fit, lessons, write_trained
from slipway.dataset import Sources
from slipway.errors import RecipeError, VariantError
from slipway.folder import ModelFolder
from slipway.progress import Progress
from slipway.recipe import Distillation

Distance = Callable[[Mapping[str, Tensor], Mapping[str, Tensor], float], Tensor]
"""From a student's outputs, its teacher's and the temperature to a scalar."""


def distil(
    folder: ModelFolder,
    sources: Sources,
    prepare: Preparation,
    teacher: nn.Module,
    *,
    target: Path,
    checkpoint: Path,
    progress: Progress,
) -> None:
    """Write the student's `weights.pt` and `history.json` into `target`.

    Student and teacher see the same batches. Stopped at any point, it goes on from the last whole
    epoch with the same result, as `fit` says. Raises `VariantError` where the folder has no
    student, or one whose outputs are not the recipe's.
    """
    spec, recipe = _settings(folder), folder.recipe
    learnt = lessons(folder, sources, prepare)
    loss_of = folder.function("network", "loss")
    distance: Distance = folder.function("student", "distance")
    torch.manual_seed(spec.training.seed)
    student = _build(folder, sources, teacher.eval())
    shown: nn.Module = getattr(folder.module("student"), "teaching", lambda each: each)(teacher)

    def loss(inputs: Tensors, targets: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = call(shown, inputs, recipe)
        outputs = call(student, inputs, recipe)
        soft: Tensor = distance(outputs, wanted, spec.temperature)
        hard: Tensor = loss_of(outputs, targets)
        return spec.soft * soft + (1 - spec.soft) * hard

    losses = fit(student, spec.training, learnt, loss, checkpoint=checkpoint, progress=progress)
    finish(folder, student)
    write_trained(target, student, spec.training, len(learnt), losses)


def load_student(
    folder: ModelFolder, step: Path, sources: Sources, teacher: nn.Module
) -> nn.Module:
    """The student that `distil` wrote into the folder `step`, ready to answer."""
    student = _build(folder, sources, teacher.eval())
    student.load_state_dict(torch.load(step / WEIGHTS_FILE, weights_only=True))
    return student.eval()


def _settings(folder: ModelFolder) -> Distillation:
    spec = folder.recipe.optimisation.distillation
    if spec is None or not folder.has("student"):
        missing = "student.py" if spec else "Optimisation(distillation=...) in recipe.py"
        raise VariantError(
            f"{folder.name} has no student to distil",
            why=f"its folder lacks {missing}",
            mend="docs/add-a-model.md says what belongs there.",
        )
    return spec


def _build(folder: ModelFolder, sources: Sources, teacher: nn.Module) -> nn.Module:
    student: nn.Module = folder.function("student", "build")(sources, teacher)
    try:
        check_outputs(student, folder.recipe)
    except RecipeError as error:
        raise VariantError(
            f"The student of {folder.name} does not fit the recipe",
            why=f"{error.what}: {error.why}",
            mend="Make recipe.py and student.py agree.",
        ) from error
    return student
