import json
from pathlib import Path

import pytest

from slipway import contract
from slipway.errors import RegistryError, StorageFull
from slipway.node import events
from slipway.node.report import read_report
from slipway.node.standing import Standing
from slipway.registry.releases import promote, roll_back
from tests.unit.node.conftest import INPUT


def unreachable(*_args):
    raise RegistryError("The registry cannot be reached")


def withdraw(store, model="tiny"):
    (Path(store.url) / contract.release_key("local", model)).unlink()


def happened(agent):
    return [type(event).__name__ for event in agent.round()]


def answer(triton, model="tiny"):
    return float(triton.infer(model, None, INPUT)["y"][0, 0]) - 1.0


def test_a_released_version_is_served_and_reported(agent, released, triton, store):
    released(10)
    assert happened(agent) == ["Serving"]
    assert answer(triton) == 10
    report = read_report(store, "local", "here")
    assert [(m.model, m.released, m.serving, m.reason) for m in report.models] == [
        ("tiny", 1, 1, "")
    ]
    assert set(report.models[0].seconds) == {"sync", "probe", "load"}
    assert report.server["triton"] == "2.51.0"


def test_nothing_happens_while_nothing_changes(agent, released, triton):
    released(10)
    list(agent.round())
    before = list(triton.journal)
    assert happened(agent) == []
    assert triton.journal == before


def test_a_new_version_is_probed_under_another_name_before_clients_can_reach_it(
    agent, released, triton
):
    released(10)
    list(agent.round())
    triton.journal.clear()
    released(20)
    assert happened(agent) == ["Serving"]
    assert triton.journal == [
        "load tiny__candidate", "unload tiny__candidate", "load tiny"
    ]  # fmt: skip
    assert answer(triton) == 20
    assert triton.loaded["tiny"] == {1: 10, 2: 20}


def test_the_way_back_needs_no_loading_of_content(agent, released, triton, store):
    released(10)
    list(agent.round())
    released(20)
    list(agent.round())
    roll_back(store, "local", "tiny")
    triton.journal.clear()
    assert happened(agent) == ["Serving"]
    assert triton.journal == ["load tiny"]
    assert answer(triton) == 10
    assert triton.loaded["tiny"] == {1: 10}


def test_versions_with_different_configurations_are_not_loaded_side_by_side(
    agent, released, triton
):
    released(10)
    list(agent.round())
    released(20, config='parameters { key: "a" value { string_value: "b" } }')
    list(agent.round())
    assert triton.loaded["tiny"] == {2: 20}


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"content": b'{"no": "model"}'}, "not a model"),
        ({"golden": 99}, "answered with a difference"),
        ({"config": "nonsense {"}, "cannot be read"),
    ],
)
def test_a_version_that_does_not_load_or_answer_leaves_the_old_one_serving(
    agent, released, triton, store, bad, said
):
    released(10)
    list(agent.round())
    released(20, **bad)
    refused = [e for e in agent.round() if isinstance(e, events.Refused)]
    assert [(e.version, e.serving) for e in refused] == [(2, 1)]
    assert said in refused[0].reason
    assert answer(triton) == 10
    report = read_report(store, "local", "here").models[0]
    assert (report.released, report.serving) == (2, 1)
    assert said in report.reason
    assert "tiny__candidate" not in triton.loaded


@pytest.fixture
def second_version_with_a_bad_blob(agent, released, store, tmp_path):
    def make(spoil):
        released(10)
        list(agent.round())
        manifest = released(20)
        entry = next(e for e in manifest.artefact.files if e.path.endswith("model.onnx"))
        path = tmp_path / "registry" / contract.blob_key(entry.sha256)
        path.chmod(0o644)
        spoil(path)
        return manifest

    return make


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-3]), "damaged in the registry"),
        (lambda path: path.write_bytes(b"x" * path.stat().st_size), "damaged in the registry"),
        (lambda path: path.unlink(), "missing in the registry"),
    ],
)
def test_a_bad_blob_is_refused_and_the_old_version_serves_on(
    agent, triton, second_version_with_a_bad_blob, tmp_path, spoil, said
):
    second_version_with_a_bad_blob(spoil)
    refused = [e for e in agent.round() if isinstance(e, events.Refused)]
    assert said in refused[0].reason
    assert answer(triton) == 10
    assert not (tmp_path / "node" / "versions" / "tiny" / "2").exists()
    assert not list((tmp_path / "node" / "blobs").glob(".*"))


