"""Variants of real models, with a slow one and a wrong one planted among them."""

import shutil

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from slipway.artefact import read_artefact
from slipway.build import ingredients
from slipway.build.line import build
from slipway.build.optimise import catalogue, files, graph, rivals
from slipway.build.optimise.catalogue import DENSE, Kind
from slipway.build.optimise.study import Wanted
from slipway.build.session import OnnxModel
from slipway.errors import ExportError, RecipeError, VariantError
from slipway.progress import silent
from slipway.questions import Questions
from slipway.registry.golden import read_golden

IDLE = 700
"""Side of the matrices that the slow variant multiplies for nothing: half a thousand times the work
of the tiny model."""


def slow(source, target, material):
    """The same answers, and a large product beside them that ends up as nothing."""
    model = onnx.load(source)
    graph, (output,) = model.graph, model.graph.output
    for node in graph.node:
        node.output[:] = ["right" if name == output.name else name for name in node.output]
    weights = np.full((IDLE, IDLE), 1e-3, np.float32)
    graph.initializer.append(numpy_helper.from_array(weights, "idle"))
    graph.initializer.append(numpy_helper.from_array(np.float32([[1.0]]), "one"))
    graph.initializer.append(numpy_helper.from_array(np.int64([IDLE, IDLE]), "wide"))
    graph.initializer.append(numpy_helper.from_array(np.float32(0), "nothing"))
    graph.node.extend(
        [
            helper.make_node("ReduceMean", [graph.input[0].name], ["mean"], keepdims=0),
            helper.make_node("Mul", ["idle", "mean"], ["moved"]),
            helper.make_node("MatMul", ["moved", "idle"], ["product"]),
            helper.make_node("MatMul", ["product", "idle"], ["more"]),
            helper.make_node("ReduceMean", ["more"], ["little"], keepdims=0),
            helper.make_node("Mul", ["little", "nothing"], ["none"]),
            helper.make_node("Add", ["right", "none"], [output.name]),
        ]
    )
    onnx.save(model, target)
    return "an idle product"


def wrong(source, target, material):
    """The scores of the classes change places."""
    model = onnx.load(source)
    last = next(i for i in model.graph.initializer if i.dims[:1] == [3] and len(i.dims) == 2)
    weights = numpy_helper.to_array(last)
    last.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(weights[::-1]), last.name))
    onnx.save(model, target)
    return "classes in another order"


def unsound(source, target, material):
    raise VariantError("It overflows", why="someone planted it")


def failing(source, target, material):
    """A file that loads, and cannot be run."""
    model = onnx.load(source)
    graph, (output,) = model.graph, model.graph.output
    for node in graph.node:
        node.output[:] = ["right" if name == output.name else name for name in node.output]
    graph.initializer.append(numpy_helper.from_array(np.int64([-1, 1009]), "odd"))
    graph.node.append(helper.make_node("Reshape", ["right", "odd"], ["cut"]))
    graph.node.append(helper.make_node("ReduceMax", ["cut"], ["most"], keepdims=0))
    graph.node.append(helper.make_node("Add", ["right", "most"], [output.name]))
    onnx.save(model, target)
    return "a reshape that does not fit"


def unloadable(source, target, material):
    target.write_bytes(b"not a model")
    return "no model"


def unexportable(source, target, material):
    raise ExportError("The network cannot be exported to ONNX", why="someone planted it")


@pytest.fixture(autouse=True)
def eager_alone(monkeypatch):
    """To compile a network takes half a minute, and is tested by itself."""
    only = rivals.ways(rivals.CPU)[:1]
    monkeypatch.setattr(rivals, "ways", lambda _device: only)


@pytest.fixture
def planted(monkeypatch):
    """Ways to write a file that no model should be served in."""
    kinds = list(catalogue.KINDS)
    for way in (slow, wrong, unsound, failing, unloadable, unexportable):
        monkeypatch.setitem(files.WAYS, way.__name__, way)
        kinds.append(Kind(way.__name__, way.__name__, suits=frozenset({DENSE})))
    monkeypatch.setattr(catalogue, "KINDS", tuple(kinds))


def compared(folder, workspace, *names, **wanted):
    done = list(build(folder, workspace, silent, wanted=Wanted(names, **wanted)))
    return read_artefact(done[-1].step.folder).study, done


@pytest.fixture
def workspace(built, tmp_path):
    """A workspace of its own that holds the trained model already."""
    copy = tmp_path / "workspace"
    shutil.copytree(built[0], copy, symlinks=True)
    return copy


