import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.artefact import read_artefact
from slipway.build.learning import Learnt
from slipway.build.line import STEPS, build
from slipway.build.step import Step, Workspace, key_of
from slipway.build.steps import Candidate, Steps
from slipway.dataset import Sources
from slipway.errors import GateError, RecipeError, StorageFull
from slipway.files import sha256_of
from slipway.folder import open_model
from slipway.progress import silent


def steps(folder, workspace):
    return {done.step.name: done.step for done in build(folder, workspace, silent)}


@pytest.fixture
def workspace(built, tmp_path):
    """A workspace of its own that holds everything already built."""
    copy = tmp_path / "workspace"
    shutil.copytree(built[0], copy, symlinks=True)
    return copy


def test_the_steps_run_in_order_and_the_package_describes_its_files(built):
    _, done = built
    assert tuple(d.step.name for d in done) == STEPS
    assert not any(d.step.reused for d in done)
    folder = done[-1].step.folder
    artefact = read_artefact(folder)
    assert artefact.model == "tiny"
    assert {e.path for e in artefact.files} == {
        "golden.json", "model/config.pbtxt", "model/scores_labels.txt", "model/1/model.onnx"
    }  # fmt: skip
    assert all(sha256_of(folder / e.path) == e.sha256 for e in artefact.files)
    assert artefact.metric.value >= artefact.metric.floor
    assert {"torch", "onnx", "onnxruntime", "slipway"} <= set(artefact.built_with)
    assert artefact.engines == ()


def test_a_second_build_does_nothing_again(tiny, workspace, built):
    again = steps(tiny, workspace)
    assert all(step.reused for step in again.values())
    assert [s.key for s in again.values()] == [d.step.key for d in built[1]]


@pytest.mark.parametrize(
    ("file", "old", "new", "redone"),
    [
        ("recipe.py", 'title="Three clouds"', 'title="Clouds"', {"package"}),
        ("recipe.py", "batch_buckets=(1, 4, 8)", "batch_buckets=(1, 8)", {"evaluate", "package"}),
        ("recipe.py", "floor=0.9", "floor=0.8", {"evaluate", "package"}),
        ("recipe.py", "seed=3", "seed=4", set(STEPS)),
        ("recipe.py", "RECIPE = ", "WIDTH = 16\nRECIPE = ", set(STEPS)),
        ("network.py", "nn.ReLU()", "nn.GELU()", set(STEPS)),
        ("recipe.py", 'labels=("red"', 'labels=("rot"', set(STEPS)),
        ("data.py", "scale=0.05", "scale=0.06", set(STEPS)),
    ],
)
def test_a_change_redoes_what_depends_on_it_and_no_more(changed, workspace, file, old, new, redone):
    again = steps(changed(file, old, new), workspace)
    assert {name for name, step in again.items() if not step.reused} == redone


def test_a_model_under_its_floor_is_not_packaged(changed, workspace):
    shutil.rmtree(workspace / "models" / "tiny" / "package")
    folder = changed("recipe.py", "floor=0.9", "floor=1.01")
    with pytest.raises(GateError, match=r"accuracy on held-out data is .* nothing was packaged"):
        steps(folder, workspace)
    assert not (workspace / "models" / "tiny" / "package").exists()


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("network.py", "nn.Linear(16, 3)", "nn.Linear(16, 5)", r"'scores' has the shape \(5,\)"),
        ("network.py", "nn.Linear(4, 16)", "nn.Linear(7, 16)", "does not take the declared inputs"),
        ("network.py", "def build", "def make", r"does not define build\(\)"),
        ("recipe.py", 'Metric("accuracy"', 'Metric("accuracyy"', "no metric 'accuracyy'"),
        ("data.py", "import numpy as np", "import numpyy as np", r"data\.py cannot be read"),
    ],
)
def test_a_folder_that_contradicts_itself_is_refused(changed, workspace, file, old, new, said):
    with pytest.raises(RecipeError, match=said):
        steps(changed(file, old, new), workspace)


def test_a_full_disk_leaves_nothing_half_written(changed, workspace, monkeypatch):
    folder = changed("recipe.py", "Three clouds", "Clouds")
    before = set(workspace.rglob("*"))

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device", "somewhere")

    monkeypatch.setattr("slipway.build.triton_folder.shutil.copyfile", full)
    with pytest.raises(StorageFull, match="Free space there"):
        steps(folder, workspace)
    assert set(workspace.rglob("*")) == before


@pytest.mark.parametrize(
    ("setting", "redone"),
    [("rows", {"package"}), ("max_tokens", {"package"}), ("context", {"train", "package"})],
)
def test_what_a_generator_is_served_with_decides_its_steps(setting, redone, tmp_path, monkeypatch):
    def keys(generation):
        asked = {}

        def run(_self, name, ingredients, _work):
            asked[name] = key_of(name, ingredients)
            return Step(name, "same", tmp_path, reused=True, seconds=0.0)

        monkeypatch.setattr(Workspace, "run", run)
        recipe = replace(shipped.recipe, generation=generation)
        folder = replace(shipped, recipe=recipe)
        steps = Steps(folder, Sources(), Workspace(tmp_path, "m"), silent)
        steps.learning.learn("trained")
        before = Step("before", "same", tmp_path, reused=True, seconds=0.0)
        learnt = Learnt("trained", before, before)
        steps.package(Candidate("optimised", learnt, before, before, 1e-3, 1e-3), before, None)
        return asked

    shipped = open_model("text_generator", Path(__file__).parents[3] / "model_repo")
    old = shipped.recipe.generation
    new = replace(old, **{setting: getattr(old, setting) + 1})
    first, second = keys(old), keys(new)
    assert {name for name in first if first[name] != second[name]} == redone