def test_a_path_that_climbs_out_is_refused_and_writes_nothing(
    agent, released, triton, store, tmp_path
):
    released(10)
    list(agent.round())
    released(20)
    path = tmp_path / "registry" / contract.manifest_key("tiny", 2)
    value = json.loads(path.read_text())
    value["files"][0]["path"] = "../../../outside"
    path.chmod(0o644)
    path.write_text(json.dumps(value))
    refused = [e for e in agent.round() if isinstance(e, events.Refused)]
    assert "only name files inside its own folder" in refused[0].reason
    assert answer(triton) == 10
    assert not list(tmp_path.rglob("outside"))


def test_a_full_disk_is_refused_and_tried_again_later(
    agent, released, triton, store, clock, monkeypatch
):
    released(10)
    list(agent.round())
    released(20)

    def full(*_args):
        raise StorageFull("No space left while writing")

    with monkeypatch.context() as patch:
        patch.setattr(type(store), "download", full)
        assert happened(agent) == ["Refused"]
        assert happened(agent) == []
        clock.now += 1.0
        assert happened(agent) == ["Refused"]
    assert answer(triton) == 10
    clock.now += 2.0
    assert happened(agent) == ["Serving"]
    assert answer(triton) == 20


def test_a_release_made_anew_is_tried_at_once(agent, released, published, store):
    released(10)
    list(agent.round())
    released(20, golden=99)
    assert happened(agent) == ["Refused"]
    third = published(30)
    promote(store, "local", "tiny", third.version)
    assert happened(agent) == ["Serving"]


def test_one_bad_model_does_not_keep_others_from_being_served(agent, released, triton):
    released(10, model="bad", golden=99)
    released(20, model="good")
    assert sorted(happened(agent)) == ["Refused", "Serving"]
    assert answer(triton, "good") == 20


def test_a_withdrawn_model_is_unloaded(agent, released, triton, store, tmp_path):
    released(10)
    list(agent.round())
    withdraw(store)
    assert happened(agent) == ["Withdrawn"]
    assert "tiny" not in triton.loaded
    assert not list((tmp_path / "node" / "versions").glob("*/*"))


def test_a_model_withdrawn_while_the_server_is_down_does_not_come_back_with_it(
    agent, released, triton, store
):
    released(10, model="one")
    released(20, model="two")
    list(agent.round())
    triton.running, triton.refuse_to_start = False, 1
    withdraw(store, "one")
    assert happened(agent) == ["Restarting", "Down", "Withdrawn"]
    assert happened(agent) == ["Restarting", "Started", "Recovered"]
    assert triton.loaded == {"two": {1: 20}}


def test_a_withdrawn_model_that_cannot_be_unloaded_is_told_to_go_again(
    agent, released, triton, store
):
    released(10, model="one")
    released(20, model="two")
    list(agent.round())
    withdraw(store, "one")
    released(30, model="two")
    triton.refuse_to_unload = {"one"}
    assert happened(agent) == ["Lingering", "Serving"]
    triton.refuse_to_unload = set()
    assert happened(agent) == ["Withdrawn"]
    assert triton.loaded == {"two": {1: 20, 2: 30}}


def test_a_model_that_was_refused_and_withdrawn_is_new_when_it_is_released_again(
    agent, released, published, store
):
    published(10)
    released(20, golden=99)
    assert happened(agent) == ["Refused"]
    withdraw(store)
    assert happened(agent) == []
    promote(store, "local", "tiny", 1)
    assert happened(agent) == ["Serving"]


def test_only_what_is_loaded_stays_on_the_disk(agent, released, tmp_path):
    for add in (10, 20, 30):
        released(add)
        list(agent.round())
    versions = {path.name for path in (tmp_path / "node" / "versions" / "tiny").iterdir()}
    assert versions == {"2", "3"}
    links = {p.name for p in (tmp_path / "node/repository/tiny").iterdir() if p.is_symlink()}
    assert links == {"2", "3"}


def test_an_unreachable_registry_changes_nothing(agent, released, triton, store, monkeypatch):
    released(10)
    list(agent.round())

    monkeypatch.setattr(type(store), "list", unreachable)
    monkeypatch.setattr(type(store), "write", unreachable)
    assert set(happened(agent)) == {"Unreachable"}
    assert answer(triton) == 10


def test_a_model_that_stops_answering_is_unloaded_and_loaded(agent, released, triton):
    released(10)
    list(agent.round())
    triton.dead.add("tiny")
    triton.journal.clear()
    assert happened(agent) == ["Sick", "Recovered"]
    assert triton.journal == ["unload tiny", "load tiny"]
    assert answer(triton) == 10


