"""scripts/publish.py as people run it."""

import functools
import json
from pathlib import Path

import pytest

from slipway import contract
from slipway.registry.directory import DirectoryStore
from slipway.registry.versions import read_manifest, versions
from tests.factories import packaged_model
from tests.running import ROOT, python, refused


@pytest.fixture
def run(tmp_path):
    """Run the script in `tmp_path`, where a workspace `build` may lie."""
    return functools.partial(python, ROOT / "scripts/publish.py", cwd=tmp_path)


@pytest.fixture
def package(tmp_path):
    """A package as a build leaves it, with `latest` pointing at it."""
    folder = tmp_path / "build/models/tiny/package/0123456789abcdef"
    packaged_model(folder)
    (folder.parent / "latest").symlink_to(folder.name)
    return folder


@pytest.fixture
def store(tmp_path):
    return DirectoryStore(tmp_path / "build/registry")


def test_it_publishes_the_newest_build(run, package, store):
    done = run("tiny")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "tiny: published version 1 (3 files, 0.0 MB)\n"
    assert versions(store, "tiny") == [1]


def test_publishing_again_changes_nothing_and_says_so(run, package, store):
    run("tiny")
    done = run("tiny")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "tiny: already published as version 1; nothing changed\n"
    assert versions(store, "tiny") == [1]


def test_json_says_what_was_published(run, package, store):
    first, second = (json.loads(run("tiny", "--json").stdout) for _ in range(2))
    assert (first.pop("published"), second.pop("published")) == (True, False)
    assert first == second
    manifest = read_manifest(store, "tiny", 1)
    assert first["fingerprint"] == manifest.artefact.fingerprint
    assert (first["version"], first["created"]) == (1, manifest.created)


def test_a_folder_and_a_store_may_be_named(run, tmp_path):
    packaged_model(tmp_path / "elsewhere")
    done = run("tiny", "--folder", "elsewhere", SLIPWAY_STORE="other/registry")
    assert done.returncode == 0
    assert versions(DirectoryStore(tmp_path / "other/registry"), "tiny") == [1]


def test_an_unknown_model_names_the_nearest(run, package):
    assert "the nearest names are tiny. Build it with scripts/build.py." in refused(run("tinny"))


def test_a_folder_of_another_model_is_refused(run, package, store):
    line = refused(run("other", "--folder", package))
    assert "is not a package of 'other': it holds 'tiny'" in line
    assert versions(store, "tiny") == []


def test_a_spoilt_package_is_refused(run, package, store):
    (package / "model/1/model.onnx").write_bytes(b"WEIGHTS")
    assert "is not what was packaged: its SHA-256 is another" in refused(run("tiny"))
    assert versions(store, "tiny") == []


def test_a_store_that_is_none_is_refused(run, package):
    assert "s3://bucket[/prefix]" in refused(run("tiny", "--store", "ftp://host"))
    assert "it is a file" in refused(run("tiny", "--store", package / "artefact.json"))


def test_a_model_s_versions_are_listed(run, package):
    run("tiny")
    done = run("tiny", "--list")
    header, row = done.stdout.splitlines()
    assert header.split() == ["MODEL", "VERSION", "CREATED", "SIZE", "METRIC", "REVISION"]
    assert row.split()[:2] == ["tiny", "1"]
    assert "accuracy 0.9800" in row
    assert json.loads(run("--list", "--json").stdout)[0]["version"] == 1


def test_listing_an_empty_registry_or_an_unknown_model_says_so(run, package):
    done = run("--list")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "nothing is published in build/registry\n"
    assert json.loads(run("--list", "--json").stdout) == []
    assert "There is no model 'tiny'" in refused(run("tiny", "--list"))


def test_whole_content_is_verified(run, package):
    run("tiny")
    done = run("tiny", "--verify", 1)
    assert done.returncode == 0
    assert "3 of 3 files intact" in done.stderr
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"intact"}


@pytest.mark.parametrize(("spoil", "said"), [(Path.unlink, "missing"), (Path.touch, "damaged")])
def test_content_that_is_not_whole_ends_with_1(run, package, store, tmp_path, spoil, said):
    run("tiny")
    entry = next(e for e in read_manifest(store, "tiny", 1).artefact.files if "onnx" in e.path)
    blob = tmp_path / "build/registry" / contract.blob_key(entry.sha256)
    blob.write_bytes(b"")
    spoil(blob)
    done = run("tiny", "--verify", 1, "--json")
    assert done.returncode == 1
    assert {f["path"]: f["result"] for f in json.loads(done.stdout)["files"]} == {
        "golden.json": "intact",
        "model/1/model.onnx": said,
        "model/config.pbtxt": "intact",
    }
    assert run("tiny").stdout == (
        "tiny: already published as version 1; missing files restored: 1\n"
    )
    assert run("tiny", "--verify", 1).returncode == 0


def test_verifying_what_does_not_exist_could_not_be_run(run, package):
    run("tiny")
    assert "it has version 1" in refused(run("tiny", "--verify", 2))


@pytest.mark.parametrize("arguments", [(), ("--verify", "1"), ("tiny", "--verify", "0")])
def test_wrong_usage_ends_with_2(run, arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert "Usage:" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_teaches_with_an_example(run):
    done = run("--help")
    assert done.returncode == 0
    assert "Example: python scripts/publish.py image_classifier" in done.stdout
