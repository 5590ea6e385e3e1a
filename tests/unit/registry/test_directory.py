"""The directory store: the contract, processes beside each other, and disks that are full."""

import errno
import os
import shutil
import stat
import string
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.errors import Conflict, RegistryError, StorageFull
from slipway.registry.directory import DirectoryStore
from slipway.registry.store import Absent, Match
from tests.store_contract import StoreContract


@pytest.fixture
def root(tmp_path):
    return tmp_path / "registry"


@pytest.fixture
def store(root):
    return DirectoryStore(root)


class TestContract(StoreContract):
    """Every store's tests, for this one."""


def everything(root):
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


@settings(deadline=None)  # it writes files
@given(st.text(alphabet=string.ascii_letters + "./\\-_ ~:\0", max_size=12))
def test_nothing_is_ever_written_outside(key):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "outer" / "registry"
        root.mkdir(parents=True)
        try:
            DirectoryStore(root).write(key, b"x", Absent())
        except RegistryError:
            assert list(Path(folder).rglob("*")) == [root.parent, root]
        else:
            assert (root / key).read_bytes() == b"x"
            assert [p for p in Path(folder).rglob("*") if p.is_file()] == [root / key]


def test_of_many_writers_one_is_first(store, root):
    def write(number):
        try:
            store.write("a/b", str(number).encode(), Absent())
        except Conflict:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        winners = [number for number in pool.map(write, range(32)) if number is not None]
    assert store.read("a/b").data == str(*winners).encode()
    assert everything(root) == ["a/b"]


def test_no_change_is_lost_between_many_writers(store):
    store.write("counter", b"0")

    def increment(_):
        while True:
            seen = store.read("counter")
            try:
                store.write("counter", str(int(seen.data) + 1).encode(), Match(seen.etag))
            except Conflict:
                continue
            return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(increment, range(20)))
    assert store.read("counter").data == b"20"


def test_nothing_is_created_before_the_first_write(store, root):
    assert not store.exists("a")
    assert list(store.list("")) == []
    assert not root.exists()


def fill_disk_when_flushing_files(monkeypatch):
    """fsync may say that a delayed allocation did not succeed; directories always have room."""
    fsync = os.fsync

    def full(descriptor):
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)


@pytest.mark.parametrize("condition", [None, Absent()])
def test_a_full_disk_leaves_nothing_of_a_write(store, root, monkeypatch, condition):
    fill_disk_when_flushing_files(monkeypatch)
    with pytest.raises(StorageFull, match="a/b"):
        store.write("a/b", b"x", condition)
    assert set(everything(root)) <= {".lock"}


def test_a_full_disk_leaves_what_was_there(store, root, monkeypatch):
    etag = store.write("a", b"old")
    fill_disk_when_flushing_files(monkeypatch)
    with pytest.raises(StorageFull):
        store.write("a", b"new", Match(etag))
    monkeypatch.undo()
    assert store.read("a").data == b"old"
    assert set(everything(root)) <= {".lock", "a"}


def test_a_full_disk_leaves_nothing_of_an_upload(store, root, tmp_path, monkeypatch):
    def copy_half(source, target):
        Path(target).write_bytes(Path(source).read_bytes()[:2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), target)

    (tmp_path / "source").write_bytes(b"four")
    monkeypatch.setattr(shutil, "copyfile", copy_half)
    with pytest.raises(StorageFull, match="Free space"):
        store.upload("blob", tmp_path / "source")
    assert everything(root) == []


def test_a_full_disk_leaves_the_target_of_a_download(store, tmp_path, monkeypatch):
    def copy_half(source, target, _size):
        target.write(source.read()[:2])
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    store.write("blob", b"four")
    (tmp_path / "target").write_bytes(b"before")
    monkeypatch.setattr(shutil, "copyfileobj", copy_half)
    with pytest.raises(StorageFull, match="target"):
        store.download("blob", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["target"]


def test_a_store_that_cannot_be_written_says_so_in_a_line(store, root):
    root.mkdir()
    (root / "models").write_bytes(b"a file where a directory should be")
    for condition in (None, Absent()):
        with pytest.raises(RegistryError, match=r"cannot write models/m/1.*Check that") as caught:
            store.write("models/m/1", b"x", condition)
        assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_permission_says_so(store, root):
    root.mkdir()
    root.chmod(0o500)
    try:
        with pytest.raises(RegistryError, match="Permission denied"):
            store.write("a/b", b"x")
    finally:
        root.chmod(0o700)


def test_a_file_is_no_store(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RegistryError, match="it is a file"):
        DirectoryStore(tmp_path / "file")
