"""The model repository as Triton sees it: a view of verified versions, changed file by file.

    repository/<name>/config.pbtxt     of the newest listed version, with the list as its policy
    repository/<name>/<version>        link to versions/<model>/<version>/model/1

and for each step of each version of an ensemble a model of its own (`contract.step_name`):

    repository/<name>__<step>__<version>/...

Where an engine takes the place of a network its version links to engines/<key>/1.

A version's folder never changes its content, because Triton reloads a version only when its files
are newer than those it saw: a folder swapped for an older one is answered with "loaded" and ignored
(measured on 2.51).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as pb

from slipway import contract
from slipway.errors import NodeError
from slipway.files import write_whole
from slipway.node.engines.configuration import Engine, engine_config
from slipway.node.sync import Content


@dataclass(frozen=True)
class ModelRepository:
    """Triton's `--model-repository`, made of links into `content`."""

    root: Path
    content: Content

    def expose(
        self,
        model: str,
        versions: tuple[int, ...],
        name: str | None = None,
        engine: Engine | None = None,
    ) -> None:
        """Show `versions` of a model, under another `name` if one is given, the last as `engine`.

        The configuration comes from the last of `versions`; nothing happens in Triton before it is
        told to load, which for an ensemble loads the steps that changed as well. Versions that are
        shown no longer stay as links until `tidy`.
        """
        name = name or model
        newest = versions[-1]
        config = self.config(model, newest)
        ensemble = config.HasField("ensemble_scheduling")
        for version in versions:
            for step in self._steps(model, version):
                replaced = version == newest and step.name == contract.NETWORK_STEP
                self._show(
                    contract.step_name(name, step.name, version),
                    step,
                    self._read(model, version, step),
                    {version: step / contract.PACKAGED_VERSION},
                    engine if replaced else None,
                )
        packaged = {version: self._packaged(model, version) for version in versions}
        for each in config.ensemble_scheduling.step:
            each.model_name = contract.step_name(name, each.model_name, newest)
            each.model_version = newest
        folders = {v: folder / contract.PACKAGED_VERSION for v, folder in packaged.items()}
        self._show(name, packaged[newest], config, folders, None if ensemble else engine)

    def tidy(self, name: str, versions: Collection[int], steps: Collection[int]) -> None:
        """Remove the links of `versions` that are not served any more; all of them for none.

        Likewise the steps of versions that are not among `steps`.
        """
        for retired in self.steps(name, without=steps):
            self._remove(self.root / retired)
        view = self.root / name
        keep = {str(version) for version in versions}
        for link in view.glob("[0-9]*"):
            if link.name not in keep:
                link.unlink()
        if not versions:
            self._remove(view)

    def steps(self, name: str, without: Collection[int] = ()) -> list[str]:
        """The models in sight that are steps of `name`, but for those of some versions."""
        found = []
        for path in sorted(self.root.glob(f"{name}{contract.STEP_SEPARATOR}*")):
            match = STEP.fullmatch(path.name)
            if match and match["model"] == name and int(match["version"]) not in without:
                found.append(path.name)
        return found

    def compatible(self, model: str, one: int, other: int) -> bool:
        """Whether two versions can share one configuration, as versions of a model must.

        Those of an ensemble cannot: its configuration names the steps of one version.
        """
        config = self.config(model, one)
        ensemble = config.HasField("ensemble_scheduling")
        return not ensemble and bool(config == self.config(model, other))

    def config(self, model: str, version: int) -> pb.ModelConfig:
        """The packaged configuration of a version. Raises `NodeError` when it cannot be read."""
        return self._read(model, version, self._packaged(model, version))

    def _read(self, model: str, version: int, packaged: Path) -> pb.ModelConfig:
        path = packaged / contract.CONFIG_FILE
        try:
            return text_format.Parse(path.read_text(), pb.ModelConfig())
        except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
            raise NodeError(
                f"The Triton configuration of {model} version {version} cannot be read",
                why=str(error),
                mend="Build and publish the model again.",
            ) from error

    def _show(
        self,
        name: str,
        packaged: Path,
        config: pb.ModelConfig,
        versions: dict[int, Path],
        engine: Engine | None,
    ) -> None:
        """Lay out one Triton model; its configuration last."""
        view = self.root / name
        view.mkdir(parents=True, exist_ok=True)
        if engine is not None:
            config = engine_config(config, engine)
            versions = {**versions, max(versions): engine.folder}
        for version, folder in versions.items():
            _link(view / str(version), folder.resolve())
        for path in sorted(packaged.rglob("*")):
            inside = path.relative_to(packaged)
            if path.is_file() and inside.parts[0] not in (
                contract.PACKAGED_VERSION,
                contract.CONFIG_FILE,
            ):
                write_whole(view / inside, path.read_bytes())
        config.name = name
        config.version_policy.Clear()
        config.version_policy.specific.versions.extend(sorted(versions))
        write_whole(view / contract.CONFIG_FILE, text_format.MessageToString(config).encode())

    def _remove(self, view: Path) -> None:
        for path in sorted(view.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        view.rmdir()

    def _packaged(self, model: str, version: int) -> Path:
        return self.content.version(model, version) / contract.MODEL_FOLDER

    def _steps(self, model: str, version: int) -> list[Path]:
        return sorted((self.content.version(model, version) / contract.STEPS_FOLDER).glob("*"))


def _link(link: Path, target: Path) -> None:
    """Point a link at `target`, at once where it pointed elsewhere."""
    if link.is_symlink() and link.readlink() == target:
        return
    fresh = link.with_name(f".{link.name}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target, target_is_directory=True)
    fresh.replace(link)


STEP = re.compile(
    r"(?P<model>.+)"
    + contract.STEP_SEPARATOR
    + r"[a-z0-9]+"
    + contract.STEP_SEPARATOR
    + r"(?P<version>\d+)"
)
