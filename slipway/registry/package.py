"""Where a build leaves the packaged model that is to be published."""

from pathlib import Path

from slipway.artefact import read_artefact
from slipway.errors import NotFound, RegistryError
from slipway.registry.versions import nearest


def find_package(workspace: Path, model: str) -> Path:
    """The newest package of a model below the build workspace. Raises `NotFound`."""
    root = workspace / "models"
    package = root / model / "package" / "latest"
    if not package.is_dir():
        built = sorted(path.parents[1].name for path in root.glob("*/package/latest"))
        raise NotFound(
            f"There is no package of '{model}' in {root}",
            why=f"{package} does not exist"
            if model in built
            else nearest(model, built, empty="nothing is built there"),
            mend="Build it with scripts/build.py.",
        )
    return package


def require_model(package: Path, model: str) -> None:
    """Raises `RegistryError` where a folder holds another model than the one that was named."""
    found = read_artefact(package).model
    if found != model:
        raise RegistryError(
            f"{package} is not a package of '{model}'",
            why=f"it holds '{found}'",
            mend="Name that model, or give another --folder.",
        )