def test_when_reloading_does_not_help_the_server_is_restarted(agent, released, triton):
    released(10)
    list(agent.round())
    triton.reload_mends = False
    triton.dead.add("tiny")
    assert happened(agent) == ["Sick", "Restarting", "Started", "Recovered"]
    assert triton.pid == 2
    assert answer(triton) == 10


def test_a_server_that_ended_is_started_afresh_without_the_registry(
    agent, released, triton, store, monkeypatch
):
    released(10)
    list(agent.round())
    triton.running = False
    monkeypatch.setattr("slipway.node.agent.read_manifest", None)
    assert happened(agent) == ["Restarting", "Started", "Recovered"]
    assert answer(triton) == 10


def test_restarts_are_spaced_out_and_end_when_the_server_comes_back(agent, released, triton, clock):
    released(10)
    list(agent.round())
    triton.running, triton.refuse_to_start = False, 3
    for _ in range(4):
        list(agent.round())
    assert clock.waits == [1.0, 2.0, 4.0, 8.0]
    assert answer(triton) == 10
    list(agent.round())
    clock.waits.clear()
    triton.running = False
    list(agent.round())
    assert clock.waits == [1.0]


def test_restarts_are_spaced_out_while_one_model_of_many_does_not_come_back(
    agent, released, triton, clock
):
    for model in ("one", "two", "zero"):
        released(10, model=model)
    list(agent.round())
    triton.dead, triton.refuse_to_load = {"two"}, {"two"}
    for _ in range(3):
        assert happened(agent) == [
            "Sick", "Restarting", "Started", "Recovered", "Sick", "Recovered"
        ]  # fmt: skip
    assert clock.waits == [1.0, 2.0, 4.0]


def test_other_models_answer_until_the_restart_that_one_of_them_needs(
    agent, released, triton, clock
):
    released(10, model="one")
    released(20, model="two")
    list(agent.round())
    triton.dead, triton.refuse_to_load = {"two"}, {"two"}
    answers = []
    clock.meanwhile = lambda: answers.append(answer(triton, "one"))
    list(agent.round())
    assert answers == [10]


def test_a_server_that_does_not_come_back_is_tried_once_a_round(agent, released, triton, clock):
    released(10)
    list(agent.round())
    triton.running, triton.refuse_to_start = False, 2
    assert happened(agent) == ["Restarting", "Down"]
    assert not agent.standing.ready
    assert happened(agent) == ["Restarting", "Down"]
    assert happened(agent) == ["Restarting", "Started", "Recovered"]
    assert clock.waits == [1.0, 2.0, 4.0]
    assert agent.standing.ready


def test_every_event_has_a_sentence_and_a_json_form():
    samples = [
        events.Started(1, "a:1", "a:2", {}),
        events.Serving("m", 2, (1, 2), {"sync": 0.1}),
        events.Refused("m", 2, 1, "because"),
        events.Refused("m", 2, None, "because"),
        events.Withdrawn("m"),
        events.Lingering("m", "because"),
        events.Sick("m", 1, "because"),
        events.Recovered("m", 1, "a reload"),
        events.Accelerated("m", 1, "ab" * 32, "fp16", 2.0, 1.0),
        events.Unaccelerated("m", 1, "because"),
        events.Restarting("because", 1.0),
        events.Down("because"),
        events.Unreachable("because"),
        events.HookDone("launch", held=True),
        events.HookDone("launch", held=False),
        events.GivenUp(900.0),
        events.Joined("10.0.0.1"),
        events.Left(),
        events.Leaving("because", 1.0),
        events.Setback("Publishing metrics", "because"),
    ]
    assert {type(e) for e in samples} == set(events.Event.__args__)
    for event in samples:
        assert "\n" not in events.sentence(event)
        assert json.loads(json.dumps(events.to_json(event)))["event"] == (
            type(event).__name__.lower()
        )


def test_a_node_is_ready_once_every_released_model_is_answered_for(agent, released):
    released(10, model="one")
    released(20, model="two", golden=99)
    assert not agent.standing.ready
    list(agent.round())
    assert agent.standing == Standing(ready=False, served=1, failed=1, restarts=0)
    released(30, model="two")
    list(agent.round())
    assert agent.standing == Standing(ready=True, served=2, failed=0, restarts=0)


