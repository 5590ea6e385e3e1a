"""The packaged model: what `build` writes, the registry publishes and a node serves."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from slipway import contract
from slipway.engines import EngineSpec
from slipway.errors import IntegrityError
from slipway.files import canonical_json, sha256_of, sha256_of_bytes
from slipway.variants import Study

ARTEFACT_FILE = "artefact.json"


@dataclass(frozen=True)
class FileEntry:
    """A file of a version: its path inside the version (POSIX, relative), bytes, and SHA-256."""

    path: str
    size: int
    sha256: str

    def __post_init__(self) -> None:
        path = PurePosixPath(self.path)
        if (
            not path.parts
            or path.is_absolute()
            or ".." in path.parts
            or str(path) != self.path
            or any(c in self.path for c in "\\\0:")
        ):
            raise IntegrityError(
                f"The path {self.path!r} is refused",
                why="a manifest may only name files inside its own folder",
                mend="Do not use this version; publish the model again.",
            )
        if self.size < 0 or len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef"):
            raise IntegrityError(
                f"The entry of {self.path!r} is refused",
                why="size must not be negative and sha256 must be 64 hexadecimal digits",
            )

    @classmethod
    def of(cls, root: Path, path: Path) -> "FileEntry":
        return cls(path.relative_to(root).as_posix(), path.stat().st_size, sha256_of(path))


@dataclass(frozen=True)
class MetricResult:
    """The metric on held-out data, of the very file that is packaged.

    `floor` is the most that is allowed where `lower_is_better`. `baseline` is what something
    simpler, named by `baseline_name`, reaches on the same data; None where it was not computed.
    `figures` are others of the same answers, by their names.
    """

    name: str
    value: float
    floor: float
    examples: int
    lower_is_better: bool = False
    baseline: float | None = None
    baseline_name: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)

    def reaches(self, value: float) -> bool:
        """Whether a value of this metric is as good as the recipe asks for."""
        return value <= self.floor if self.lower_is_better else value >= self.floor

    @property
    def reached(self) -> bool:
        return self.reaches(self.value)

    @property
    def lead(self) -> float | None:
        """The relative advantage over the baseline: 0.1 is ten per cent better."""
        if self.baseline is None:
            return None
        if not self.baseline:
            return -math.inf if self.lower_is_better else math.inf
        ratio = self.value / self.baseline
        return 1 - ratio if self.lower_is_better else ratio - 1


@dataclass(frozen=True)
class ParityResult:
    """The largest absolute difference between two forms of the model on a batch of some size."""

    reference: str
    form: str
    batch: int
    difference: float
    tolerance: float


@dataclass(frozen=True)
class Artefact:
    """A packaged model, without a version yet.

    `serving` is Triton's ModelConfig as JSON. `built_with` maps a library to its version. `engines`
    are offered to servers with a GPU, the best first. `study` is what the variant that is packaged
    was chosen by; None where none was compared, and it is the ONNX file as exported.
    """

    model: str
    title: str
    files: tuple[FileEntry, ...]
    serving: Mapping[str, Any]
    metric: MetricResult
    parity: tuple[ParityResult, ...]
    built_with: Mapping[str, str]
    git_revision: str
    engines: tuple[EngineSpec, ...] = ()
    study: Study | None = None

    def __post_init__(self) -> None:
        paths = [entry.path for entry in self.files]
        missing = {contract.MODEL_FOLDER + contract.CONFIG_FILE, contract.GOLDEN_FILE} - set(paths)
        if missing or len(set(paths)) != len(paths):
            raise IntegrityError(
                f"The file list of '{self.model}' is refused",
                why=f"it lacks {', '.join(sorted(missing))}"
                if missing
                else "it names a path twice",
            )
        absent = {engine.source for engine in self.engines} - set(paths)
        if absent:
            raise IntegrityError(
                f"An engine of '{self.model}' is refused",
                why=f"it is built from {', '.join(sorted(absent))}, which the version lacks",
            )

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the model's name, its files and the engines that it offers: equal artefacts
        are the same version.
        """
        files = sorted((entry.path, entry.sha256) for entry in self.files)
        offered = [asdict(engine) for engine in self.engines]
        # Versions that offer none keep the fingerprint that they were published with.
        return sha256_of_bytes(canonical_json([self.model, files, *([offered] if offered else [])]))

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files)

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": contract.SCHEMA,
            "fingerprint": self.fingerprint,
            **asdict(self),
            "study": self.study and self.study.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Artefact":
        """Raises `IntegrityError` on anything that is not an artefact of a known schema."""
        try:
            if value["schema"] != contract.SCHEMA:
                raise IntegrityError(
                    f"The schema {value['schema']!r} is not known",
                    why=f"this Slipway reads schema {contract.SCHEMA}",
                    mend="Upgrade Slipway here, or publish with this one.",
                )
            artefact = cls(
                model=value["model"],
                title=value["title"],
                files=tuple(FileEntry(**entry) for entry in value["files"]),
                serving=value["serving"],
                metric=MetricResult(**value["metric"]),
                parity=tuple(ParityResult(**result) for result in value["parity"]),
                built_with=value["built_with"],
                git_revision=value["git_revision"],
                engines=tuple(EngineSpec.from_json(each) for each in value.get("engines", ())),
                study=Study.from_json(study) if (study := value.get("study")) else None,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise IntegrityError(
                "This is not an artefact", why=f"{type(error).__name__}: {error}"
            ) from error
        if artefact.fingerprint != value["fingerprint"]:
            raise IntegrityError(
                f"The file list of '{artefact.model}' does not match its fingerprint",
                mend="Publish the model again.",
            )
        return artefact


def read_artefact(folder: Path) -> Artefact:
    """Read `artefact.json` of a packaged model. Raises `IntegrityError`."""
    path = folder / ARTEFACT_FILE
    try:
        return Artefact.from_json(json.loads(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise IntegrityError(
            f"{path} cannot be read", why=str(error), mend="Run scripts/build.py for this model."
        ) from error
