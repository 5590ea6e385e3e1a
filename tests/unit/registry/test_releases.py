"""Releases: pointers that nobody changes over somebody else's head."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from slipway.errors import Conflict, IntegrityError, NotFound, RegistryError
from slipway.registry.directory import DirectoryStore
from slipway.registry.publish import publish
from slipway.registry.releases import (
    Release,
    Released,
    Rollout,
    Unchanged,
    promote,
    read_release,
    releases,
    roll_back,
)
from tests.factories import packaged_model
from tests.interleaving import Watched

VERSIONS = 6
KEY = "releases/local/tiny.json"


@pytest.fixture
def store(tmp_path):
    store = DirectoryStore(tmp_path / "registry")
    for n in range(VERSIONS):
        packaged_model(tmp_path / str(n), files={"model/1/model.onnx": bytes([n])})
        publish(store, tmp_path / str(n))
    return store


def test_the_first_release_has_nothing_before_it(store):
    outcome = promote(store, "local", "tiny", 2)
    assert isinstance(outcome, Released)
    release = read_release(store, "local", "tiny")
    assert release == outcome.release
    assert (release.version, release.previous, release.generation) == (2, None, 1)
    assert release.rollout == Rollout("all")


def test_each_change_counts_and_remembers_the_one_before(store):
    promote(store, "local", "tiny", 1)
    release = promote(store, "local", "tiny", 3).release
    assert (release.version, release.previous, release.generation) == (3, 1, 2)


def test_what_is_released_already_is_left_alone(store):
    first = promote(store, "local", "tiny", 1).release
    before = store.read(KEY)
    assert promote(store, "local", "tiny", 1) == Unchanged(first)
    assert store.read(KEY) == before


def test_rolling_back_twice_does_not_bring_the_bad_version_back(store):
    promote(store, "local", "tiny", 1)
    promote(store, "local", "tiny", 2)
    release = roll_back(store, "local", "tiny").release
    assert (release.version, release.previous, release.generation) == (1, None, 3)
    with pytest.raises(NotFound, match=r"no version before 1 is known\. Choose one"):
        roll_back(store, "local", "tiny")
    assert read_release(store, "local", "tiny") == release


def test_a_version_that_does_not_exist_is_not_released(store):
    with pytest.raises(NotFound, match="no version 9"):
        promote(store, "local", "tiny", 9)
    assert releases(store, "local") == []


def test_a_version_that_has_gone_is_not_rolled_back_to(store, tmp_path):
    promote(store, "local", "tiny", 1)
    promote(store, "local", "tiny", 2)
    (tmp_path / "registry/models/tiny/1/manifest.json").unlink()
    with pytest.raises(NotFound, match="no version 1"):
        roll_back(store, "local", "tiny")
    assert read_release(store, "local", "tiny").version == 2


def test_environments_stand_apart(store):
    promote(store, "local", "tiny", 1)
    promote(store, "prod", "tiny", 2)
    assert [r.version for r in releases(store, "local")] == [1]
    assert [r.version for r in releases(store, "prod")] == [2]
    assert releases(store, "dev") == []


def test_an_unknown_environment_names_the_nearest(store):
    for ask in (
        lambda: promote(store, "stagin", "tiny", 1),
        lambda: roll_back(store, "stagin", "tiny"),
        lambda: read_release(store, "stagin", "tiny"),
        lambda: releases(store, "stagin"),
    ):
        with pytest.raises(RegistryError, match="nearest names are staging"):
            ask()


def test_what_is_not_released_names_the_nearest(store):
    promote(store, "local", "tiny", 1)
    with pytest.raises(NotFound, match="nearest names are tiny"):
        read_release(store, "local", "tinny")


def meanwhile(store, change):
    """A store on which `change` happens once, just before the first write of a release."""
    pending = [change]

    def before(name, key):
        if name == "write" and key.startswith("releases/") and pending:
            pending.pop()()

    return Watched(store, before)


def test_somebody_else_s_other_version_stops_us(store):
    promote(store, "local", "tiny", 1)
    other = meanwhile(store, lambda: promote(store, "local", "tiny", 2))
    with pytest.raises(Conflict, match=r"it points at version 2\. Look with"):
        promote(other, "local", "tiny", 3)
    assert read_release(store, "local", "tiny").version == 2


def test_somebody_else_s_first_release_stops_ours(store):
    other = meanwhile(store, lambda: promote(store, "local", "tiny", 2))
    with pytest.raises(Conflict, match="points at version 2"):
        promote(other, "local", "tiny", 3)


def test_somebody_else_s_same_version_is_what_we_wanted(store):
    other = meanwhile(store, lambda: write_release(store, version=3, generation=7))
    outcome = promote(other, "local", "tiny", 3)
    assert outcome == Unchanged(read_release(store, "local", "tiny"))
    assert outcome.release.generation == 7


def test_a_change_that_left_the_version_alone_does_not_stop_us(store):
    promote(store, "local", "tiny", 1)
    other = meanwhile(store, lambda: write_release(store, version=1, generation=7))
    release = promote(other, "local", "tiny", 3).release
    assert (release.version, release.previous, release.generation) == (3, 1, 8)


def test_two_who_roll_back_at_once_roll_back_once(store):
    promote(store, "local", "tiny", 1)
    promote(store, "local", "tiny", 2)
    other = meanwhile(store, lambda: roll_back(store, "local", "tiny"))
    outcome = roll_back(other, "local", "tiny")
    assert outcome.release == read_release(store, "local", "tiny")
    assert outcome.release.version == 1


def write_release(store, **changes):
    release = read_release(store, "local", "tiny") if store.exists(KEY) else None
    value = (
        release.to_json()
        if release
        else Release("local", "tiny", 1, None, 1, "2031-05-06T07:08:09Z").to_json()
    )
    store.write(KEY, json.dumps({**value, **changes}).encode())


def test_a_write_whose_answer_was_lost_counts(store):
    """S3's client sends a write again when the connection breaks, and meets its own content."""
    promote(store, "local", "tiny", 1)

    class LostAnswer:
        def __getattr__(self, name):
            return getattr(store, name)

        def write(self, key, data, condition):
            store.write(key, data, condition)
            raise Conflict(f"{key} is not what was read")

    outcome = promote(LostAnswer(), "local", "tiny", 2)
    assert outcome == Released(read_release(store, "local", "tiny"))
    assert outcome.release.generation == 2


