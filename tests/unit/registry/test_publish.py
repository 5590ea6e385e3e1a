"""Publishing: whole or not at all, one number each, whoever else publishes meanwhile."""

import errno
import os
import tempfile
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway import contract
from slipway.errors import Conflict, IntegrityError, StorageFull
from slipway.registry.directory import DirectoryStore
from slipway.registry.publish import AlreadyPublished, Published, publish
from slipway.registry.store import open_store
from slipway.registry.versions import Intact, read_manifest, verify, versions
from tests.factories import packaged_model
from tests.interleaving import Turns, Watched


@pytest.fixture
def store(tmp_path):
    return DirectoryStore(tmp_path / "registry")


@pytest.fixture
def package(tmp_path):
    packaged_model(tmp_path / "package")
    return tmp_path / "package"


def make_package(folder, content):
    packaged_model(folder, files={"model/1/model.onnx": content})
    return folder


def whole(store, version, model="tiny"):
    return all(isinstance(result, Intact) for result in verify(store, model, version))


def stored(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


PATHS = st.from_regex(r"model/1/[a-z_]{1,8}(/[a-z]{1,3}\.bin)?", fullmatch=True)


@settings(max_examples=30, deadline=None)
@given(files=st.dictionaries(PATHS, st.binary(max_size=64), max_size=6))
def test_any_set_of_files_comes_back_as_it_was(files):
    files = {p: d for p, d in files.items() if not any(q.startswith(f"{p}/") for q in files)}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        artefact = packaged_model(root / "package", files=files)
        store = DirectoryStore(root / "registry")
        outcome = publish(store, root / "package")
        assert isinstance(outcome, Published)
        assert outcome.manifest == read_manifest(store, "tiny", 1)
        assert outcome.manifest.artefact == artefact
        for entry in outcome.manifest.artefact.files:
            content = store.read(contract.blob_key(entry.sha256)).data
            assert content == (root / "package" / entry.path).read_bytes()
        assert whole(store, 1)


def test_the_number_is_one_more_than_the_highest(store, tmp_path):
    numbers = [
        publish(store, make_package(tmp_path / str(n), bytes([n]))).manifest.version
        for n in range(3)
    ]
    assert numbers == [1, 2, 3]
    (tmp_path / "registry/models/tiny/2/manifest.json").unlink()
    outcome = publish(store, make_package(tmp_path / "next", b"next"))
    assert outcome.manifest.version == 4


def test_the_same_files_are_the_same_version(store, package, tmp_path):
    first = publish(store, package)
    publish(store, make_package(tmp_path / "other", b"other"))
    before = {path: (tmp_path / "registry" / path).stat() for path in stored(tmp_path / "registry")}
    again = publish(store, package)
    assert again == AlreadyPublished(first.manifest, restored=0)
    after = {path: (tmp_path / "registry" / path).stat() for path in stored(tmp_path / "registry")}
    assert [(p, s.st_mtime_ns) for p, s in after.items()] == [
        (p, s.st_mtime_ns) for p, s in before.items()
    ]


def test_content_that_is_missing_is_put_back(store, package, tmp_path):
    manifest = publish(store, package).manifest
    key = contract.blob_key(manifest.artefact.files[0].sha256)
    (tmp_path / "registry" / key).unlink()
    assert publish(store, package) == AlreadyPublished(manifest, restored=1)
    assert whole(store, 1)


def test_the_manifest_is_written_last(store, package):
    calls = []
    publish(Watched(store, lambda name, key: calls.append((name, key))), package)
    writes = [key for name, key in calls if name in ("write", "upload")]
    assert writes[-1] == "models/tiny/1/manifest.json"
    assert all(key.startswith("blobs/") for key in writes[:-1])
    assert len(writes) == 4


def test_progress_counts_bytes_to_the_end(store, package):
    seen = []
    publish(store, package, lambda done, total, note="": seen.append((done, total)))
    size = read_manifest(store, "tiny", 1).artefact.size
    assert seen[0] == (0, size)
    assert seen[-1] == (size, size)
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.write_bytes(b"WEIGHTS"), "SHA-256 is another"),
        (lambda path: path.write_bytes(b"weig"), "4 bytes instead of 7"),
        (lambda path: path.unlink(), "No such file"),
    ],
)
def test_a_spoilt_file_is_refused_before_anything_is_written(store, package, tmp_path, spoil, why):
    spoil(package / "model/1/model.onnx")
    with pytest.raises(IntegrityError, match=f"model.onnx is not what was packaged: .*{why}"):
        publish(store, package)
    assert not (tmp_path / "registry").exists()


def test_an_artefact_that_climbs_out_is_refused(store, package):
    text = (package / "artefact.json").read_text()
    (package / "artefact.json").write_text(text.replace("model/1/model.onnx", "../../etc/passwd"))
    with pytest.raises(IntegrityError, match="is refused"):
        publish(store, package)


