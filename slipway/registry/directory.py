"""A registry in a directory: for one machine, or a file system that several share."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slipway.errors import Conflict, NotFound, RegistryError
from slipway.files import sha256_of_bytes, staged_file, storage_errors
from slipway.registry.store import Absent, Condition, Match, Stored, check_key, check_prefix

LOCK_FILE = ".lock"


class DirectoryStore:
    """Keys are paths below `root`; a tag is the SHA-256 of the content.

    Content is made beside its place, flushed to the device, and then named: a crash at any point
    leaves a whole file or none. "Only if absent" is `link`, which fails where a name exists;
    "only if unchanged" compares and replaces under a lock on `root/.lock`.
    """

    def __init__(self, root: Path) -> None:
        if root.exists() and not root.is_dir():
            raise RegistryError(
                f"{root} is not a store",
                why="it is a file",
                mend="Give a directory or s3://bucket[/prefix].",
            )
        self._root = root

    @property
    def url(self) -> str:
        return str(self._root)

    def read(self, key: str) -> Stored:
        path = self._path(key)
        with self._errors(f"read {key}"), _found(key, self.url):
            data = path.read_bytes()
        return Stored(data, sha256_of_bytes(data))

    def write(self, key: str, data: bytes, condition: Condition = None) -> str:
        path = self._path(key)
        with self._errors(f"write {key}"):
            match condition:
                case Absent():
                    self._create(path, data, key)
                case _:
                    with self._lock():
                        self._replace(path, data, key, condition)
        return sha256_of_bytes(data)

    def upload(self, key: str, path: Path) -> bool:
        target = self._path(key)
        with self._errors(f"upload {path} as {key}"):
            if target.is_file() and target.stat().st_size == path.stat().st_size:
                return False
            with staged_file(target) as staged:
                shutil.copyfile(path, staged)
                _flush(staged)
            _flush(target.parent)
        return True

    def download(self, key: str, path: Path) -> None:
        source = self._path(key)
        with self._errors(f"download {key} to {path}"):
            with _found(key, self.url):
                content = source.open("rb")
            with content, staged_file(path) as staged, staged.open("wb") as target:
                shutil.copyfileobj(content, target, 1 << 20)

    def exists(self, key: str) -> bool:
        path = self._path(key)
        with self._errors(f"look for {key}"):
            return path.is_file()

    def list(self, prefix: str) -> Iterator[str]:
        """Raises only when iterated. Leaves out what is no key, such as temporary files."""
        top = self._root / check_prefix(prefix)
        with self._errors(f"list {prefix}"):
            yield from sorted(
                (Path(folder) / name).relative_to(self._root).as_posix()
                for folder, _, names in os.walk(top, onerror=_unless_absent)
                for name in names
                if not name.startswith(".")
            )

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    def _create(self, path: Path, data: bytes, key: str) -> None:
        with _temporary(path, data) as staged:
            try:
                os.link(staged, path)
            except FileExistsError as error:
                raise Conflict(
                    f"{key} is there already", why=f"somebody else wrote it first in {self.url}"
                ) from error
        _flush(path.parent)

    def _replace(self, path: Path, data: bytes, key: str, condition: Match | None) -> None:
        if condition is not None:
            now = sha256_of_bytes(path.read_bytes()) if path.is_file() else ""
            if now != condition.etag:
                raise Conflict(
                    f"{key} is not what was read", why=f"somebody else changed it in {self.url}"
                )
        with _temporary(path, data) as staged:
            staged.replace(path)
        _flush(path.parent)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One writer at a time, among threads and processes; the lock goes when its holder dies."""
        self._root.mkdir(parents=True, exist_ok=True)
        with (self._root / LOCK_FILE).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        """The one place where the operating system's errors become the registry's."""
        try:
            with storage_errors(f"{doing} in {self.url}"):
                yield
        except OSError as error:
            raise RegistryError(
                f"The store {self.url} cannot {doing}",
                why=f"{error.strerror or error}"
                + (f" ({error.filename})" if error.filename else ""),
                mend="Check that the directory is there and that you may read and write it.",
            ) from error


@contextmanager
def _found(key: str, url: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise NotFound(f"There is no {key} in {url}") from error


@contextmanager
def _temporary(path: Path, data: bytes) -> Iterator[Path]:
    """A flushed file beside `path` that holds `data`; gone at the end unless it was renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    staged = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        staged.chmod(0o644)
        _flush(staged)
        yield staged
    finally:
        staged.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Wait until a file's content, or a directory's names, are on the device."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unless_absent(error: OSError) -> None:
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        raise error
