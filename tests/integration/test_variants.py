"""Every kind and network of the catalogue on the real Triton: built, loaded, probed, and as right
as it was in the build.

One server takes them all, each as a version of a tiny model that it suits.
"""

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import onnx
import onnxruntime as ort
import pytest

from slipway import contract, triton
from slipway.artefact import ARTEFACT_FILE, FileEntry, read_artefact
from slipway.build.openvino import capabilities
from slipway.build.optimise.catalogue import (
    ATTENTION,
    BASELINE,
    CONVOLUTION,
    DECODER,
    DENSE,
    KINDS,
    RECURRENCE,
    SEPARATOR,
    TRAINED,
    parse,
    singles,
)
from slipway.build.optimise.signature import check_loads
from slipway.build.optimise.workshop import HOW_LEARNT, StepsWorkshop
from slipway.build.step import Workspace
from slipway.build.steps import Steps
from slipway.check.accuracy import accuracy, accuracy_of_streams
from slipway.check.endpoint import Endpoint
from slipway.check.smoke import smoke
from slipway.dataset import Sources
from slipway.errors import VariantError
from slipway.files import readable_json
from slipway.folder import open_model
from slipway.hardware import this_machine
from slipway.node.events import Refused, Serving
from slipway.node.local import NodeSettings, local_agent
from slipway.progress import silent
from slipway.questions import QUESTIONS_FILE, Questions
from slipway.registry.directory import DirectoryStore
from slipway.registry.golden import read_golden
from slipway.registry.publish import publish
from slipway.registry.releases import promote, roll_back
from slipway.triton.server import Ports

ROOT = Path(__file__).parents[1] / "data/model_repo"
MODELS = {
    "tiny": DENSE,
    "tiny_attention": ATTENTION,
    "tiny_convolution": CONVOLUTION,
    "tiny_recurrence": RECURRENCE,
    "tiny_decoder": DECODER,
}
"""What each consists of, which decides the kinds that suit it."""
COMBINED = {
    "tiny_attention": ["distil+int8_dynamic"],
    "tiny_convolution": ["prune+int8_static"],
}


def variants_of(name):
    """All that the catalogue has for a model, and the combinations."""
    optimisation = open_model(name, ROOT).recipe.optimisation
    combined = parse(COMBINED.get(name, []), optimisation)
    return (BASELINE, *singles(optimisation, frozenset({MODELS[name]})), *combined)


CASES = [
    pytest.param(name, variant, id=f"{name}-{variant.name}")
    for name in MODELS
    for variant in variants_of(name)
]


class Line:
    """Packages of one model in any variant, whether or not it would be chosen."""

    def __init__(self, name, workspace):
        self.steps = Steps(open_model(name, ROOT), Sources(), Workspace(workspace, name), silent)
        self.shop = StepsWorkshop(self.steps, this_machine(gpu=False))
        self.shop.make(BASELINE)

    def packaged(self, variant):
        """The folders of the evaluation and of the package."""
        self.shop.make(variant)
        candidate = self.shop.candidate(variant.name)
        evaluated = self.steps.evaluate(candidate)
        return evaluated.folder, self.steps.package(candidate, evaluated, None).folder


class Node:
    """A node that takes whatever is released to it."""

    def __init__(self, folder):
        self.store, ports = DirectoryStore(folder / "registry"), Ports.free()
        settings = NodeSettings("local", folder / "node", ports)
        self.agent = local_agent(settings, self.store, silent)
        self.endpoint = Endpoint(f"127.0.0.1:{ports.grpc}", f"http://127.0.0.1:{ports.http}")

    def release(self, package):
        """What came of it on the node; None where it is served already."""
        manifest = publish(self.store, package).manifest
        model = manifest.artefact.model
        promote(self.store, "local", model, manifest.version)
        return next((each for each in self.agent.reconcile() if each.model == model), None)


@pytest.fixture(scope="module")
def line_of(tmp_path_factory):
    return cache(lambda name: Line(name, tmp_path_factory.mktemp(name)))


