"""The files of any revision of a checkout, in a folder of their own."""

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from slipway.errors import StackError


@contextmanager
def checked_out(root: Path, revision: str) -> Iterator[Path]:
    """The files of `root` as they were at `revision`: a branch, tag or commit.

    They are taken from an archive that git makes, so the repository is only read and nothing stays
    behind. Raises `StackError` where there is no such revision, or no repository.
    """
    commit = resolve(root, revision)
    archive = _git(root, "archive", "--format=tar", commit)
    with TemporaryDirectory(prefix="slipway-revision-") as name:
        folder = Path(name).resolve()
        with tarfile.open(fileobj=BytesIO(archive)) as files:
            _extract(files, folder, revision)
        yield folder


def _extract(files: tarfile.TarFile, folder: Path, revision: str) -> None:
    try:
        files.extractall(folder, filter="data")
    except tarfile.FilterError as outside:
        raise StackError(
            f"The files of '{revision}' cannot be laid out in a folder of their own",
            why=str(outside),
            mend="Let no link that git keeps lead out of the checkout.",
        ) from outside


def resolve(root: Path, revision: str) -> str:
    """The commit that a revision means."""
    _executable()
    try:
        found = _git(
            root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        )
    except StackError as failed:
        inside = _known(root)
        raise StackError(
            f"There is no revision '{revision}'",
            why="git knows no branch, tag or commit of this name here"
            if inside
            else f"{root} is in no git repository",
            mend=f"In a shallow clone, fetch it first: git fetch origin {revision}"
            if inside
            else "",
        ) from failed
    return found.decode().strip()


def _known(root: Path) -> bool:
    try:
        _git(root, "rev-parse", "--git-dir")
    except StackError:
        return False
    return True


def _executable() -> str:
    git = shutil.which("git")
    if git is None:
        raise StackError("There is no git", why="no folder of PATH has it", mend="Install git.")
    return git


def _git(root: Path, *arguments: str) -> bytes:
    done = subprocess.run(
        [_executable(), "-C", str(root), *arguments], capture_output=True, check=False
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise StackError(f"git {arguments[0]} failed", why=said or f"code {done.returncode}")
    return done.stdout