def test_a_folder_that_is_no_package_is_refused(store, tmp_path):
    with pytest.raises(IntegrityError, match=r"artefact.json cannot be read"):
        publish(store, tmp_path)


def test_a_version_that_cannot_be_read_keeps_nobody_from_publishing(store, package, tmp_path):
    publish(store, make_package(tmp_path / "other", b"other"))
    (tmp_path / "registry/models/tiny/1/manifest.json").write_bytes(b"{")
    assert publish(store, package).manifest.version == 2


def fill_at(step, count):
    """Raise "no space left" at the `step`-th write; `count` holds how many there were."""

    def before(name, key):
        if name in ("write", "upload"):
            count.append(key)
            if len(count) == step:
                raise StorageFull(f"No space left while writing {key}")

    return before


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_a_store_that_fills_up_gets_no_version(store, package, tmp_path, step):
    with pytest.raises(StorageFull):
        publish(Watched(store, fill_at(step, [])), package)
    assert versions(store, "tiny") == []
    assert all(path.startswith("blobs/") for path in stored(tmp_path / "registry"))
    assert publish(store, package).manifest.version == 1
    assert whole(store, 1)


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_a_disk_that_fills_up_gets_no_version_and_keeps_no_part(
    store, package, tmp_path, monkeypatch, step
):
    """As above, with the operating system's own error, at the `step`-th file that is flushed."""
    fsync, flushed, lock = os.fsync, [], threading.Lock()

    def full(descriptor):
        if Path(f"/proc/self/fd/{descriptor}").is_file():
            with lock:
                flushed.append(descriptor)
                if len(flushed) >= step:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull):
        publish(store, package)
    monkeypatch.undo()
    assert versions(store, "tiny") == []
    left = stored(tmp_path / "registry")
    assert len(left) == step - 1
    assert all(path.startswith("blobs/") and "/." not in path for path in left)
    assert publish(store, package).manifest.version == 1
    assert whole(store, 1)


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("step", range(9))
def test_another_publisher_between_any_two_calls(store, package, tmp_path, step, same):
    """The other one publishes from start to end just before the `step`-th call of the first."""
    other = make_package(tmp_path / "other", b"weights" if same else b"other")
    calls, outcomes, lock = [], [], threading.Lock()

    def before(name, key):
        with lock:
            calls.append(name)
            if len(calls) - 1 == step:
                outcomes.append(publish(store, other))

    outcomes.append(publish(Watched(store, before), package))
    if step >= len(calls):
        outcomes.append(publish(store, other))
    numbers = {outcome.manifest.version for outcome in outcomes}
    assert len(outcomes) == 2
    assert numbers == ({1} if same else {1, 2})
    assert versions(store, "tiny") == sorted(numbers)
    assert all(whole(store, number) for number in numbers)
    assert sum(isinstance(outcome, Published) for outcome in outcomes) == len(numbers)


@settings(max_examples=30, deadline=None)
@given(
    schedule=st.lists(st.integers(0, 2), max_size=24),
    contents=st.lists(st.sampled_from([b"a", b"b", b"c"]), min_size=3, max_size=3),
)
def test_publishers_interleaved_in_any_order_share_no_number_and_lose_nothing(schedule, contents):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        store = DirectoryStore(root / "registry")
        turns = Turns(schedule, players=3)

        def run(player):
            package = make_package(root / str(player), contents[player])
            try:
                return publish(Watched(store, lambda _name, _key: turns.take(player)), package)
            finally:
                turns.finish(player)

        with ThreadPoolExecutor(3) as pool:
            outcomes = list(pool.map(run, range(3)))
        numbers = {}
        for content, outcome in zip(contents, outcomes, strict=True):
            numbers.setdefault(content, set()).add(outcome.manifest.version)
        assert all(len(found) == 1 for found in numbers.values())
        assert versions(store, "tiny") == list(range(1, len(set(contents)) + 1))
        assert sum(isinstance(o, Published) for o in outcomes) == len(set(contents))
        assert all(whole(store, number) for number in versions(store, "tiny"))


def publish_some(url, folder, publisher):
    """Publish five packages of its own; runs in another process."""
    return [
        publish(
            open_store(url),
            make_package(Path(folder) / f"{publisher}-{n}", f"{publisher} {n}".encode()),
        ).manifest.version
        for n in range(5)
    ]


def test_processes_that_publish_at_once_get_a_number_each(tmp_path):
    url = str(tmp_path / "registry")
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(publish_some, url, str(tmp_path), publisher) for publisher in "abc"]
        numbers = [number for future in running for number in future.result()]
    assert sorted(numbers) == list(range(1, 16))
    assert versions(open_store(url), "tiny") == list(range(1, 16))


def test_a_store_that_never_lets_anybody_through_ends_in_an_error(store, package):
    def refuse(name, key):
        if name == "write":
            raise Conflict(f"{key} is being written")

    with pytest.raises(Conflict, match="Run the same command again"):
        publish(Watched(store, refuse), package)
    assert versions(store, "tiny") == []
