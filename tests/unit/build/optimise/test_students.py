"""The students of the shipped folders, before they have learnt anything."""

from pathlib import Path

import pytest
import torch

from slipway.build.network import build_network, call, check_outputs, examples
from slipway.build.optimise.cost import cost_of
from slipway.dataset import SHIPPED
from slipway.folder import model_names, open_model

ROOT = Path(__file__).parents[4] / "model_repo"


@pytest.fixture(scope="module", params=model_names(ROOT))
def pair(request):
    """A folder, its network untrained, and the student that this one would have."""
    folder = open_model(request.param, ROOT)
    torch.manual_seed(0)
    teacher = build_network(folder).eval()
    return folder, teacher, folder.function("student", "build")(SHIPPED, teacher)


def test_a_student_does_at_most_half_the_work_of_its_teacher(pair):
    folder, teacher, student = pair
    check_outputs(student, folder.recipe)
    small, large = cost_of(student, folder.recipe), cost_of(teacher, folder.recipe)
    assert 2 * small.multiply_adds <= large.multiply_adds
    assert small.parameters < large.parameters


def test_a_student_shares_no_weights_with_its_teacher(pair):
    """Training it would change what it is judged by."""
    _, teacher, student = pair
    of_teacher = {value.data_ptr() for value in teacher.state_dict().values() if value.numel()}
    of_student = {value.data_ptr() for value in student.state_dict().values() if value.numel()}
    assert not of_teacher & of_student


def test_the_distance_of_answers_is_none_from_themselves_and_some_from_others(pair):
    folder, teacher, _ = pair
    if folder.name == "recommender":
        pytest.skip("while it trains its student answers with vectors, measured elsewhere")
    distance = folder.function("student", "distance")
    arrays = examples(folder.recipe.inputs, batch=2)
    inputs = {name: torch.from_numpy(array) for name, array in arrays.items()}
    with torch.no_grad():
        wanted = call(teacher, inputs, folder.recipe)
    others = {
        name: torch.linspace(0.1, 0.9, value.numel()).reshape(value.shape)
        for name, value in wanted.items()
    }
    for temperature in (1.0, 2.0):
        assert distance(wanted, wanted, temperature).item() == pytest.approx(0.0, abs=1e-6)
        assert distance(others, wanted, temperature).item() > 1e-4
