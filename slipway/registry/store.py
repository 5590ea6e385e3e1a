"""Where the registry lives: named content with conditional writes, the little that S3 guarantees.

Two stores keep this contract: a directory (`directory.py`) and an S3 bucket (`s3.py`). A key is a
relative POSIX path, such as `models/digits/1/manifest.json`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from slipway import contract
from slipway.errors import RegistryError

DEFAULT_URL = "build/registry"
"""The store that scripts use where $SLIPWAY_STORE is not set."""

S3_SCHEME = "s3://"

_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._=+@-]{0,199}")
"""No part begins with a dot: neither `..` nor the temporary files of a directory store are keys."""


@dataclass(frozen=True)
class Stored:
    """The content of a key, and the tag by which a later write can say that it has seen it."""

    data: bytes
    etag: str


@dataclass(frozen=True)
class Absent:
    """Write only where nothing is yet."""


@dataclass(frozen=True)
class Match:
    """Write only over the content that has this tag."""

    etag: str


Condition = Absent | Match | None
"""None writes in any case."""


class Store(Protocol):
    """Content by key. Every write is whole or does not happen; all methods may run in threads.

    Beside the errors named below, every method raises `RegistryError` where the key is refused or
    the store cannot be reached, and writes raise `StorageFull`.
    """

    @property
    def url(self) -> str:
        """What `open_store` opened, for messages."""
        ...

    def read(self, key: str) -> Stored:
        """Raises `NotFound`."""
        ...

    def write(self, key: str, data: bytes, condition: Condition = None) -> str:
        """Write small content and return its tag. Raises `Conflict` where the condition fails.

        After a lost connection the answer may be `Conflict` although this very write arrived: the
        transport tried again and met its own content. Callers compare before they give up.
        """
        ...

    def upload(self, key: str, path: Path) -> bool:
        """Store a file's content, which the key must identify; whether anything was written.

        Content that is there with the same size is taken for the same; another size is a damaged
        copy and is replaced.
        """
        ...

    def download(self, key: str, path: Path) -> None:
        """Write content to `path` when all of it has come. The caller verifies what it is.

        Raises `NotFound`, and `StorageFull` about the disk of `path`.
        """
        ...

    def exists(self, key: str) -> bool: ...

    def list(self, prefix: str) -> Iterator[str]:
        """The keys below a prefix, which is empty or ends with a slash, in alphabetical order."""
        ...


def open_store(url: str) -> Store:
    """The store at a directory or `s3://bucket[/prefix]`. Nothing is read or created yet."""
    if url.startswith(S3_SCHEME):
        return _open_s3(url)
    if not url or "://" in url:
        raise RegistryError(
            f"{url!r} is not a store",
            why="a store is a directory or s3://bucket[/prefix]",
            mend=f"Give --store or set {contract.ENV_STORE}.",
        )
    from slipway.registry.directory import DirectoryStore  # noqa: PLC0415 - it imports this module

    return DirectoryStore(Path(url))


def _open_s3(url: str) -> Store:
    bucket, _, prefix = url.removeprefix(S3_SCHEME).partition("/")
    prefix = prefix.strip("/")
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
        raise RegistryError(
            f"{url!r} is not a store",
            why=f"S3 has no bucket named {bucket!r}",
            mend="Write s3://bucket or s3://bucket/prefix.",
        )
    try:
        from slipway.registry.s3 import S3Store  # noqa: PLC0415 - boto3, only where S3 is used
    except ModuleNotFoundError as error:
        raise RegistryError(
            f"{url} cannot be opened",
            why=f"{error.name} is not installed",
            mend="Install slipway[node].",
        ) from error
    return S3Store(bucket, check_prefix(f"{prefix}/") if prefix else "")


def check_key(key: str) -> str:
    """The key, or `RegistryError` where it could lead anywhere but below the store's root."""
    if len(key) > 900 or not all(_PART.fullmatch(part) for part in key.split("/")):
        raise RegistryError(
            f"The key {key[:120]!r} is refused",
            why="its parts are 1 to 200 letters, digits and _-.=+@, and none begins with a dot",
        )
    return key


def check_prefix(prefix: str) -> str:
    """A prefix of keys: empty, or a key followed by a slash."""
    if prefix:
        if not prefix.endswith("/"):
            raise RegistryError(f"The prefix {prefix!r} is refused", why="it must end with a slash")
        check_key(prefix[:-1])
    return prefix
