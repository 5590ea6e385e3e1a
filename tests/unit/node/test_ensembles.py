"""A model of several steps: swapped, rolled back, mended and withdrawn as a whole."""

import json

import pytest

from slipway import contract
from slipway.files import readable_json
from slipway.golden import Golden
from slipway.node.events import Recovered, Refused, Serving, Sick
from slipway.node.repository import ModelRepository
from slipway.node.sync import Content
from slipway.registry.publish import publish
from slipway.registry.releases import promote, roll_back
from tests.factories import packaged_model
from tests.unit.node.conftest import INPUT

ENSEMBLE = """
name: "shop" platform: "ensemble" max_batch_size: 8
ensemble_scheduling { step { model_name: "network" model_version: 1 } }
"""


@pytest.fixture
def released_ensemble(store, tmp_path):
    """Publish and release an ensemble whose only step adds a number."""

    def make(add, golden=None):
        right = Golden(INPUT, {"y": INPUT["x"] + (add if golden is None else golden)}, 1e-4)
        folder = tmp_path / "packages" / f"shop-{add}-{golden}"
        files = {
            "model/config.pbtxt": ENSEMBLE.encode(),
            "model/1/ensemble.txt": b"",
            "model/labels.txt": b"a\n",
            "steps/network/config.pbtxt": b'name: "network" max_batch_size: 8',
            "steps/network/1/model.onnx": json.dumps({"add": add}).encode(),
            "golden.json": readable_json(right.to_json()),
        }
        packaged_model(folder, "shop", files)
        manifest = publish(store, folder).manifest
        promote(store, "local", "shop", manifest.version)
        return manifest

    return make


def answer(triton):
    return float(triton.infer("shop", None, INPUT)["y"][0, 0])


def test_each_version_brings_steps_of_its_own_and_the_one_before_keeps_its(
    agent, triton, released_ensemble
):
    released_ensemble(10)
    assert [type(event) for event in agent.reconcile()] == [Serving]
    assert sorted(triton.loaded) == ["shop", "shop__network__1"]
    released_ensemble(20)
    list(agent.reconcile())
    assert answer(triton) == 21
    assert sorted(triton.loaded) == ["shop", "shop__network__1", "shop__network__2"]
    released_ensemble(30)
    list(agent.reconcile())
    assert sorted(triton.loaded) == ["shop", "shop__network__2", "shop__network__3"]


def test_the_way_back_loads_nothing_anew(agent, triton, store, released_ensemble):
    for add in (10, 20):
        released_ensemble(add)
        list(agent.reconcile())
    triton.journal.clear()
    roll_back(store, "local", "shop")
    list(agent.reconcile())
    assert answer(triton) == 11
    assert "load shop__network__1" not in triton.journal


def test_a_version_that_answers_wrongly_leaves_the_one_before_and_nothing_of_itself(
    agent, triton, released_ensemble
):
    released_ensemble(10)
    list(agent.reconcile())
    released_ensemble(20, golden=99)
    assert [type(event) for event in agent.reconcile()] == [Refused]
    assert answer(triton) == 11
    assert sorted(triton.loaded) == ["shop", "shop__network__1"]


def test_a_sick_one_is_unloaded_with_its_steps_and_loaded_again(agent, triton, released_ensemble):
    released_ensemble(10)
    list(agent.reconcile())
    triton.dead.add("shop")
    assert [type(event) for event in agent.check()] == [Sick, Recovered]
    assert triton.journal[-4:] == [
        "unload shop", "unload shop__network__1", "load shop", "load shop__network__1"
    ]  # fmt: skip


def test_withdrawn_it_leaves_neither_steps_nor_files(agent, triton, tmp_path, released_ensemble):
    released_ensemble(10)
    list(agent.reconcile())
    (tmp_path / "registry" / contract.release_key("local", "shop")).unlink()
    list(agent.reconcile())
    assert triton.loaded == {}
    assert list(triton.repository.iterdir()) == []


def test_a_step_of_another_model_is_never_taken_for_ones_own(tmp_path):
    repository = ModelRepository(tmp_path, Content(tmp_path))
    for name in ("shop", "shop__network__1", "shop__network__2", "shop__candidate__network__3",
                 "shop_two__network__1"):  # fmt: skip
        (tmp_path / name).mkdir()
    assert repository.steps("shop") == ["shop__network__1", "shop__network__2"]
    assert repository.steps("shop", without={1}) == ["shop__network__2"]
    assert repository.steps("shop__candidate") == ["shop__candidate__network__3"]
