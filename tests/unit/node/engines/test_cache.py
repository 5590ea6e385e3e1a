import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from slipway import contract
from slipway.errors import IntegrityError, NodeError, RegistryError
from slipway.node.engines.builder import Cancelled
from slipway.node.engines.cache import Waiting
from slipway.node.engines.record import find_record
from tests.engines import L4, spec
from tests.unit.node.engines.conftest import QuickBuilder


def obtain(cache, order, cancelled=None):
    return cache.obtain(order, cancelled or threading.Event())


def plan(engine):
    (found,) = engine.folder.iterdir()
    return found


def keys(store, ending):
    return [key for key in store.list(contract.ENGINES) if key.endswith(ending)]


def test_one_server_builds_and_the_second_downloads(server, order, store):
    first, second = server("i-1"), server("i-2")
    one, two = obtain(first, order), obtain(second, order)
    assert len(first.builder.built) == 1
    assert second.builder.built == []
    assert one.key == two.key
    assert plan(one).name == "sm-8.9.plan"
    assert plan(one).read_bytes() == plan(two).read_bytes()
    record = find_record(store, one.key)
    assert (record.built_by, record.precision, record.heavy_layers) == ("i-1", "fp16", {"fp16": 1})
    assert (record.tensorrt, record.gpu, record.milliseconds) == ("10.13.3.9", "NVIDIA L4", 0.25)


def test_what_is_here_is_neither_fetched_nor_built_again(server, order, store, monkeypatch):
    cache = server()
    obtain(cache, order)
    monkeypatch.setattr(type(store), "download", None)
    obtain(cache, order)
    assert len(cache.builder.built) == 1


def test_another_kind_of_gpu_builds_its_own(server, order, store):
    obtain(server("i-1"), order)
    other = server("i-2", gpu=replace(L4, name="NVIDIA L40S"))
    obtain(other, order)
    assert len(other.builder.built) == 1
    assert len(keys(store, "engine.json")) == 2


def test_while_one_builds_the_others_wait(server, order):
    going = threading.Event()
    first = server("i-1", QuickBuilder(wait=going))
    building = threading.Thread(target=obtain, args=(first, order))
    building.start()
    while not first.builder.built:
        pass
    second = server("i-2")
    assert obtain(second, order) == Waiting("i-1")
    going.set()
    building.join()
    assert not isinstance(obtain(second, order), Waiting)
    assert second.builder.built == []


def test_the_lease_of_a_server_that_died_ends(server, order, wall):
    class Died(BaseException):
        pass

    def die():
        raise Died

    with pytest.raises(Died):
        obtain(server("i-1", QuickBuilder(meanwhile=die)), order)
    second = server("i-2")
    assert obtain(second, order) == Waiting("i-1")
    wall.now += second.terms.build
    assert obtain(second, order).key
    assert len(second.builder.built) == 1


def test_a_server_that_died_while_it_built_begins_anew_at_once(server, order):
    def die():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        obtain(server("i-1", QuickBuilder(meanwhile=die)), order)
    assert obtain(server("i-1"), order).key


def test_two_that_build_at_once_all_the_same_lose_nothing(server, order, store, wall):
    """The first one's lease ends while it builds, and the second is faster."""
    second = server("i-2", QuickBuilder({"made by": 2}))

    def overtake():
        wall.now += second.terms.build
        obtain(second, order)

    first = server("i-1", QuickBuilder({"made by": 1}, meanwhile=overtake))
    one = obtain(first, order)
    assert json.loads(plan(one).read_text())["made by"] == 2
    assert len(keys(store, ".plan")) == 2
    assert find_record(store, one.key).built_by == "i-2"


def test_an_engine_that_cannot_be_built_is_not_tried_by_the_whole_fleet(server, order, wall):
    with pytest.raises(NodeError, match="no such operator"):
        obtain(server("i-1", QuickBuilder(failure="no such operator")), order)
    second = server("i-2")
    with pytest.raises(NodeError, match=r"i-1 could not build the engine.*no such operator"):
        obtain(second, order)
    assert second.builder.built == []
    wall.now += second.terms.refusal
    assert obtain(second, order).key


