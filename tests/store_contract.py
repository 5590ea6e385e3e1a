"""What every store must do. Each adapter's tests subclass it and give the fixture `store`."""

import pytest

from slipway.errors import Conflict, NotFound, RegistryError
from slipway.registry.store import Absent, Match

CLIMBING = ["../x", "a/../../x", "/etc/passwd", "a//b", "", ".", "a/.", "a\\..\\b", "a\0", "a/",
            ".lock", "a b", "x" * 201, "é"]  # fmt: skip


class StoreContract:
    def test_what_is_written_is_read_with_the_tag_of_the_write(self, store):
        etag = store.write("a/b.json", b"one")
        assert store.read("a/b.json").data == b"one"
        assert store.read("a/b.json").etag == etag

    def test_other_content_has_another_tag(self, store):
        assert store.write("a", b"one") != store.write("a", b"two")

    def test_what_is_not_there_is_not_found(self, store, tmp_path):
        store.write("folder/x", b"")
        for key in ("x", "folder"):
            with pytest.raises(NotFound, match=key):
                store.read(key)
            with pytest.raises(NotFound, match=key):
                store.download(key, tmp_path / "target")
            assert not store.exists(key)
        assert not (tmp_path / "target").exists()

    def test_absent_writes_once(self, store):
        store.write("a", b"one", Absent())
        with pytest.raises(Conflict):
            store.write("a", b"two", Absent())
        assert store.read("a").data == b"one"

    def test_match_writes_only_over_what_was_read(self, store):
        first = store.write("a", b"one")
        second = store.write("a", b"two", Match(first))
        with pytest.raises(Conflict):
            store.write("a", b"three", Match(first))
        assert store.read("a").data == b"two"
        assert store.read("a").etag == second

    def test_match_of_what_has_gone_is_a_conflict(self, store):
        with pytest.raises(Conflict):
            store.write("a", b"one", Match(store.write("b", b"")))
        assert not store.exists("a")

    def test_a_file_goes_up_and_comes_down(self, store, tmp_path):
        content = bytes(range(256)) * 1000
        (tmp_path / "source").write_bytes(content)
        assert store.upload("blobs/x", tmp_path / "source")
        (tmp_path / "target").write_bytes(b"what was there before")
        store.download("blobs/x", tmp_path / "target")
        assert (tmp_path / "target").read_bytes() == content
        assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
            "source",
            "target",
        ]

    def test_content_that_is_there_is_not_sent_again(self, store, tmp_path):
        store.write("blob", b"first")
        (tmp_path / "source").write_bytes(b"other")
        assert not store.upload("blob", tmp_path / "source")
        assert store.read("blob").data == b"first"

    def test_content_of_another_size_is_replaced(self, store, tmp_path):
        store.write("blob", b"trunc")
        (tmp_path / "source").write_bytes(b"truncated")
        assert store.upload("blob", tmp_path / "source")
        assert store.read("blob").data == b"truncated"

    def test_a_file_that_is_not_there_is_said(self, store, tmp_path):
        with pytest.raises(RegistryError, match="No such file"):
            store.upload("blob", tmp_path / "source")
        assert not store.exists("blob")

    def test_keys_are_listed_below_a_prefix_in_order(self, store):
        for key in ("m/b/2", "m/b/10", "m/a", "m/a-b/1", "n/x"):
            store.write(key, b"")
        assert list(store.list("m/")) == sorted(["m/b/2", "m/b/10", "m/a", "m/a-b/1"])
        assert list(store.list("m/b/")) == ["m/b/10", "m/b/2"]
        assert list(store.list("m/nothing/")) == []
        assert len(list(store.list(""))) == 5

    @pytest.mark.parametrize("key", CLIMBING)
    def test_a_key_that_could_climb_out_is_refused(self, store, tmp_path, key):
        (tmp_path / "source").write_bytes(b"x")
        for call in (
            lambda: store.read(key),
            lambda: store.write(key, b"x"),
            lambda: store.write(key, b"x", Absent()),
            lambda: store.upload(key, tmp_path / "source"),
            lambda: store.download(key, tmp_path / "target"),
            lambda: store.exists(key),
            lambda: list(store.list(f"{key}/")),
        ):
            with pytest.raises(RegistryError, match="refused"):
                call()
        assert list(store.list("")) == []

    def test_a_prefix_ends_with_a_slash(self, store):
        with pytest.raises(RegistryError, match="slash"):
            list(store.list("models"))
