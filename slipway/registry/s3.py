"""A registry in an S3 bucket, or in another service that speaks S3 (AWS_ENDPOINT_URL_S3).

boto3 brings credentials, region, endpoint, retries and the checksums of every transfer.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from slipway import contract
from slipway.errors import Conflict, NotFound, RegistryError
from slipway.files import staged_file, storage_errors
from slipway.registry.store import (
    S3_SCHEME,
    Absent,
    Condition,
    Match,
    Stored,
    check_key,
    check_prefix,
)

MEBI = 1 << 20

CONNECTIONS = 32
"""Several transfers run at once, each with `TRANSFER.max_concurrency` connections."""

CLIENT = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=CONNECTIONS,
)

TRANSFER = TransferConfig(
    # One connection to S3 gives some 100 MB/s: a large file is read and written in ranges at once.
    multipart_threshold=16 * MEBI,
    multipart_chunksize=16 * MEBI,
    max_concurrency=8,
    # The CRT client that "auto" picks on some instances reads neither `CLIENT` nor its retries.
    preferred_transfer_client="classic",
)

_ABSENT = {"404", "NoSuchKey", "NotFound"}
_CONFLICT = {"412", "PreconditionFailed", "409", "ConditionalRequestConflict"}
_DENIED = {"401", "403", "AccessDenied", "AllAccessDisabled"}
_CREDENTIALS = {
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
}
_REGION = {"301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
           "PermanentRedirect"}  # fmt: skip


class S3Store:
    """Keys are objects below `prefix`, which is empty or ends with a slash; tags are S3's ETags."""

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self._bucket = bucket
        self._prefix = check_prefix(prefix)
        with self._errors("be opened"):
            # The default session would keep the first credentials for the whole process.
            region = os.environ.get(contract.ENV_REGION)
            self._client = boto3.Session(region_name=region).client("s3", config=CLIENT)

    @property
    def url(self) -> str:
        return f"{S3_SCHEME}{self._bucket}/{self._prefix}".rstrip("/")

    def read(self, key: str) -> Stored:
        with self._errors(f"read {key}", key):
            answer = self._client.get_object(**self._object(key))
            return Stored(answer["Body"].read(), answer["ETag"])

    def write(self, key: str, data: bytes, condition: Condition = None) -> str:
        unless: dict[str, str] = {}
        match condition:
            case Absent():
                unless = {"IfNoneMatch": "*"}
            case Match(etag):
                unless = {"IfMatch": etag}
        try:
            with self._errors(f"write {key}", key):
                answer = self._client.put_object(**self._object(key), Body=data, **unless)
        except NotFound as error:  # what S3 says to IfMatch where the object has gone
            raise Conflict(
                f"{key} is not what was read", why=f"somebody else removed it from {self.url}"
            ) from error
        return str(answer["ETag"])

    def upload(self, key: str, path: Path) -> bool:
        there = self._size(key)
        with self._errors(f"upload {path} as {key}", key):
            if there == path.stat().st_size:
                return False
            self._client.upload_file(str(path), **self._object(key), Config=TRANSFER)
        return True

    def download(self, key: str, path: Path) -> None:
        where = self._object(key)
        with (
            self._errors(f"download {key} to {path}", key),
            staged_file(path) as staged,
            staged.open("wb") as file,
        ):
            self._client.download_fileobj(**where, Fileobj=file, Config=TRANSFER)

    def exists(self, key: str) -> bool:
        return self._size(key) is not None

    def list(self, prefix: str) -> Iterator[str]:
        below = self._prefix + check_prefix(prefix)
        pages = self._client.get_paginator("list_objects_v2")
        with self._errors(f"list {prefix}"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=below):
                for found in page.get("Contents", ()):
                    yield found["Key"].removeprefix(self._prefix)

    def _object(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + check_key(key)}

    def _size(self, key: str) -> int | None:
        """Bytes of an object; None where there is none."""
        try:
            with self._errors(f"look for {key}", key):
                return int(self._client.head_object(**self._object(key))["ContentLength"])
        except NotFound:
            return None

    @contextmanager
    def _errors(self, doing: str, key: str = "") -> Iterator[None]:
        """The one place where errors of boto3 and of the local disk become the registry's."""
        try:
            with storage_errors(f"transferring {key}"):
                yield
        except botocore.exceptions.ClientError as error:
            raise self._refusal(error, doing, key) from error
        except Boto3Error as error:
            # The transfer manager puts the service's answer behind an error of its own.
            refusal = error.__context__
            if not isinstance(refusal, botocore.exceptions.ClientError):
                raise RegistryError(f"{self.url} cannot {doing}", why=str(error)) from error
            raise self._refusal(refusal, doing, key) from error
        except botocore.exceptions.BotoCoreError as error:
            raise RegistryError(
                f"{self.url} cannot {doing}", why=str(error), mend=_mend(error)
            ) from error
        except OSError as error:
            raise RegistryError(f"{self.url} cannot {doing}", why=str(error)) from error

    def _refusal(
        self, error: botocore.exceptions.ClientError, doing: str, key: str
    ) -> RegistryError:
        """What S3's answer means here."""
        answer: dict[str, Any] = error.response
        code = str(answer.get("Error", {}).get("Code", ""))
        said = answer.get("Error", {}).get("Message") or code
        if code in _ABSENT:
            return NotFound(f"There is no {key} in {self.url}")
        if code in _CONFLICT:
            return Conflict(f"{key} cannot be written", why="somebody else wrote it first")
        mend = ""
        if code == "NoSuchBucket":
            said = f"there is no bucket '{self._bucket}'"
            mend = "Correct the store's name, or create the bucket with the stack."
        elif code in _DENIED:
            said = f"access is denied ({said})"
            mend = (
                "Check which identity is used (aws sts get-caller-identity) and what it may do; "
                "without s3:ListBucket, S3 denies an absent object instead of saying so."
            )
        elif code in _CREDENTIALS:
            mend = "Sign in again; the credentials are not valid, or no longer."
        elif code in _REGION:
            mend = "Set AWS_REGION to the bucket's region."
        return RegistryError(f"{self.url} cannot {doing}", why=said, mend=mend)


def _mend(error: botocore.exceptions.BotoCoreError) -> str:
    """What helps where S3 was not even asked."""
    match error:
        case (
            botocore.exceptions.NoCredentialsError()
            | botocore.exceptions.PartialCredentialsError()
            | botocore.exceptions.CredentialRetrievalError()
            | botocore.exceptions.TokenRetrievalError()
            | botocore.exceptions.SSOError()
        ):
            return "Sign in (aws sso login), or set AWS_PROFILE."
        case botocore.exceptions.ProfileNotFound():
            return "Set AWS_PROFILE to a profile that aws configure list-profiles shows."
        case botocore.exceptions.HTTPClientError() | botocore.exceptions.ConnectionError():
            return "Check the network, AWS_REGION and AWS_ENDPOINT_URL_S3."
        case _:
            return ""
