"""The S3 store against a real HTTP server that speaks S3 (moto).

moto looks for an object and writes it in two steps, so among threads its conditional writes are not
atomic as S3's are. Threads that race are tested on the directory store; here others write in
between at a known point.
"""

import errno
import os
import socket

import boto3
import pytest
from botocore.exceptions import ClientError

from slipway import contract
from slipway.errors import Conflict, NotFound, RegistryError, StorageFull
from slipway.registry.publish import AlreadyPublished, Published, publish
from slipway.registry.releases import Released, Unchanged, promote, read_release, roll_back
from slipway.registry.s3 import TRANSFER
from slipway.registry.store import Absent, open_store
from slipway.registry.versions import Intact, Missing, verify, versions
from tests.aws_servers import as_of_aws, forget_all, moto_server
from tests.factories import packaged_model
from tests.interleaving import Watched
from tests.store_contract import StoreContract

URLS = ("s3://registry", "s3://registry/team/models")


@pytest.fixture(scope="module")
def endpoint():
    """moto's server, and boto3 set to it as a person would, apart from this machine's own files."""
    with moto_server() as url, pytest.MonkeyPatch.context() as patch:
        as_of_aws(patch, region="us-east-1")
        patch.setenv(contract.ENV_S3_ENDPOINT, url)
        yield url


@pytest.fixture(scope="module")
def client(endpoint):
    client = boto3.Session().client("s3")
    yield client
    client.close()


@pytest.fixture(scope="module")
def opened(endpoint):
    return {url: open_store(url) for url in URLS}


@pytest.fixture
def bucket(client, endpoint):
    """An empty bucket, through a client of its own."""
    client.create_bucket(Bucket="registry")
    yield client
    forget_all(endpoint)


@pytest.fixture(params=URLS)
def store(request, opened, bucket):
    return opened[request.param]


@pytest.fixture
def plain(opened, bucket):
    return opened[URLS[0]]


@pytest.fixture
def free_port():
    """A port of this machine where nothing listens, kept from others while the test runs."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


class TestContract(StoreContract):
    """Every store's tests, for a bucket and for a prefix in one."""


def test_keys_lie_below_the_prefix(bucket, opened):
    bucket.put_object(Bucket="registry", Key="team/models-of-others/x", Body=b"")
    store = opened["s3://registry/team/models"]
    store.write("a/b", b"x")
    found = bucket.list_objects_v2(Bucket="registry")["Contents"]
    assert [f["Key"] for f in found] == ["team/models-of-others/x", "team/models/a/b"]
    assert list(store.list("")) == ["a/b"]