def test_a_refused_release_leaves_a_node_ready_that_serves_the_version_before(agent, released):
    released(10)
    list(agent.round())
    released(20, golden=99)
    list(agent.round())
    assert agent.standing == Standing(ready=True, served=1, failed=1, restarts=0)


def test_a_new_model_that_nobody_can_serve_leaves_a_node_ready_and_is_tried_again(
    agent, released, triton, store, clock
):
    released(10, model="one")
    list(agent.round())
    released(20, model="two")
    triton.refuse_to_load = {"two__candidate"}
    assert happened(agent) == ["Refused"]
    assert agent.standing == Standing(ready=True, served=1, failed=1, restarts=0)
    report = read_report(store, "local", "here").models[1]
    assert (report.model, report.serving) == ("two", None)
    assert "out of memory" in report.reason
    clock.now += 1.0
    assert happened(agent) == ["Refused"]
    assert agent.standing.ready
    triton.refuse_to_load = set()
    clock.now += 2.0
    assert happened(agent) == ["Serving"]
    assert agent.standing == Standing(ready=True, served=2, failed=0, restarts=0)


def test_a_model_that_came_to_a_ready_node_is_needed_once_it_was_served(agent, released, triton):
    released(10, model="one")
    list(agent.round())
    released(20, model="two")
    list(agent.round())
    triton.dead, triton.refuse_to_load = {"two"}, {"two"}
    list(agent.round())
    assert agent.standing == Standing(ready=False, served=1, failed=0, restarts=1)


@pytest.mark.parametrize("mended", [False, True])
def test_a_node_stays_ready_while_a_new_model_comes_for_the_first_time(
    agent, released, triton, store, monkeypatch, mended
):
    released(10, model="one")
    list(agent.round())
    released(20, model="two")
    if mended:
        triton.dead.add("one")
    download, seen = type(store).download, []

    def slow(*args):
        seen.append(agent.standing.ready)
        download(*args)

    monkeypatch.setattr(type(store), "download", slow)
    assert happened(agent)[-1] == "Serving"
    assert set(seen) == {True}


def test_a_node_whose_models_do_not_come_back_with_the_server_is_not_ready(agent, released, triton):
    released(10, model="one")
    released(20, model="two")
    list(agent.round())
    triton.running, triton.refuse_to_load = False, {"one"}
    assert happened(agent) == ["Restarting", "Started", "Sick", "Recovered"]
    assert answer(triton, "two") == 20
    assert agent.standing == Standing(ready=False, served=1, failed=0, restarts=1)
    triton.refuse_to_load = set()
    list(agent.round())
    assert agent.standing == Standing(ready=True, served=2, failed=0, restarts=1)


@pytest.mark.parametrize("ends", [False, True])
def test_a_node_is_not_ready_while_it_is_mended(agent, released, triton, ends):
    released(10)
    list(agent.round())
    assert agent.standing.ready
    triton.running = not ends
    triton.dead.add("tiny")
    seen = [(type(event), agent.standing.ready) for event in agent.round()]
    assert seen[0] == (events.Restarting if ends else events.Sick, False)
    assert agent.standing.ready


def test_a_model_that_is_withdrawn_or_replaced_while_unwell_does_not_count(
    agent, released, triton, store
):
    released(10, model="one")
    released(20, model="two")
    list(agent.round())
    triton.running, triton.refuse_to_load = False, {"one", "two"}
    released(30, model="two")
    withdraw(store, "one")
    list(agent.check())
    triton.refuse_to_load = set()
    list(agent.reconcile())
    list(agent.round())
    assert agent.standing == Standing(ready=True, served=1, failed=0, restarts=1)


def test_an_environment_without_releases_has_ready_nodes(agent):
    list(agent.round())
    assert agent.standing.ready


def test_a_node_that_never_heard_of_its_releases_is_not_ready(agent, store, monkeypatch):
    monkeypatch.setattr(type(store), "list", unreachable)
    list(agent.round())
    assert not agent.standing.ready


def test_a_withdrawn_model_does_not_count_as_failed(agent, released, store):
    released(10, golden=99)
    list(agent.round())
    assert agent.standing.failed == 1
    withdraw(store)
    list(agent.round())
    assert agent.standing.failed == 0


def test_a_node_that_leaves_reports_that_it_serves_nothing(agent, released, triton, store):
    released(10)
    list(agent.round())
    agent.stop()
    assert triton.journal[-2:] == ["stop", "close"]
    assert list(agent.leave()) == []
    model = read_report(store, "local", "here").models[0]
    assert (model.released, model.serving) == (1, None)
    assert not agent.standing.ready