def test_a_store_that_never_lets_anybody_through_ends_in_an_error(store):
    def refuse(name, key):
        if name == "write":
            raise Conflict(f"{key} is being written")

    with pytest.raises(Conflict, match="it points at nothing"):
        promote(Watched(store, refuse), "local", "tiny", 1)


def test_every_change_of_many_at_once_is_counted(store):
    def change(version):
        try:
            return isinstance(promote(store, "local", "tiny", version), Released)
        except Conflict:
            return False

    with ThreadPoolExecutor(VERSIONS) as pool:
        changed = sum(pool.map(change, range(1, VERSIONS + 1)))
    assert changed >= 1
    assert read_release(store, "local", "tiny").generation == changed


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"version": 0},
        {"version": "1"},
        {"previous": 0},
        {"generation": None},
        {"rollout": {"strategy": "canary"}},
        {"rollout": {"strategy": "all", "percent": 10}},
        {"rollout": None},
        {"surprise": 1},
        {"model": "other"},
        {"environment": "prod"},
    ],
)
def test_a_release_that_is_not_understood_is_refused(store, change):
    promote(store, "local", "tiny", 1)
    write_release(store, **change)
    with pytest.raises(IntegrityError, match=r"releases/local/tiny.json in .* cannot be used"):
        read_release(store, "local", "tiny")


def test_a_release_that_is_not_json_is_refused(store):
    store.write(KEY, b"{")
    with pytest.raises(IntegrityError, match="cannot be used"):
        releases(store, "local")
