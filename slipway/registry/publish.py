"""Publish a packaged model: its content first, and then, at once and for ever, a version."""

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from slipway import contract
from slipway.artefact import Artefact, FileEntry, read_artefact
from slipway.errors import Conflict, IntegrityError, NotFound
from slipway.files import readable_json, sha256_of
from slipway.progress import Progress, silent
from slipway.registry.clock import utc_now
from slipway.registry.manifest import Manifest
from slipway.registry.store import Absent, Store
from slipway.registry.versions import read_manifest, versions

PARALLEL = 4
"""Files at once; an S3 store splits a large file into parallel ranges on top of it."""

ATTEMPTS = 100
"""Each but the last is lost to another publisher's version, so this many mean a broken store."""


@dataclass(frozen=True)
class Published:
    """A new version."""

    manifest: Manifest


@dataclass(frozen=True)
class AlreadyPublished:
    """The same files are a version already. `restored` counts content that had to be put back."""

    manifest: Manifest
    restored: int = 0


def publish(
    store: Store, folder: Path, progress: Progress = silent
) -> Published | AlreadyPublished:
    """Make a packaged model the next version of its model, unless it is one.

    A version exists once its manifest does, so what ends this early leaves at most content that no
    version names. Raises `IntegrityError` before anything is written when a file is not what
    `artefact.json` says. `progress` counts bytes.
    """
    folder = folder.resolve()  # `latest` may be pointed elsewhere while this runs
    artefact = read_artefact(folder)
    for entry in artefact.files:
        _check(folder / entry.path, entry)
    written = _upload(store, folder, artefact, progress)
    numbers = versions(store, artefact.model)
    with ThreadPoolExecutor(PARALLEL) as pool:
        existing = list(pool.map(lambda number: _same(store, artefact, number), numbers))
    for manifest in reversed(existing):
        if manifest:
            return AlreadyPublished(manifest, restored=written)
    return _number(store, artefact, first=numbers[-1] + 1 if numbers else 1)


def _same(store: Store, artefact: Artefact, number: int) -> Manifest | None:
    """The manifest of a version, if it has these very files.

    One that cannot be read is not the same: it must not keep anybody from publishing anew.
    """
    try:
        manifest = read_manifest(store, artefact.model, number)
    except IntegrityError:
        return None
    return manifest if manifest.artefact.fingerprint == artefact.fingerprint else None


def _number(store: Store, artefact: Artefact, first: int) -> Published | AlreadyPublished:
    """Write the manifest under the first number that nobody has taken."""
    number = first
    for _ in range(ATTEMPTS):
        manifest = Manifest(artefact.model, number, utc_now(), artefact)
        try:
            store.write(manifest.key, readable_json(manifest.to_json()), Absent())
        except Conflict:
            try:
                taken = _same(store, artefact, number)
            except NotFound:
                continue  # two writers met, and the other one did not get through either
            if taken:
                return AlreadyPublished(taken)
            number += 1
        else:
            return Published(manifest)
    raise Conflict(
        f"'{artefact.model}' was not published in {store.url}",
        why=f"each of {ATTEMPTS} attempts met another publisher, the last at version {number}",
        mend="Run the same command again.",
    )


def _check(path: Path, entry: FileEntry) -> None:
    try:
        size = path.stat().st_size
        wrong = (
            f"it has {size} bytes instead of {entry.size}"
            if size != entry.size
            else ""
            if sha256_of(path) == entry.sha256
            else "its SHA-256 is another"
        )
    except OSError as error:
        wrong = error.strerror or str(error)
    if wrong:
        raise IntegrityError(
            f"{path} is not what was packaged",
            why=wrong,
            mend="Nothing was published. Remove the package's folder and run scripts/build.py.",
        )


def _upload(store: Store, folder: Path, artefact: Artefact, progress: Progress) -> int:
    """Bring every file's content into the store; how many were not there."""
    blobs = {entry.sha256: entry for entry in artefact.files}
    total = sum(entry.size for entry in blobs.values())
    done = written = 0
    progress(0, total, f"{len(blobs)} files")

    def upload(entry: FileEntry) -> bool:
        return store.upload(contract.blob_key(entry.sha256), folder / entry.path)

    pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="publish")
    try:
        running = {pool.submit(upload, entry): entry for entry in blobs.values()}
        for future in as_completed(running):
            written += future.result()
            done += running[future].size
            progress(done, total, running[future].path)
    finally:  # an error or Ctrl-C: finish what runs, begin nothing more
        pool.shutdown(cancel_futures=True)
    return written
