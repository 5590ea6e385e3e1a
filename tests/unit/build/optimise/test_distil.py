from dataclasses import replace

import pytest
import torch

from slipway.build.network import load_network, predict
from slipway.build.optimise.cost import cost_of
from slipway.build.optimise.distil import distil, load_student
from slipway.build.train import HISTORY_FILE, WEIGHTS_FILE, train
from slipway.dataset import Sources
from slipway.errors import BuildError, VariantError
from slipway.folder import open_model
from slipway.metrics.classification import accuracy
from slipway.progress import silent
from slipway.recipe import Distillation, Optimisation, Training
from tests.unit.build.conftest import TINY

SPEC = Distillation(Training(epochs=8, batch_size=16, learning_rate=0.05, seed=1))


class Stopped(BaseException):
    """As Ctrl-C is: no ordinary exception."""


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    tiny = open_model("tiny", TINY.parent)
    train(tiny, Sources(), dict, target=folder, checkpoint=folder / "c", progress=silent)
    return folder / WEIGHTS_FILE


def distilling(folder, spec=SPEC):
    optimisation = Optimisation(distillation=spec)
    return replace(folder, recipe=replace(folder.recipe, optimisation=optimisation))


def distilled(folder, teacher, target, progress=silent):
    target.mkdir(exist_ok=True)
    checkpoint = target.parent / f"{target.name}.checkpoint"
    distil(
        folder, Sources(), dict, teacher, target=target, checkpoint=checkpoint, progress=progress
    )
    return torch.load(target / WEIGHTS_FILE, weights_only=True)


@pytest.fixture
def teacher(tiny, weights):
    return load_network(tiny, weights)


def test_a_student_answers_nearly_as_its_teacher_and_costs_less(tiny, teacher, tmp_path):
    folder = distilling(tiny)
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    distilled(folder, teacher, tmp_path / "a")
    student = load_student(folder, tmp_path / "a", Sources(), teacher)
    held = tiny.function("data", "load")(Sources()).holdout
    assert accuracy(predict(student, held.inputs, tiny.recipe), held.targets).value > 0.9
    assert not student.training
    small, large = cost_of(student, tiny.recipe), cost_of(teacher, tiny.recipe)
    assert small.multiply_adds * 2 == large.multiply_adds
    assert small.parameters < 0.6 * large.parameters
    assert (tmp_path / "a" / HISTORY_FILE).exists()
    assert all(torch.equal(before[name], value) for name, value in teacher.state_dict().items())


def judged(folder, teacher, step):
    held = folder.function("data", "load")(Sources()).holdout
    student = load_student(folder, step, Sources(), teacher)
    return accuracy(predict(student, held.inputs, folder.recipe), held.targets).value


def test_what_a_student_learns_is_the_teachers_answer_as_far_as_the_recipe_says(
    tiny, teacher, tmp_path
):
    """This teacher is turned round: what is red it calls green."""
    with torch.no_grad():
        teacher[3].weight.copy_(teacher[3].weight.roll(1, dims=0))
        teacher[3].bias.copy_(teacher[3].bias.roll(1))
    for name, soft in (("all", 1.0), ("little", 0.01)):
        distilled(distilling(tiny, replace(SPEC, soft=soft)), teacher, tmp_path / name)
    assert judged(distilling(tiny), teacher, tmp_path / "all") < 0.1
    assert judged(distilling(tiny), teacher, tmp_path / "little") > 0.9


def test_a_folder_may_say_what_answers_in_the_teachers_place(changed, teacher, tmp_path):
    turned = (
        "def teaching(teacher):\n"
        "    return lambda point: teacher(point).roll(1, dims=1)\n\n\ndef distance("
    )
    folder = distilling(changed("student.py", "def distance(", turned), replace(SPEC, soft=1.0))
    distilled(folder, teacher, tmp_path / "a")
    assert judged(folder, teacher, tmp_path / "a") < 0.1


def test_distillation_that_was_stopped_ends_with_the_weights_of_one_that_was_not(
    tiny, teacher, tmp_path
):
    def stop_in_the_fourth_epoch(done, total, note=""):
        if "epoch 4/" in note:
            raise Stopped

    folder = distilling(tiny)
    with pytest.raises(Stopped):
        distilled(folder, teacher, tmp_path / "resumed", stop_in_the_fourth_epoch)
    seen = []
    resumed = distilled(
        folder, teacher, tmp_path / "resumed", lambda d, t, note="": seen.append(note)
    )
    straight = distilled(folder, teacher, tmp_path / "straight")
    assert seen[0].startswith("epoch 4/")
    assert all(torch.equal(resumed[name], straight[name]) for name in straight)


def test_the_teacher_answers_without_dropout_while_its_student_learns(tiny, teacher, tmp_path):
    modes = []
    teacher.train()
    teacher.register_forward_hook(
        lambda module, *_: modes.append((module.training, torch.is_grad_enabled()))
    )
    distilled(distilling(tiny), teacher, tmp_path / "a")
    assert set(modes) == {(False, False)}


def test_a_student_with_other_outputs_is_refused(changed, teacher, tmp_path):
    folder = distilling(
        changed("student.py", "nn.Linear(WIDTH, 3)", "nn.Linear(WIDTH, 3), nn.Flatten(0)")
    )
    with pytest.raises(
        VariantError, match=r"The student of tiny does not fit the recipe: The output 'scores'"
    ):
        distilled(folder, teacher, tmp_path / "a")
    assert not (tmp_path / "a" / WEIGHTS_FILE).exists()


def test_a_folder_without_student_or_settings_says_what_it_lacks(
    tiny, tiny_text, teacher, tmp_path
):
    with pytest.raises(VariantError, match=r"lacks Optimisation\(distillation=...\) in recipe.py"):
        distilled(tiny, teacher, tmp_path / "a")
    with pytest.raises(VariantError, match=r"lacks student.py"):
        distilled(distilling(tiny_text), teacher, tmp_path / "b")


def test_a_distance_that_is_no_number_ends_the_training(changed, teacher, tmp_path):
    folder = distilling(changed("student.py", "* temperature**2", "* float('nan')"))
    with pytest.raises(BuildError, match="The loss of epoch 1 is nan"):
        distilled(folder, teacher, tmp_path / "a")


def test_a_student_changes_nothing_in_what_its_teacher_is_trained_from(tiny):
    assert tiny.has("student")
    assert "student.py" not in [path.name for path in tiny.training_sources]
