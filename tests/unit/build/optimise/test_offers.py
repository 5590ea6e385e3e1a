"""What a package offers engines of: real files of tiny models, and what is planted in them."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from slipway import contract
from slipway.artefact import read_artefact
from slipway.build.learning import Learnt
from slipway.build.network import predict
from slipway.build.optimise import files
from slipway.build.optimise.catalogue import BASELINE, parse
from slipway.build.optimise.judgement import HEADROOM
from slipway.build.optimise.offers import SOURCES, NotOffered, as_json, offers, told, typed_share
from slipway.build.optimise.workshop import StepsWorkshop
from slipway.build.package import Offer
from slipway.build.step import Step, Workspace
from slipway.build.steps import Candidate, Steps
from slipway.dataset import Sources
from slipway.engines import PRECISIONS
from slipway.errors import VariantError
from slipway.folder import open_model
from slipway.hardware import this_machine
from slipway.progress import silent
from slipway.recipe import ENGINES, Distillation, Optimisation, Sizes, Training
from slipway.registry.golden import read_golden
from slipway.tensors import max_difference

MODEL_REPO = Path(__file__).parents[4] / "model_repo"
SERIES = {
    "recipe.py": """
from slipway.recipe import Metric, Recipe, Training
from slipway.tensors import TensorSpec

RECIPE = Recipe(
    title="Up or down",
    inputs=(TensorSpec("series", "FP32", ("steps", 2)),),
    outputs=(TensorSpec("scores", "FP32", (2,)),),
    training=Training(epochs=4, batch_size=16, learning_rate=0.05),
    metric=Metric("accuracy", floor=0.9),
)
""",
    "data.py": """
import numpy as np
from slipway.dataset import Data, Split

def load(_sources):
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, size=120)
    series = rng.normal(2.0 * targets[:, None, None] - 1, 0.3, size=(120, 10, 2))
    every = Split({"series": series.astype(np.float32)}, targets.astype(np.int64))
    return Data(train=every.take(slice(0, 90)), holdout=every.take(slice(90, None)))
""",
    "network.py": """
import torch.nn.functional as F
from torch import nn

