"""Versions: which there are, and whether their content is whole."""

import pytest

from slipway import contract
from slipway.errors import NotFound
from slipway.registry.directory import DirectoryStore
from slipway.registry.publish import publish
from slipway.registry.versions import (
    Damaged,
    Intact,
    Missing,
    models,
    newest,
    read_manifest,
    verify,
    versions,
)
from tests.factories import packaged_model


@pytest.fixture
def store(tmp_path):
    return DirectoryStore(tmp_path / "registry")


def put(store, folder, model="tiny", content=b"x"):
    packaged_model(folder, model, {"model/1/model.onnx": content})
    return publish(store, folder).manifest


def test_versions_come_in_order_of_number(store, tmp_path):
    for n in range(11):
        put(store, tmp_path / str(n), content=bytes([n]))
    assert versions(store, "tiny") == list(range(1, 12))
    assert newest(store, "tiny") == 11


def test_only_what_has_a_manifest_exists(store):
    for key in ("1/model.onnx", "0/manifest.json", "01/manifest.json", "x/manifest.json",
                "2/deep/manifest.json"):  # fmt: skip
        store.write(f"models/tiny/{key}", b"")
    assert versions(store, "tiny") == []
    assert models(store) == []


def test_models_come_in_alphabetical_order(store, tmp_path):
    put(store, tmp_path / "b", "beta")
    put(store, tmp_path / "a", "alpha")
    assert models(store) == ["alpha", "beta"]


def test_an_unknown_version_names_those_that_exist(store, tmp_path):
    put(store, tmp_path / "1", content=b"1")
    put(store, tmp_path / "2", content=b"2")
    with pytest.raises(NotFound, match=r"no version 9 of 'tiny' in .*: it has versions 1, 2"):
        read_manifest(store, "tiny", 9)


@pytest.mark.parametrize("ask", [lambda s, m: read_manifest(s, m, 1), newest])
def test_an_unknown_model_names_the_nearest(store, tmp_path, ask):
    put(store, tmp_path / "1", "image_classifier")
    with pytest.raises(NotFound, match="the nearest names are image_classifier"):
        ask(store, "image_clasifier")


def test_an_empty_registry_says_that_it_is_empty(store):
    with pytest.raises(NotFound, match="nothing is published there"):
        read_manifest(store, "tiny", 1)


def blob_of(store, manifest, path):
    (entry,) = (e for e in manifest.artefact.files if e.path == path)
    return entry, contract.blob_key(entry.sha256)


def test_whole_content_is_intact(store, tmp_path):
    manifest = put(store, tmp_path / "1")
    assert list(verify(store, "tiny", 1)) == [Intact(entry) for entry in manifest.artefact.files]


def test_a_manifest_that_names_a_missing_blob_is_found(store, tmp_path):
    manifest = put(store, tmp_path / "1")
    entry, key = blob_of(store, manifest, "model/1/model.onnx")
    (tmp_path / "registry" / key).unlink()
    results = list(verify(store, "tiny", 1))
    assert Missing(entry) in results
    assert sum(isinstance(result, Intact) for result in results) == 2


@pytest.mark.parametrize(("content", "why"), [(b"", "0 bytes instead of 1"), (b"y", "SHA-256")])
def test_damaged_content_is_found(store, tmp_path, content, why):
    manifest = put(store, tmp_path / "1")
    entry, key = blob_of(store, manifest, "model/1/model.onnx")
    store.write(key, content)
    (damaged,) = (r for r in verify(store, "tiny", 1) if isinstance(r, Damaged))
    assert damaged.entry == entry
    assert why in damaged.why
