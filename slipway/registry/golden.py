"""The golden request of what is released: the question whose right answer is known."""

import json
from pathlib import Path

from slipway import contract
from slipway.errors import IntegrityError, NotFound
from slipway.golden import Golden
from slipway.registry.releases import read_release
from slipway.registry.store import open_store
from slipway.registry.versions import read_manifest


def released_golden(store: str, environment: str, model: str) -> Golden:
    """Of the version that `environment` points at. `RegistryError` where there is none."""
    opened = open_store(store)
    release = read_release(opened, environment, model)
    manifest = read_manifest(opened, model, release.version)
    entry = next(e for e in manifest.artefact.files if e.path == contract.GOLDEN_FILE)
    return _parse(opened.read(contract.blob_key(entry.sha256)).data, entry.path)


def read_golden(path: Path) -> Golden:
    """From a file, as a build leaves it beside the model."""
    try:
        return _parse(path.read_bytes(), str(path))
    except OSError as error:
        raise NotFound(f"There is no golden request in {path}", why=str(error.strerror)) from error


def _parse(data: bytes, source: str) -> Golden:
    try:
        return Golden.from_json(json.loads(data))
    except ValueError as error:
        raise IntegrityError(f"{source} is not JSON", why=str(error)) from error