def test_a_large_file_goes_in_parts_and_comes_in_ranges(bucket, plain, tmp_path):
    content = os.urandom(TRANSFER.multipart_threshold * 2 + 12345)
    (tmp_path / "source").write_bytes(content)
    plain.upload("blob", tmp_path / "source")
    assert bucket.head_object(Bucket="registry", Key="blob")["ETag"].endswith('-3"')
    plain.download("blob", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == content


def test_more_keys_are_listed_than_fit_on_a_page(bucket, plain, monkeypatch):
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")  # S3's pages hold 1,000
    keys = [f"k/{n:02}" for n in range(25)]
    for key in keys:
        bucket.put_object(Bucket="registry", Key=key)
    assert list(plain.list("k/")) == keys


def make_package(folder, content):
    packaged_model(folder, files={"model/1/model.onnx": content})
    return folder


def test_the_line_from_package_to_release(store, tmp_path):
    first, second = (make_package(tmp_path / c, c.encode()) for c in "ab")
    assert isinstance(publish(store, first), Published)
    assert isinstance(publish(store, second), Published)
    assert isinstance(publish(store, first), AlreadyPublished)
    assert versions(store, "tiny") == [1, 2]
    assert all(isinstance(result, Intact) for result in verify(store, "tiny", 2))
    assert isinstance(promote(store, "prod", "tiny", 1), Released)
    assert isinstance(promote(store, "prod", "tiny", 1), Unchanged)
    assert isinstance(promote(store, "prod", "tiny", 2), Released)
    assert roll_back(store, "prod", "tiny").release == read_release(store, "prod", "tiny")
    assert read_release(store, "prod", "tiny").generation == 3


def test_a_missing_blob_is_found(bucket, plain, tmp_path):
    manifest = publish(plain, make_package(tmp_path / "a", b"a")).manifest
    entry = manifest.artefact.files[1]
    bucket.delete_object(Bucket="registry", Key=contract.blob_key(entry.sha256))
    assert Missing(entry) in list(verify(plain, "tiny", 1))


def test_two_publishers_get_two_versions(store, tmp_path):
    first, second = (make_package(tmp_path / c, c.encode()) for c in "ab")
    others = [second]

    def before(name, key):
        if name == "write" and others:
            publish(store, others.pop())

    assert publish(Watched(store, before), first).manifest.version == 2
    assert versions(store, "tiny") == [1, 2]


def test_two_who_promote_do_not_write_over_each_other(store, tmp_path):
    for content in "abc":
        publish(store, make_package(tmp_path / content, content.encode()))
    promote(store, "prod", "tiny", 1)
    others = [2]

    def before(name, key):
        if name == "write" and others:
            promote(store, "prod", "tiny", others.pop())

    with pytest.raises(Conflict, match="points at version 2"):
        promote(Watched(store, before), "prod", "tiny", 3)


def refused(call):
    with pytest.raises(RegistryError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return caught.value


def calls(store, path):
    return (
        lambda: store.read("a"),
        lambda: store.write("a", b"x", Absent()),
        lambda: store.exists("a"),
        lambda: list(store.list("")),
        lambda: store.upload("a", path),
        lambda: store.download("a", path.parent / "target"),
    )


def test_a_bucket_that_does_not_exist_is_named(endpoint, tmp_path):
    (tmp_path / "source").write_bytes(b"x")
    read, write, _, listing, _, _ = calls(open_store("s3://nothing"), tmp_path / "source")
    for call in (read, write, listing):
        error = refused(call)
        assert not isinstance(error, NotFound)
        assert "there is no bucket 'nothing'" in str(error)


def test_without_credentials_it_says_how_to_sign_in(endpoint, tmp_path, monkeypatch):
    (tmp_path / "source").write_bytes(b"x")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for call in calls(open_store("s3://registry"), tmp_path / "source"):
        assert "Sign in" in str(refused(call))
    assert not (tmp_path / "target").exists()


def test_a_profile_that_does_not_exist_is_said(endpoint, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "Set AWS_PROFILE" in str(refused(lambda: open_store("s3://registry")))


def test_an_endpoint_that_does_not_answer_is_said(endpoint, tmp_path, monkeypatch, free_port):
    (tmp_path / "source").write_bytes(b"x")
    monkeypatch.setenv(contract.ENV_S3_ENDPOINT, f"http://127.0.0.1:{free_port}")
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    for call in calls(open_store("s3://registry"), tmp_path / "source"):
        error = str(refused(call))
        assert "AWS_ENDPOINT_URL_S3" in error
        assert str(free_port) in error


def answer(store, operation, code, status):
    """Let the client of `store` meet an answer of the service that moto does not give."""

    def refuse(**_):
        response = {"Error": {"Code": code, "Message": f"said {code}"}}
        raise ClientError({**response, "ResponseMetadata": {"HTTPStatusCode": status}}, operation)

    store._client.meta.events.register(f"before-send.s3.{operation}", refuse)


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("AccessDenied", 403, r"access is denied .*sts get-caller-identity"),
        ("403", 403, r"s3:ListBucket"),
        ("ExpiredToken", 400, "Sign in again"),
        ("InvalidAccessKeyId", 403, "Sign in again"),
        ("SignatureDoesNotMatch", 403, "Sign in again"),
        ("PermanentRedirect", 301, "AWS_REGION"),
        ("SlowDown", 503, "said SlowDown"),
    ],
)
def test_what_the_service_refuses_is_said_in_a_line(bucket, code, status, said):
    store = open_store("s3://registry")
    answer(store, "GetObject", code, status)
    with pytest.raises(RegistryError, match=said) as caught:
        store.read("a")
    assert type(caught.value) is RegistryError


def test_a_refused_upload_is_said_as_well(bucket, tmp_path):
    """The transfer manager wraps the service's answer in an error of its own."""
    (tmp_path / "source").write_bytes(b"x")
    store = open_store("s3://registry")
    answer(store, "PutObject", "AccessDenied", 403)
    with pytest.raises(RegistryError, match="access is denied"):
        store.upload("a", tmp_path / "source")


def test_writers_that_meet_in_flight_conflict(bucket):
    store = open_store("s3://registry")
    answer(store, "PutObject", "ConditionalRequestConflict", 409)
    with pytest.raises(Conflict):
        store.write("a", b"x", Absent())


def test_a_full_disk_leaves_the_target_of_a_download(plain, tmp_path, monkeypatch):
    plain.write("blob", b"four")
    (tmp_path / "target").write_bytes(b"before")

    def full(*_arguments, **_keywords):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("s3transfer.download.IOWriteTask._main", full)
    with pytest.raises(StorageFull, match="target"):
        plain.download("blob", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_the_region_is_taken_from_the_variable_that_boto3_does_not_read(endpoint, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    store = open_store("s3://registry")
    assert store._client.meta.region_name == "eu-central-1"
    store._client.close()
