import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.artefact import Artefact, FileEntry, MetricResult, ParityResult
from slipway.errors import IntegrityError

HASH = "ab" * 32


def artefact(*paths, sha256=HASH):
    return Artefact(
        model="tiny",
        title="Tiny",
        files=tuple(FileEntry(p, 3, sha256) for p in ("model/config.pbtxt", "golden.json", *paths)),
        serving={"max_batch_size": 8},
        metric=MetricResult("accuracy", 0.9, 0.8, 10),
        parity=(ParityResult("pytorch", "onnx", 1, 1e-6, 1e-4),),
        built_with={"torch": "2"},
        git_revision="abc",
    )


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "a/../../x",
        "/etc/passwd",
        "",
        ".",
        "a//b",
        "a/./b",
        "a\\b",
        "c:x",
        "a\0b",
        "a/..",
        "./a",
    ],
)
def test_a_path_that_could_leave_its_folder_is_refused(path):
    with pytest.raises(IntegrityError, match="refused"):
        FileEntry(path, 1, HASH)


@given(path=st.text(max_size=12))
def test_a_path_that_is_let_through_stays_inside(path, tmp_path_factory):
    root = tmp_path_factory.getbasetemp()
    try:
        entry = FileEntry(path, 1, HASH)
    except IntegrityError:
        return
    assert (root / entry.path).parent.is_relative_to(root)
    assert ".." not in (root / entry.path).parts


@pytest.mark.parametrize(("size", "sha256"), [(-1, HASH), (1, HASH[1:]), (1, "AB" * 32)])
def test_an_entry_needs_a_size_and_a_hash(size, sha256):
    with pytest.raises(IntegrityError):
        FileEntry("a", size, sha256)


def test_json_holds_everything_and_the_fingerprint_guards_the_list():
    one = artefact("model/1/model.onnx")
    value = one.to_json()
    assert Artefact.from_json(value) == one
    value["files"][0]["sha256"] = "cd" * 32
    with pytest.raises(IntegrityError, match="fingerprint"):
        Artefact.from_json(value)


def test_equal_content_is_the_same_version_whatever_else_is_said_of_it():
    assert artefact("a", "b").fingerprint == artefact("b", "a").fingerprint
    assert artefact("a").fingerprint != artefact("b").fingerprint
    assert artefact("a").fingerprint != artefact("a", sha256="cd" * 32).fingerprint


@pytest.mark.parametrize(
    "change", [{"schema": 99}, {"files": 3}, {"metric": {}}, {"model": None, "files": []}]
)
def test_what_is_no_artefact_is_refused(change):
    with pytest.raises(IntegrityError):
        Artefact.from_json({**artefact().to_json(), **change})


def test_a_list_without_configuration_or_with_a_path_twice_is_refused():
    with pytest.raises(IntegrityError, match="twice"):
        artefact("a", "a")
    with pytest.raises(IntegrityError, match=r"lacks golden\.json"):
        Artefact.from_json({**artefact().to_json(), "files": artefact().to_json()["files"][:1]})
