import shutil

import onnx
import pytest
import torch
from torch import nn

from slipway.build.export import MODEL_FILE, NEWEST_IR, OPSET, check_export, export
from slipway.dataset import Sources
from slipway.errors import ExportError
from slipway.folder import open_model
from slipway.recipe import Metric, Recipe, Training
from slipway.tensors import TensorSpec


@pytest.fixture
def exported(built):
    return next(d.step.folder for d in built[1] if d.step.name == "export") / MODEL_FILE


def edited(source, target, edit):
    model = onnx.load(source)
    edit(model)
    onnx.save(model, target)
    return target


def test_the_file_says_what_the_recipe_declares(exported, tiny):
    check_export(exported, tiny.recipe)
    model = onnx.load(exported)
    assert {entry.domain: entry.version for entry in model.opset_import}[""] == OPSET
    assert model.ir_version <= NEWEST_IR


def test_a_network_gives_the_same_file_wherever_its_folder_lies(tiny, tmp_path):
    files = []
    for place in (tmp_path / "here", tmp_path / "there"):
        folder = open_model(shutil.copytree(tiny.path, place / "tiny").name, place)
        torch.manual_seed(0)
        export(folder.function("network", "build")(Sources()), folder.recipe, place / MODEL_FILE)
        files.append((place / MODEL_FILE).read_bytes())
    assert files[0] == files[1]
    assert str(tmp_path).encode() not in files[0]
    assert b"forward" not in files[0]  # nor its source lines


def fix_batch(model):
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 2


def widen(model):
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 9


def newer_operators(model):
    model.opset_import[0].version = OPSET + 1


def newer(model):
    model.ir_version = NEWEST_IR + 1


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (newer, f"IR version {NEWEST_IR + 1}"),
        (newer_operators, f"opset {OPSET + 1}"),
        (fix_batch, "batch fixed"),
        (widen, "exported with the shape|not valid ONNX"),
    ],
)
def test_a_file_that_says_otherwise_is_refused(exported, tiny, tmp_path, edit, said):
    with pytest.raises(ExportError, match=said):
        check_export(edited(exported, tmp_path / "model.onnx", edit), tiny.recipe)


def test_a_file_that_is_not_onnx_is_refused(tiny, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ExportError, match="not valid ONNX"):
        check_export(path, tiny.recipe)


def test_a_network_that_cannot_be_traced_is_refused_with_the_exporters_reason(tiny, tmp_path):
    class Branching(nn.Module):
        def forward(self, point):
            return point[:, :3] if point.sum() > 0 else torch.zeros(len(point), 3)

    with pytest.raises(ExportError, match="cannot be exported") as caught:
        export(Branching(), tiny.recipe, tmp_path / "model.onnx")
    assert caught.value.why
    assert not (tmp_path / "model.onnx").exists()


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(2, 3, batch_first=True)

    def forward(self, x):
        return self.lstm(x)[0][:, -1]


def test_the_length_of_a_recurrent_network_stays_open_however_often_one_is_exported(tmp_path):
    recipe = Recipe(
        title="Recurrent",
        inputs=(TensorSpec("x", "FP32", ("steps", 2)),),
        outputs=(TensorSpec("y", "FP32", (3,)),),
        training=Training(epochs=1, batch_size=2, learning_rate=0.1),
        metric=Metric("accuracy", floor=0.5),
    )
    for number in range(3):
        export(Recurrent(), recipe, tmp_path / f"{number}.onnx")
        (given,) = onnx.load(tmp_path / f"{number}.onnx").graph.input
        batch, steps, _ = given.type.tensor_type.shape.dim
        assert batch.dim_param
        assert steps.dim_param
