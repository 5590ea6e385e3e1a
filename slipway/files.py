"""Files that are either whole or absent, and what they hash to."""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slipway.errors import StorageFull

CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content, read in chunks of 1 MiB."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> bytes:
    """One byte sequence per value: sorted keys, no spaces, NaN refused. For hashing."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def readable_json(value: Any) -> bytes:
    """For files that people read as well."""
    return (json.dumps(value, indent=2, allow_nan=False) + "\n").encode()


@contextmanager
def storage_errors(doing: str) -> Iterator[None]:
    """Turn "no space left" and "quota exceeded" into `StorageFull`; leave every other error."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise StorageFull(
            f"No space left while {doing}",
            why=str(error.filename or error.strerror),
            mend="Free space there and run the same command again; nothing was half written.",
        ) from error


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """A new folder beside `target` that becomes `target` when the block ends well.

    Whatever ends the block early (an error, Ctrl-C) removes the new folder and leaves `target` as
    it was. Should another process have made `target` meanwhile, its folder stays and ours goes:
    callers use names that say what the content is, so both hold the same.
    """
    with storage_errors(f"writing {target}"):
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            staged.chmod(0o755)
            yield staged
            try:
                staged.rename(target)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
        finally:
            if staged.exists():
                shutil.rmtree(staged)


@contextmanager
def staged_file(target: Path) -> Iterator[Path]:
    """A path beside `target` to write to; it replaces `target` at once when the block ends well."""
    if target.is_dir():
        said = "That is a folder, give the name of a file"
        raise IsADirectoryError(errno.EISDIR, said, str(target))
    with storage_errors(f"writing {target}"):
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        os.close(descriptor)
        staged = Path(name)
        try:
            staged.chmod(0o644)
            yield staged
            staged.replace(target)
        finally:
            staged.unlink(missing_ok=True)


def write_whole(target: Path, data: bytes) -> None:
    """Write `data` so that a reader sees the old content or the new, never a part."""
    with staged_file(target) as staged:
        staged.write_bytes(data)


def hard_link(source: Path, target: Path) -> None:
    """The same content under another name, without its bytes once more where that can be had."""
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)
