"""Bring a version from the registry to this machine: whole and verified, or not at all."""

import json
import shutil
import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from slipway import contract
from slipway.artefact import FileEntry
from slipway.errors import IntegrityError, NotFound
from slipway.files import hard_link, readable_json, sha256_of, staged_file, staged_folder
from slipway.progress import Progress, silent
from slipway.registry.manifest import Manifest
from slipway.registry.store import Store

PARALLEL = 8
MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True)
class Content:
    """The verified content on this machine.

    blobs/<sha256>                 a file of any version, verified when it came
    versions/<model>/<version>/    the files of one version (hard links to blobs) and its manifest
    """

    root: Path

    def blob(self, sha256: str) -> Path:
        return self.root / "blobs" / sha256

    def version(self, model: str, version: int) -> Path:
        return self.root / "versions" / model / str(version)

    def sync(self, store: Store, manifest: Manifest, progress: Progress = silent) -> Path:
        """The folder of a version, fetched unless it is here. Blobs come in parallel.

        `progress` gets bytes, with a note that is every file's own in all of the registry.

        Raises `IntegrityError` when a blob is missing or is not what the manifest says, and
        `StorageFull`; what came whole stays for the next try, the version's folder does not appear.
        """
        folder = self.version(manifest.model, manifest.version)
        if folder.is_dir():
            return folder
        files = manifest.artefact.files
        lock, total, done = threading.Lock(), manifest.artefact.size, 0

        def fetch(entry: FileEntry) -> None:
            nonlocal done
            self._fetch(store, entry)
            with lock:
                done += entry.size
                progress(done, total, f"{manifest.model}/{manifest.version}/{entry.path}")

        with ThreadPoolExecutor(PARALLEL, thread_name_prefix="sync") as pool:
            for _ in pool.map(fetch, {entry.sha256: entry for entry in files}.values()):
                pass
        with staged_folder(folder) as staged:
            for entry in files:
                path = staged / entry.path
                path.parent.mkdir(parents=True, exist_ok=True)
                hard_link(self.blob(entry.sha256), path)
            (staged / MANIFEST_FILE).write_bytes(readable_json(manifest.to_json()))
        return folder

    def _fetch(self, store: Store, entry: FileEntry) -> None:
        blob = self.blob(entry.sha256)
        if blob.is_file() and _holds(blob, entry):
            return
        with staged_file(blob) as staged:
            try:
                store.download(contract.blob_key(entry.sha256), staged)
            except NotFound as error:
                raise IntegrityError(
                    f"The content of '{entry.path}' is missing in the registry",
                    why=f"there is no blob {entry.sha256[:12]} in {store.url}",
                    mend="Publish the model again; its blobs are completed.",
                ) from error
            if not _holds(staged, entry):
                raise IntegrityError(
                    f"The content of '{entry.path}' is damaged in the registry",
                    why=f"blob {entry.sha256[:12]} has {staged.stat().st_size} of {entry.size} "
                    "bytes or another hash",
                    mend="Remove that blob and publish the model again.",
                )

    def manifest(self, model: str, version: int) -> Manifest:
        """The manifest of a version that is here."""
        path = self.version(model, version) / MANIFEST_FILE
        return Manifest.from_json(json.loads(path.read_bytes()))

    def prune(self, keep: Collection[tuple[str, int]]) -> None:
        """Remove every version but those named, and the blobs that none of these uses."""
        for folder in (self.root / "versions").glob("*/[0-9]*"):
            if (folder.parent.name, int(folder.name)) not in keep:
                shutil.rmtree(folder)
        used = {e.sha256 for version in keep for e in self.manifest(*version).artefact.files}
        for blob in (self.root / "blobs").glob("[0-9a-f]*"):
            if blob.name not in used:
                blob.unlink()


def _holds(path: Path, entry: FileEntry) -> bool:
    return path.stat().st_size == entry.size and sha256_of(path) == entry.sha256