class Series(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(2, 4, batch_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, series):
        return self.head(self.lstm(series)[0].mean(dim=1))

def build(_sources):
    return Series()

def loss(outputs, targets):
    return F.cross_entropy(outputs["scores"], targets)
""",
}


class Line:
    """The steps of one model, and the shop that makes its variants."""

    def __init__(self, folder, workspace):
        self.steps = Steps(folder, Sources(), Workspace(workspace, folder.name), silent)
        self.shop = StepsWorkshop(self.steps, this_machine())
        self.shop.make(BASELINE)

    def candidate(self, variant="onnx"):
        if variant != "onnx":
            self.shop.make(*parse([variant], self.steps.folder.recipe.optimisation))
        return self.shop.candidate(variant)

    def offers(self, variant="onnx"):
        return offers(self.steps, self.shop, self.candidate(variant))

    def reasons(self, variant="onnx"):
        outcomes = self.offers(variant)
        assert all(isinstance(each, NotOffered) for each in outcomes), outcomes
        return {each.precision: each.reason for each in outcomes}


def with_optimisation(folder, **changes):
    optimisation = replace(folder.recipe.optimisation, **changes)
    return replace(folder, recipe=replace(folder.recipe, optimisation=optimisation))


def with_ranges(folder, *ranges):
    serving = replace(folder.recipe.serving, ranges=ranges)
    return replace(folder, recipe=replace(folder.recipe, serving=serving))


@pytest.fixture
def workspace(built, tmp_path):
    """A workspace of its own that holds the trained model already."""
    copy = tmp_path / "workspace"
    shutil.copytree(built[0], copy, symlinks=True)
    return copy


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """A recurrent network over steps that vary: the folder, and a workspace where it is built."""
    folder = tmp_path_factory.mktemp("models") / "series"
    folder.mkdir()
    for name, text in SERIES.items():
        (folder / name).write_text(text)
    return open_model("series", folder.parent), tmp_path_factory.mktemp("workspace")


@pytest.fixture
def plant(monkeypatch):
    """Another way to write the FP16 file: the plain one, of which the last weights are changed."""

    def planted(change):
        def write(source, target, material):
            model = onnx.load(source)
            last = next(i for i in model.graph.initializer if i.dims[:1] == [3] and len(i.dims) > 1)
            last.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(last)), last.name))
            onnx.save(model, target)
            return "planted"

        monkeypatch.setitem(files.WAYS, "fp16", write)

    return planted


def test_what_a_recipe_can_ask_for_is_what_can_be_made():
    assert set(SOURCES) == set(ENGINES) <= set(PRECISIONS)
    assert {kind.file for kind in SOURCES.values()} <= set(files.WAYS)


def test_both_precisions_are_offered_in_the_order_of_the_recipe(tiny, workspace):
    outcomes = Line(tiny, workspace).offers()
    assert [each.spec.precision for each in outcomes] == ["int8", "fp16"]
    assert [each.spec.source for each in outcomes] == ["typed/int8.onnx", "typed/fp16.onnx"]
    assert told(outcomes) == "int8, fp16 offered"
    turned = Line(with_optimisation(tiny, engines=("fp16", "int8")), workspace).offers()
    assert [each.spec.precision for each in turned] == ["fp16", "int8"]
    largest = [profile.maximum["point"] for profile in outcomes[0].spec.profiles]
    assert largest == [(1, 4), (8, 4)]


def test_sources_are_standard_onnx_in_which_types_are_written_out(tiny, workspace):
    int8, fp16 = (onnx.load(each.file) for each in Line(tiny, workspace).offers())
    for model in (int8, fp16):
        assert {entry.domain for entry in model.opset_import} == {""}
    pairs = [node for node in int8.graph.node if node.op_type.endswith("uantizeLinear")]
    zeros = {node.input[2] for node in pairs}
    values = {i.name: numpy_helper.to_array(i) for i in int8.graph.initializer}
    assert zeros
    assert all(values[name].dtype == np.int8 and not values[name].any() for name in zeros)
    wide = [i for i in fp16.graph.initializer if i.data_type == onnx.TensorProto.FLOAT]
    assert not wide


def test_an_engine_must_answer_as_its_own_file_does(tiny, workspace):
    line = Line(tiny, workspace)
    candidate, offered = line.candidate(), line.offers()
    package = line.steps.package(candidate, line.steps.evaluate(candidate), None, offered)
    golden = read_golden(package.folder / contract.GOLDEN_FILE)
    assert golden.tolerance == tiny.recipe.parity
    assert set(golden.engines) == {"int8", "fp16"}
    for each in offered:
        asked = golden.of(each.spec.precision)
        answers = line.steps.form.answers(each.file, BASELINE.kind.engine)(golden.inputs)
        assert asked.difference(answers).largest == 0
        assert asked.tolerance == each.tolerance
    int8 = golden.engines["int8"].outputs
    assert not golden.right.difference(int8).within


def test_what_is_computed_in_16_bits_may_also_be_computed_in_32(tiny, workspace):
    line = Line(tiny, workspace)
    learning = line.steps.learning
    held_out = learning.data.holdout.inputs
    reference = predict(learning.load(learning.learn("trained")), held_out, tiny.recipe)
    (fp16,) = (each for each in line.offers() if each.spec.precision == "fp16")
    answers = line.steps.form.answers(fp16.file, BASELINE.kind.engine)(held_out)
    difference = max_difference(reference, answers)
    assert tiny.recipe.parity < difference
    assert fp16.tolerance == pytest.approx(HEADROOM * difference, rel=0.05)


def test_a_file_under_the_floor_is_not_offered(tiny, workspace, plant):
    plant(lambda weights: np.ascontiguousarray(weights[::-1]))
    int8, fp16 = Line(tiny, workspace).offers()
    assert isinstance(int8, Offer)
    assert fp16.reason.endswith("the recipe asks for at least 0.9")
    assert told([int8, fp16]).startswith("int8 offered; fp16 not offered: Its accuracy is 0.")


def test_a_file_that_loses_more_than_the_tolerance_is_not_offered(tiny, workspace, plant):
    plant(lambda weights: np.ascontiguousarray(weights[::-1]))
    recipe = replace(tiny.recipe, metric=replace(tiny.recipe.metric, floor=0.1))
    reason = Line(replace(tiny, recipe=recipe), workspace).offers()[1].reason
    assert "points worse (" in reason
    assert reason.endswith("1.0 points are allowed")


def test_a_file_that_is_none_of_the_precision_is_not_offered(tiny, workspace, plant):
    plant(lambda weights: weights)
    reason = Line(tiny, workspace).offers()[1].reason
    assert reason == "No heavy layer of its file is in fp16: it has 2"


def test_what_cannot_be_made_is_not_offered_and_says_why(tiny, workspace, monkeypatch):
    def unsound(source, target, material):
        raise VariantError("It overflows", why="someone planted it")

    monkeypatch.setitem(files.WAYS, "int8_typed", unsound)
    int8, fp16 = Line(tiny, workspace).offers()
    assert int8 == NotOffered("int8", "It overflows: someone planted it")
    assert isinstance(fp16, Offer)


def test_engines_are_of_the_network_that_is_packaged(tiny, workspace):
    training = Training(epochs=10, batch_size=16, learning_rate=0.05)
    folder = with_optimisation(tiny, distillation=Distillation(training))
    outcomes = Line(folder, workspace).offers("distil")
    assert told(outcomes) == "int8, fp16 offered"
    for each in outcomes:
        weights = [i.dims for i in onnx.load(each.file).graph.initializer if len(i.dims) == 2]
        assert sorted(map(sorted, weights)) == [[3, 8], [4, 8]]


def test_where_the_recipe_wants_none_there_are_none(tiny, workspace):
    outcomes = Line(with_optimisation(tiny, engines=()), workspace).offers()
    assert outcomes == ()
    assert told(outcomes) == "none, as the recipe says"


def test_a_package_for_processors_alone_offers_none(tiny, workspace):
    reasons = Line(tiny, workspace).reasons("openvino")
    assert set(reasons) == {"int8", "fp16"}
    assert reasons["int8"].startswith(
        "OpenVINO was chosen, and its configuration keeps a model off"
    )


def test_a_decoder_offers_none_for_a_reason(tmp_path):
    folder = open_model("text_generator", MODEL_REPO)
    steps = Steps(folder, Sources(), Workspace(tmp_path, "m"), silent)
    before = Step("before", "same", tmp_path, reused=True, seconds=0.0)
    candidate = Candidate("onnx", Learnt("trained", before, before), before, before, 1e-3, 1e-3)
    outcomes = offers(steps, StepsWorkshop(steps, this_machine()), candidate)
    assert told(outcomes) == (
        "int8, fp16 not offered: No engine takes the place of a decoder: the `generator` backend "
        "that keeps its cache runs ONNX Runtime alone"
    )


def test_without_a_range_there_is_no_engine_and_the_reason_says_which(series):
    reasons = Line(*series).reasons()
    assert reasons["fp16"] == (
        "There is no profile for 'series': its dimension 'steps' varies without a bound. "
        "Give the range of its sizes."
    )


def test_a_recurrent_network_is_offered_in_fp16_for_the_steps_of_its_range(series):
    folder, workspace = series
    int8, fp16 = Line(with_ranges(folder, Sizes("steps", 2, 10, 40)), workspace).offers()
    assert (
        int8.reason == "There is nothing to compute in int8: the graph consists of recurrence alone"
    )
    alone, together = fp16.spec.profiles
    assert [p.minimum["series"] for p in (alone, together)] == [(1, 2, 2), (1, 2, 2)]
    assert [p.optimum["series"] for p in (alone, together)] == [(1, 10, 2), (16, 10, 2)]
    assert together.maximum["series"] == (16, 40, 2)


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        (Sizes("steps", 1, 8, 9), "would refuse the held-out examples, of the size 10"),
        (Sizes("steps", 9, 10, 40), "would refuse its warm-up, of the size 8"),
    ],
)
def test_a_range_that_the_server_itself_would_leave_is_refused(series, sizes, said):
    folder, workspace = series
    assert said in Line(with_ranges(folder, sizes), workspace).reasons()["fp16"]


def test_the_package_holds_what_is_offered_and_is_another_where_that_differs(tiny, workspace):
    line = Line(tiny, workspace)
    candidate, offered = line.candidate(), line.offers()
    evaluated = line.steps.evaluate(candidate)
    plain = line.steps.package(candidate, evaluated, None)
    package = line.steps.package(candidate, evaluated, None, offered)
    artefact = read_artefact(package.folder)
    assert artefact.engines == tuple(each.spec for each in offered)
    for each in offered:
        assert (package.folder / each.spec.source).read_bytes() == each.file.read_bytes()
    assert not read_artefact(plain.folder).engines
    looser = [replace(each, tolerance=1.0) for each in offered]
    other = line.steps.package(candidate, evaluated, None, looser)
    keys = {plain.key, package.key, other.key}
    prints = {read_artefact(step.folder).fingerprint for step in (plain, package, other)}
    assert len(keys) == len(prints) == 3


def test_what_was_written_and_judged_is_found_again(tiny, workspace):
    first = as_json(Line(tiny, workspace).offers())
    made = set(workspace.glob("models/tiny/*/*"))
    assert as_json(Line(tiny, workspace).offers()) == first
    assert set(workspace.glob("models/tiny/*/*")) == made


def test_ranges_and_engines_change_nothing_in_what_is_learnt(series):
    folder, workspace = series
    other = with_ranges(with_optimisation(folder, engines=()), Sizes("steps", 1, 8, 99))
    keys = {Line(each, workspace).steps.learning.learn("trained").step.key
            for each in (folder, other)}  # fmt: skip
    assert len(keys) == 1
    assert Optimisation().engines == ENGINES


def test_the_share_is_of_the_products_that_are_typed(onnx_file):
    graph = """g (float[b, 4] x) => (float[b, 4] y) {
        q = QuantizeLinear(x, s, z)
        d = DequantizeLinear(q, s, z)
        a = MatMul(d, w)
        y = MatMul(a, w)
    }"""
    path = onnx_file(graph, s=np.float32(0.1), z=np.int8(0), w=np.eye(4, dtype=np.float32))
    assert typed_share(path, "int8") == 0.5
    with pytest.raises(VariantError, match="No heavy layer of its file is in fp16: it has 2"):
        typed_share(path, "fp16")
