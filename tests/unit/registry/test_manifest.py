"""A manifest is what was written, or it is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import IntegrityError
from slipway.registry.manifest import Manifest
from tests.factories import packaged_model

CREATED = "2031-05-06T07:08:09Z"


@pytest.fixture(scope="module")
def artefact(tmp_path_factory):
    return packaged_model(tmp_path_factory.mktemp("package"))


@pytest.fixture
def value(artefact):
    return json.loads(json.dumps(Manifest("tiny", 3, CREATED, artefact).to_json()))


def test_it_is_one_flat_object(value, artefact):
    assert list(value)[:4] == ["schema", "model", "version", "created"]
    assert value["files"][0] == {
        "path": "golden.json",
        "size": 2,
        "sha256": artefact.files[0].sha256,
    }
    assert value["fingerprint"] == artefact.fingerprint


@given(version=st.integers(min_value=1))
def test_it_comes_back_as_it_was(artefact, version):
    manifest = Manifest("tiny", version, CREATED, artefact)
    data = json.dumps(manifest.to_json()).encode()
    assert Manifest.parse(data, f"models/tiny/{version}/manifest.json") == manifest


@pytest.mark.parametrize("version", [0, -1, True, "1", 1.0, None])
def test_a_version_is_a_whole_number_from_1(value, version):
    with pytest.raises(IntegrityError, match="whole numbers"):
        Manifest.from_json({**value, "version": version})


@pytest.mark.parametrize("created", ["yesterday", "2031-05-06 07:08:09", None, 5])
def test_a_time_has_one_form(value, created):
    with pytest.raises(IntegrityError, match="UTC"):
        Manifest.from_json({**value, "created": created})


def test_another_schema_is_refused(value):
    with pytest.raises(IntegrityError, match="schema 99 is not known"):
        Manifest.from_json({**value, "schema": 99})


@pytest.mark.parametrize("field", ["schema", "model", "version", "created", "files", "metric"])
def test_nothing_may_be_missing(value, field):
    del value[field]
    with pytest.raises(IntegrityError, match=field):
        Manifest.from_json(value)


def test_a_file_that_climbs_out_is_refused(value):
    value["files"][0]["path"] = "../outside"
    with pytest.raises(IntegrityError, match=r"'\.\./outside' is refused"):
        Manifest.from_json(value)


def test_a_changed_file_list_is_refused(value):
    value["files"][0]["sha256"] = "0" * 64
    with pytest.raises(IntegrityError, match="fingerprint"):
        Manifest.from_json(value)


@pytest.mark.parametrize("key", ["models/tiny/4/manifest.json", "models/other/3/manifest.json"])
def test_a_manifest_in_another_place_is_refused(value, key):
    with pytest.raises(IntegrityError, match="manifest of version 3 of 'tiny'"):
        Manifest.parse(json.dumps(value).encode(), key)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff", b"1"])
def test_what_is_no_manifest_is_refused(data):
    with pytest.raises(IntegrityError, match=r"models/tiny/3/manifest.json cannot be used"):
        Manifest.parse(data, "models/tiny/3/manifest.json")


def test_it_describes_the_model_it_is_of(artefact):
    with pytest.raises(IntegrityError, match="describes 'tiny'"):
        Manifest("other", 1, CREATED, artefact)