def test_what_is_slow_wrong_unsound_or_fails_is_dropped_each_for_its_reason(
    tiny, planted, workspace
):
    names = ("slow", "wrong", "unsound", "failing", "unloadable", "unexportable")
    study, done = compared(tiny, workspace, *names)
    assert study.chosen == "onnx"
    assert not any(verdict.kept for verdict in study.verdicts)
    assert study.verdict("slow").reason.startswith("slower at batch 1: 0.")
    assert study.verdict("wrong").reason.endswith("the recipe asks for at least 0.9")
    assert study.verdict("unsound").reason == "It overflows: someone planted it"
    assert study.verdict("failing").reason.startswith("ONNX Runtime cannot run it: ")
    assert study.verdict("unloadable").reason.startswith("ONNX Runtime cannot load it: ")
    assert study.verdict("unexportable").reason.startswith("The network cannot be exported")
    assert done[2].step.folder.joinpath("model.onnx").read_bytes() == (
        done[-1].step.folder.joinpath("model/1/model.onnx").read_bytes()
    )


def test_what_was_made_and_measured_is_not_made_or_measured_again(tiny, planted, workspace):
    first, _ = compared(tiny, workspace, "slow", "wrong")
    again, _ = compared(tiny, workspace, "slow", "wrong")
    assert again == first
    judged = {path.name for path in workspace.glob("models/tiny/judge/*")}
    more, _ = compared(tiny, workspace, "slow", "openvino")
    assert more.verdict("slow") == first.verdict("slow")
    assert {path.name for path in workspace.glob("models/tiny/judge/*")} > judged


def test_the_variant_that_is_chosen_is_packaged_with_its_tolerance_and_its_lineage(
    tiny, workspace, monkeypatch
):
    """The plain file is the slow one here, and what is planted rounds its weights."""

    def rounded(source, target, material):
        model = onnx.load(source)
        for each in model.graph.initializer:
            if each.data_type == onnx.TensorProto.FLOAT and each.name != "idle":
                array = numpy_helper.to_array(each)
                each.CopyFrom(numpy_helper.from_array(array.round(1), each.name))
        idle = next(node for node in model.graph.node if node.op_type == "ReduceMean")
        assert idle
        onnx.save(without_idling(model), target)
        return "rounded to a tenth"

    plain = graph.optimise_graph

    def idling(source, target):
        change = plain(source, target)
        slow(target, target, None)
        return change

    monkeypatch.setattr("slipway.build.plain.optimise_graph", idling)
    monkeypatch.setitem(files.WAYS, "rounded", rounded)
    kind = Kind("rounded", "rounded", suits=frozenset({DENSE}))
    monkeypatch.setattr(catalogue, "KINDS", (*catalogue.KINDS, kind))
    monkeypatch.setitem(ingredients.CODE, "optimise", ("build/session.py",))  # another step

    study, done = compared(tiny, workspace, "rounded")
    assert study.chosen == "rounded"
    assert study.verdict("rounded").kept
    package = done[-1].step.folder
    artefact = read_artefact(package)
    assert artefact.study == study
    assert "rounded to a tenth" in study.choice.lineage
    golden = read_golden(package / "golden.json")
    ours = [result for result in artefact.parity if "rounded" in result.form + result.reference]
    from_pytorch = [result for result in ours if result.reference == "PyTorch"]
    assert tiny.recipe.parity < max(result.difference for result in from_pytorch)
    # What it answers is the same however it is asked, so that nothing else is right.
    assert golden.tolerance == tiny.recipe.parity
    served = OnnxModel(package / "model/1/model.onnx")(golden.inputs)
    assert golden.difference(served).within
    plain = OnnxModel(done[2].step.folder / "model.onnx")(golden.inputs)
    assert not golden.right.difference(plain).within
    assert not Questions.read(done[-3].step.folder / "holdout.npz").exact
    (written,) = (
        path.parent
        for path in workspace.glob("models/tiny/variant/*/variant.json")
        if "rounded to a tenth" in path.read_text()
    )
    packaged = (package / "model/1/model.onnx").read_bytes()
    assert packaged == (written / "model.onnx").read_bytes()


def without_idling(model):
    """What `slow` added, taken away again."""
    del model.graph.node[-7:]
    (output,) = model.graph.output
    for node in model.graph.node:
        node.output[:] = [output.name if name == "right" else name for name in node.output]
    return model


def test_a_variant_that_there_is_not_is_refused(tiny, workspace):
    with pytest.raises(RecipeError, match="There is no variant 'int7'"):
        compared(tiny, workspace, "int7")
