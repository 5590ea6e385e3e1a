"""scripts/release.py as people run it."""

import functools
import json

import pytest

from slipway import contract
from slipway.registry.directory import DirectoryStore
from slipway.registry.publish import publish
from slipway.registry.releases import read_release, releases
from tests.factories import packaged_model
from tests.running import ROOT, python, refused


@pytest.fixture
def run(tmp_path):
    """Run the script in `tmp_path`, where a registry may lie in `build`."""
    return functools.partial(python, ROOT / "scripts/release.py", cwd=tmp_path)


@pytest.fixture
def store(tmp_path):
    """A registry with versions 1 and 2 of `tiny`."""
    store = DirectoryStore(tmp_path / "build/registry")
    for n in (1, 2):
        packaged_model(tmp_path / str(n), files={"model/1/model.onnx": bytes([n])})
        publish(store, tmp_path / str(n))
    return store


def test_a_version_is_released_rolled_forward_and_back(run, store):
    said = [
        run("set", "tiny", 1).stdout,
        run("set", "tiny", "latest").stdout,
        run("set", "tiny", "2").stdout,
        run("rollback", "tiny").stdout,
    ]
    assert said == [
        "local: tiny is version 1 now\n",
        "local: tiny is version 2 now (before: 1)\n",
        "local: tiny is version 2 already; nothing changed\n",
        "local: tiny is version 1 now\n",
    ]
    assert read_release(store, "local", "tiny").generation == 3


def test_json_says_whether_anything_changed(run, store):
    first, second = (json.loads(run("set", "tiny", 1, "--json").stdout) for _ in range(2))
    assert (first.pop("changed"), second.pop("changed")) == (True, False)
    assert first == second == read_release(store, "local", "tiny").to_json()


def test_the_environment_may_be_named(run, store):
    run("set", "tiny", 1, "--environment", "staging")
    run("set", "tiny", 2, SLIPWAY_ENVIRONMENT="prod")
    assert [r.version for r in releases(store, "staging")] == [1]
    assert [r.version for r in releases(store, "prod")] == [2]
    assert releases(store, "local") == []


def test_what_is_released_is_shown(run, store):
    run("set", "tiny", 1)
    run("set", "tiny", 2)
    run("set", "tiny", 1, "--environment", "prod")
    header, *rows = (line.split() for line in run("show").stdout.splitlines())
    assert header == ["ENVIRONMENT", "MODEL", "VERSION", "PREVIOUS", "GENERATION", "UPDATED"]
    assert [row[:5] for row in rows] == [
        ["local", "tiny", "2", "1", "2"],
        ["prod", "tiny", "1", "-", "1"],
    ]
    shown = json.loads(run("show", "prod", "--json").stdout)
    assert shown == [read_release(store, "prod", "tiny").to_json()]


def test_nothing_to_show_is_said_apart_from_the_data(run):
    done = run("show", "local")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "nothing is released in 'local' of build/registry\n"
    assert json.loads(run("show", "--json").stdout) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("set", "tiny", "9"),
            "There is no version 9 of 'tiny' in build/registry: it has versions",
        ),
        (("set", "tinny", "1"), "the nearest names are tiny"),
        (("set", "tinny", "latest"), "the nearest names are tiny"),
        (("set", "../tiny", "1"), "is refused"),
        (("set", "tiny", "newest"), "Give its number, or latest"),
        (("set", "tiny", "0"), "Give its number, or latest"),
        (("set", "tiny", "1", "--environment", "locl"), "the nearest names are local"),
        (("rollback", "tiny"), "No version of 'tiny' is released in 'local'"),
        (("rollback", "tiny", "--environment", "locl"), "the nearest names are local"),
        (("show", "locl"), "the nearest names are local"),
        (("show", "--store", "http://x"), "is not a store"),
    ],
)
def test_bad_input_is_one_line_and_changes_nothing(run, store, arguments, said):
    assert said in refused(run(*arguments))
    assert all(releases(store, name) == [] for name in contract.ENVIRONMENTS)


def test_there_is_nothing_to_roll_back_to_after_the_first_release(run, store):
    run("set", "tiny", 1)
    assert "scripts/release.py set tiny VERSION" in refused(run("rollback", "tiny"))


@pytest.mark.parametrize("arguments", [("set", "tiny"), ("set",), ("promote", "tiny", "1")])
def test_wrong_usage_ends_with_2(run, arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert "Usage:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [(), ("set",), ("rollback",), ("show",)])
def test_help_teaches_with_an_example(run, arguments):
    done = run(*arguments, "--help")
    assert done.returncode == 0
    assert "Example: python scripts/release.py" in done.stdout
