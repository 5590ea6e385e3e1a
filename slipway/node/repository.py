"""The model repository as Triton sees it: a view of verified versions, changed file by file.

    repository/<name>/config.pbtxt     of the newest listed version, with the list as its policy
    repository/<name>/<version>        link to versions/<model>/<version>/model/1

A version's folder never changes its content, because Triton reloads a version only when its files
are newer than those it saw: a folder swapped for an older one is answered with "loaded" and ignored
(measured on 2.51).
"""

from dataclasses import dataclass
from pathlib import Path

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as pb

from slipway import contract
from slipway.errors import NodeError
from slipway.files import write_whole
from slipway.node.sync import Content


@dataclass(frozen=True)
class ModelRepository:
    """Triton's `--model-repository`, made of links into `content`."""

    root: Path
    content: Content

    def expose(self, model: str, versions: tuple[int, ...], name: str | None = None) -> None:
        """Show `versions` of a model, under another `name` if one is given.

        The configuration comes from the last of `versions`; nothing happens in Triton before it is
        told to load. Versions that are shown no longer stay as links until `tidy`.
        """
        view = self.root / (name or model)
        view.mkdir(parents=True, exist_ok=True)
        for version in versions:
            link = view / str(version)
            if not link.is_symlink():
                source = self._packaged(model, version) / contract.PACKAGED_VERSION
                link.symlink_to(source.resolve(), target_is_directory=True)
        packaged = self._packaged(model, versions[-1])
        for path in sorted(packaged.rglob("*")):
            inside = path.relative_to(packaged)
            if path.is_file() and inside.parts[0] not in (
                contract.PACKAGED_VERSION,
                contract.CONFIG_FILE,
            ):
                write_whole(view / inside, path.read_bytes())
        config = self.config(model, versions[-1])
        config.name = name or model
        config.version_policy.Clear()
        config.version_policy.specific.versions.extend(sorted(versions))
        write_whole(view / contract.CONFIG_FILE, text_format.MessageToString(config).encode())

    def tidy(self, name: str, versions: tuple[int, ...]) -> None:
        """Remove the links of versions that are not served any more; all of them for none."""
        view = self.root / name
        keep = {str(version) for version in versions}
        for link in view.glob("[0-9]*"):
            if link.name not in keep:
                link.unlink()
        if not versions:
            for path in sorted(view.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            view.rmdir()

    def compatible(self, model: str, one: int, other: int) -> bool:
        """Whether two versions can share one configuration, as versions of a model must."""
        return bool(self.config(model, one) == self.config(model, other))

    def config(self, model: str, version: int) -> pb.ModelConfig:
        """The packaged configuration of a version. Raises `NodeError` when it cannot be read."""
        path = self._packaged(model, version) / contract.CONFIG_FILE
        try:
            return text_format.Parse(path.read_text(), pb.ModelConfig())
        except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
            raise NodeError(
                f"The Triton configuration of {model} version {version} cannot be read",
                why=str(error),
                mend="Build and publish the model again.",
            ) from error

    def _packaged(self, model: str, version: int) -> Path:
        return self.content.version(model, version) / contract.MODEL_FOLDER
