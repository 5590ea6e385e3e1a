"""The versions of a model: list them, read one, and prove that its content is whole."""

import difflib
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipway import contract
from slipway.artefact import FileEntry
from slipway.errors import NotFound
from slipway.files import sha256_of
from slipway.registry.manifest import Manifest
from slipway.registry.store import Store

_MANIFEST = re.compile(
    re.escape(contract.MODELS) + r"(?P<model>[^/]+)/(?P<version>[1-9][0-9]{0,8})/manifest\.json"
)
_NAMED = 10
"""How many versions a message names; the newest are the likely ones."""


@dataclass(frozen=True)
class Intact:
    """The content is what the manifest says."""

    entry: FileEntry


@dataclass(frozen=True)
class Missing:
    """The registry does not have the content."""

    entry: FileEntry


@dataclass(frozen=True)
class Damaged:
    """The registry has other content under that name."""

    entry: FileEntry
    why: str


Verified = Intact | Missing | Damaged


def versions(store: Store, model: str) -> list[int]:
    """The versions of a model that have a manifest, in ascending order; empty for no such model."""
    found = (_MANIFEST.fullmatch(key) for key in store.list(contract.versions_prefix(model)))
    return sorted(int(match["version"]) for match in found if match)


def models(store: Store) -> list[str]:
    """The models that have a version, in alphabetical order."""
    found = (_MANIFEST.fullmatch(key) for key in store.list(contract.MODELS))
    return sorted({match["model"] for match in found if match})


def read_manifest(store: Store, model: str, version: int) -> Manifest:
    """Raises `NotFound`, which names what there is instead, or `IntegrityError`."""
    key = contract.manifest_key(model, version)
    try:
        data = store.read(key).data
    except NotFound as error:
        raise no_version(store, model, version) from error
    return Manifest.parse(data, key)


def newest(store: Store, model: str) -> int:
    """The highest version of a model. Raises `NotFound`."""
    numbers = versions(store, model)
    if not numbers:
        raise _no_model(store, model)
    return numbers[-1]


def verify(store: Store, model: str, version: int) -> Iterator[Verified]:
    """Fetch every file of a version, one at a time, and compare size and SHA-256."""
    manifest = read_manifest(store, model, version)
    with tempfile.TemporaryDirectory(prefix="slipway-verify-") as folder:
        for entry in manifest.artefact.files:
            yield _verify(store, entry, Path(folder) / "content")


def _verify(store: Store, entry: FileEntry, path: Path) -> Verified:
    try:
        store.download(contract.blob_key(entry.sha256), path)
    except NotFound:
        return Missing(entry)
    size = path.stat().st_size
    if size != entry.size:
        return Damaged(entry, f"{size} bytes instead of {entry.size}")
    if sha256_of(path) != entry.sha256:
        return Damaged(entry, "the size is right, the SHA-256 is not")
    return Intact(entry)


def no_version(store: Store, model: str, version: int) -> NotFound:
    """The error for a version that does not exist, with those that do."""
    numbers = versions(store, model)
    if not numbers:
        return _no_model(store, model)
    named = ", ".join(map(str, numbers[-_NAMED:]))
    return NotFound(
        f"There is no version {version} of '{model}' in {store.url}",
        why=f"it has {'version' if len(numbers) == 1 else 'versions'} "
        + ("... " if len(numbers) > _NAMED else "")
        + named,
    )


def _no_model(store: Store, model: str) -> NotFound:
    return NotFound(
        f"There is no model '{model}' in {store.url}",
        why=nearest(model, models(store), empty="nothing is published there"),
        mend="Publish it with scripts/publish.py.",
    )


def nearest(name: str, names: Sequence[str], *, empty: str) -> str:
    """The part of a message that says which names are close, or all of them."""
    if not names:
        return empty
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
    return f"the nearest names are {', '.join(near)}" if near else f"it has {', '.join(names)}"
