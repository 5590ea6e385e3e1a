"""A step of the line: its result is a folder named by the hash of all that decides its content."""

import importlib.metadata
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.files import canonical_json, sha256_of, sha256_of_bytes, staged_folder

IN_PLACE_OF = {"onnxruntime": "onnxruntime-gpu"}
"""Distributions that others can be installed in place of: the same library, built for more."""

LATEST = "latest"
"""A link beside the folders of a step, to the one that was last asked for."""

Work = Callable[[Path], None]


@dataclass(frozen=True)
class Step:
    """A finished step. `key` is the hash of all that decides `folder`'s content."""

    name: str
    key: str
    folder: Path
    reused: bool
    seconds: float


@dataclass(frozen=True)
class Workspace:
    """Where the steps of one model keep their results: `<root>/models/<model>/<step>/<key>/`."""

    root: Path
    model: str

    def step(self, name: str) -> Path:
        return self.root / "models" / self.model / name

    def run(self, name: str, ingredients: Mapping[str, Any], work: Work) -> Step:
        """Do the work once for each set of ingredients (JSON values).

        `work` fills a new folder that becomes the result only when it returns; whatever interrupts
        it leaves nothing behind.
        """
        started = time.perf_counter()
        key = key_of(name, ingredients)
        folder = self.step(name) / key
        reused = folder.is_dir()
        if not reused:
            with staged_folder(folder) as staged:
                work(staged)
        _point(folder.parent / LATEST, key)
        return Step(name, key, folder, reused, time.perf_counter() - started)


def key_of(name: str, ingredients: Mapping[str, Any]) -> str:
    """16 hexadecimal digits of the SHA-256 over a step's name and ingredients."""
    return sha256_of_bytes(canonical_json([name, ingredients]))[:16]


def _point(link: Path, key: str) -> None:
    if link.is_symlink() and str(link.readlink()) == key:
        return
    beside = link.with_name(f".{link.name}.{key}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    beside.symlink_to(key)
    beside.replace(link)


def hashes(files: Iterable[Path]) -> list[str]:
    """The content of source files, as an ingredient."""
    return [sha256_of(path) for path in files]


def tree(path: Path) -> dict[str, str]:
    """The files of a folder (or one file) by their names in it, as an ingredient."""
    if path.is_file():
        return {path.name: sha256_of(path)}
    files = (file for file in sorted(path.rglob("*")) if file.is_file())
    return {file.relative_to(path).as_posix(): sha256_of(file) for file in files}


def versions(*distributions: str) -> dict[str, str]:
    """The installed versions of libraries, as ingredients and for the record."""
    return {name: _version(name) for name in distributions}


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        if distribution not in IN_PLACE_OF:
            raise
        other = IN_PLACE_OF[distribution]
        return f"{importlib.metadata.version(other)} ({other})"