@pytest.fixture(scope="module")
def node(server_environment, tmp_path_factory):
    node = Node(tmp_path_factory.mktemp("node"))
    list(node.agent.start())
    yield node
    node.agent.stop()


@pytest.fixture
def made(line_of, model, variant):
    """The folders of the evaluation and of the package of a case."""
    if variant.kind.engine.precision == "bf16" and "BF16" not in capabilities():
        with pytest.raises(VariantError, match="would only imitate BF16 here") as refused:
            line_of(model).packaged(variant)
        pytest.skip(str(refused.value))
    return line_of(model).packaged(variant)


def test_every_kind_and_every_network_of_the_catalogue_is_served_here():
    parts = {part for case in CASES for part in case.values[1].name.split(SEPARATOR)}
    assert parts == {kind.name for kind in KINDS} | (set(HOW_LEARNT) - {TRAINED})


@pytest.mark.parametrize("model", MODELS)
def test_each_model_consists_of_what_it_is_here_for(line_of, model):
    assert line_of(model).shop.traits() == {MODELS[model]}


@pytest.mark.parametrize(("model", "variant"), CASES)
def test_each_variant_is_served_within_the_tolerance_it_was_packaged_with(
    model, variant, made, line_of, node
):
    evaluated, package = made
    event = node.release(package)
    assert isinstance(event, Serving), event

    golden = read_golden(package / contract.GOLDEN_FILE)
    results = list(smoke(node.endpoint, model, golden))
    assert [(r.protocol, r.name, r.detail) for r in results if not r.passed] == []

    questions = Questions.read(evaluated / QUESTIONS_FILE)
    if golden.stream:
        said = accuracy_of_streams(node.endpoint, model, questions)
    else:
        batch = line_of(model).steps.folder.recipe.serving.max_batch_size
        said = accuracy(node.endpoint, model, questions, tolerance=golden.tolerance, batch=batch)
        assert said.value == pytest.approx(read_artefact(package).metric.value, abs=0.05)
    assert said.passed, said


@pytest.mark.parametrize(("model", "variant"), CASES)
def test_each_file_is_of_an_opset_and_an_ir_that_its_servers_read(model, variant, made):
    (file,) = made[1].rglob("*.onnx")
    if MODELS[model] == DECODER:
        # Its backend brings the declared ONNX Runtime wherever it runs, which is also the one here.
        ort.InferenceSession(file, providers=["CPUExecutionProvider"])
    else:
        check_loads(file)


def test_files_are_tried_here_with_the_onnx_runtime_that_servers_declare(server_environment):
    text = (Path(triton.__file__).parent / "requirements.txt").read_text()
    declared = dict(
        line.split("==") for line in text.splitlines() if "==" in line and line[0] != "#"
    )
    assert declared["onnxruntime"] == ort.__version__
    assert declared["onnxruntime"] == server_environment.versions["onnxruntime"]


def of_new_ir(model):
    model.ir_version = 999


def of_new_opset(model):
    model.opset_import[0].version = 999


@pytest.mark.parametrize(
    ("change", "said"), [(of_new_ir, "IR version: 999"), (of_new_opset, "Opset 999")]
)
def test_a_file_too_new_for_the_server_is_refused_and_the_former_one_serves_on(
    line_of, node, tmp_path, change, said
):
    good = line_of("tiny").packaged(BASELINE)[1]
    node.release(good)
    before = node.agent.served["tiny"]
    package = tmp_path / "package"
    shutil.copytree(good, package)
    (file,) = package.rglob("*.onnx")
    changed = onnx.load(file)
    change(changed)
    onnx.save(changed, file)
    artefact = read_artefact(good)
    entries = tuple(FileEntry.of(package, package / entry.path) for entry in artefact.files)
    (package / ARTEFACT_FILE).write_bytes(readable_json(replace(artefact, files=entries).to_json()))

    with pytest.raises(VariantError, match="999"):
        check_loads(file)
    event = node.release(package)
    assert isinstance(event, Refused)
    assert said in event.reason
    assert event.serving == before.version
    roll_back(node.store, "local", "tiny")