def test_the_log_of_a_build_stays(server, order, tmp_path):
    with pytest.raises(NodeError):
        obtain(server("i-1", QuickBuilder(failure="x")), order)
    (log,) = (tmp_path / "i-1/engines/logs").iterdir()
    assert log.read_text() == "what it said\n"
    assert not list((tmp_path / "i-1/engines").glob(".build-*"))


def test_a_build_that_was_cancelled_is_anybodys_again(server, order):
    cancelled = threading.Event()
    first = QuickBuilder(wait=threading.Event(), meanwhile=cancelled.set)
    with pytest.raises(Cancelled):
        obtain(server("i-1", first), order, cancelled)
    with pytest.raises(Cancelled):
        obtain(server("i-3"), order, cancelled)
    assert obtain(server("i-2"), order).key


def test_an_engine_in_the_wrong_precision_never_reaches_the_registry(server, order, store):
    with pytest.raises(NodeError, match="silently"):
        obtain(server("i-1", QuickBuilder(precision="FP32")), order)
    assert keys(store, "engine.json") == []
    assert keys(store, ".plan") == []


def test_one_that_has_too_few_narrow_layers_for_this_version_is_refused(server, order, store):
    record_key = obtain(server("i-1"), order).key
    path = Path(store.url) / contract.engine_key(record_key)
    path.write_text(path.read_text().replace('"fp16": 1', '"fp16": 1, "fp32": 5'))
    with pytest.raises(NodeError, match="silently"):
        obtain(server("i-2"), order)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(b"x" * path.stat().st_size), "another hash"),
        (lambda path: path.write_bytes(b"x"), "another hash"),
    ],
)
def test_a_plan_that_is_damaged_in_the_registry_is_refused(server, order, store, spoil, said):
    obtain(server("i-1"), order)
    (key,) = keys(store, ".plan")
    spoil(Path(store.url) / key)
    second = server("i-2")
    with pytest.raises(IntegrityError, match=said):
        obtain(second, order)
    assert not list(second.root.glob("*/1"))


def test_an_engine_whose_plan_has_expired_is_built_anew_and_others_find_that(server, order, store):
    key = obtain(server("i-1", QuickBuilder({"made by": 1})), order).key
    (plan_key,) = keys(store, ".plan")
    (Path(store.url) / plan_key).unlink()
    second, third = server("i-2", QuickBuilder({"made by": 2})), server("i-3")
    obtain(second, order)
    assert find_record(store, key).built_by == "i-2"
    assert json.loads(plan(obtain(third, order)).read_text())["made by"] == 2
    assert third.builder.built == []


def test_cleared_from_the_registry_it_is_built_anew(server, order, store):
    key = obtain(server("i-1"), order).key
    for name in list(store.list(f"{contract.ENGINES}{key}/")):
        (Path(store.url) / name).unlink()
    second = server("i-2")
    obtain(second, order)
    assert len(second.builder.built) == 1


@pytest.mark.parametrize("name", ["engine.json", "lease.json"])
def test_what_is_no_record_in_the_registry_is_said(server, order, store, name):
    key = obtain(server("i-1"), order).key
    (Path(store.url) / contract.engine_key(key)).unlink()
    (Path(store.url) / f"{contract.ENGINES}{key}/{name}").write_text("{")
    with pytest.raises(IntegrityError, match="Remove"):
        obtain(server("i-2"), order)


def test_a_plan_that_the_disk_lost_is_fetched_again(server, order):
    cache = server()
    plan(obtain(cache, order)).write_bytes(b"lost")
    assert json.loads(plan(obtain(cache, order)).read_text()) == {"add": 1}
    assert len(cache.builder.built) == 1


def test_a_registry_that_cannot_be_reached_is_its_own_error(server, order, store, monkeypatch):
    def unreachable(*_args):
        raise RegistryError("The registry cannot be reached")

    monkeypatch.setattr(type(store), "read", unreachable)
    with pytest.raises(RegistryError, match="cannot be reached"):
        obtain(server(), order)


def test_only_what_is_needed_stays_on_the_disk(server, order, tmp_path):
    cache = server()
    kept = obtain(cache, order)
    gone = obtain(cache, replace(order, spec=spec("bf16", profiles=spec().profiles[:1])))
    cache.prune({kept.key})
    assert kept.folder.is_dir()
    assert not gone.folder.parent.exists()
    assert (cache.root / "logs").is_dir()
