"""Every way to write and run a model, on the real Triton: loaded, probed, and as right as it was
in the build."""

from pathlib import Path

import pytest

from slipway import contract
from slipway.artefact import read_artefact
from slipway.build.openvino import capabilities
from slipway.build.optimise.catalogue import BASELINE, parse
from slipway.build.optimise.workshop import StepsWorkshop
from slipway.build.step import Workspace
from slipway.build.steps import Steps
from slipway.check.accuracy import accuracy
from slipway.check.endpoint import Endpoint
from slipway.check.smoke import smoke
from slipway.dataset import Sources
from slipway.errors import VariantError
from slipway.folder import open_model
from slipway.hardware import this_machine
from slipway.node.events import Serving
from slipway.node.local import NodeSettings, local_agent
from slipway.progress import silent
from slipway.questions import QUESTIONS_FILE, Questions
from slipway.registry.directory import DirectoryStore
from slipway.registry.golden import read_golden
from slipway.registry.publish import publish
from slipway.registry.releases import promote
from slipway.triton.server import Ports

MODELS = Path(__file__).parents[1] / "data/model_repo"
KINDS = {
    "tiny": ["fp16", "int8_dynamic", "openvino", "openvino_int8"],
    "tiny_text": ["fp16", "int8_dynamic", "openvino", "openvino_int8"],
}


class Line:
    """Packages of one model in any variant, whether or not it would be chosen."""

    def __init__(self, name, workspace):
        folder = open_model(name, MODELS)
        self.steps = Steps(folder, Sources(), Workspace(workspace, name), silent)
        self.shop = StepsWorkshop(self.steps, this_machine())
        self.shop.make(BASELINE)
        self.optimisation = folder.recipe.optimisation

    def packaged(self, variant):
        """The folders of the evaluation and of the package."""
        self.shop.make(*parse([variant], self.optimisation))
        candidate = self.shop.candidate(variant)
        evaluated = self.steps.evaluate(candidate)
        return evaluated.folder, self.steps.package(candidate, evaluated, None).folder


@pytest.fixture(params=KINDS)
def line(request, tmp_path_factory):
    return Line(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture
def node(server_environment, tmp_path):
    store, ports = DirectoryStore(tmp_path / "registry"), Ports.free()
    agent = local_agent(NodeSettings("local", tmp_path / "node", ports), store, silent)
    list(agent.start())
    yield store, agent, Endpoint(f"127.0.0.1:{ports.grpc}", f"http://127.0.0.1:{ports.http}")
    agent.stop()


def test_each_kind_is_served_within_the_tolerance_it_was_packaged_with(line, node):
    store, agent, endpoint = node
    name = line.steps.folder.name
    batch = line.steps.folder.recipe.serving.max_batch_size
    for variant in KINDS[name]:
        evaluated, package = line.packaged(variant)
        version = publish(store, package).manifest.version
        promote(store, "local", name, version)
        (event,) = agent.reconcile()
        assert isinstance(event, Serving), f"{variant}: {event}"

        golden = read_golden(package / contract.GOLDEN_FILE)
        results = list(smoke(endpoint, name, golden))
        assert [f"{variant}: {r.name}: {r.detail}" for r in results if not r.passed] == []

        questions = Questions.read(evaluated / QUESTIONS_FILE)
        said = accuracy(endpoint, name, questions, tolerance=golden.tolerance, batch=batch)
        assert said.passed, f"{variant}: {said}"
        assert said.value == pytest.approx(read_artefact(package).metric.value, abs=0.05)


def test_bfloat16_is_served_where_the_processor_has_it_and_refused_where_not(line, node):
    if "BF16" in capabilities():
        store, agent, _ = node
        _, package = line.packaged("openvino_bf16")
        publish(store, package)
        promote(store, "local", line.steps.folder.name, 1)
        (event,) = agent.reconcile()
        assert isinstance(event, Serving)
        return
    with pytest.raises(VariantError, match="would only imitate BF16 here"):
        line.packaged("openvino_bf16")
