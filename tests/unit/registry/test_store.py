"""Opening a store by its URL."""

import sys

import pytest

from slipway.errors import RegistryError
from slipway.registry.directory import DirectoryStore
from slipway.registry.store import open_store


def test_a_path_is_a_directory_store(tmp_path):
    store = open_store(str(tmp_path / "registry"))
    assert isinstance(store, DirectoryStore)
    assert store.url == str(tmp_path / "registry")


@pytest.mark.parametrize(
    ("url", "opened"),
    [
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/", "s3://bucket"),
        ("s3://my.bucket-1/team/models/", "s3://my.bucket-1/team/models"),
    ],
)
def test_a_bucket_is_an_s3_store(url, opened, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert open_store(url).url == opened


@pytest.mark.parametrize(
    "url", ["", "http://bucket", "s3://", "s3:///x", "s3://Bucket", "s3://ab", "s3://bucket/a/../b"]
)
def test_anything_else_is_refused_in_a_line(url):
    with pytest.raises(RegistryError) as caught:
        open_store(url)
    assert "\n" not in str(caught.value)


def test_without_boto3_only_s3_is_closed(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "slipway.registry.s3", raising=False)
    monkeypatch.setitem(sys.modules, "boto3", None)
    open_store(str(tmp_path))
    with pytest.raises(RegistryError, match=r"boto3 is not installed. Install slipway\[node\]"):
        open_store("s3://bucket")
