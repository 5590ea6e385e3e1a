"""What several tests make: a packaged model, small and valid."""

from collections.abc import Mapping
from pathlib import Path

from slipway import contract
from slipway.artefact import ARTEFACT_FILE, Artefact, FileEntry, MetricResult, ParityResult
from slipway.engines import EngineSpec
from slipway.files import readable_json

FILES = {"model/1/model.onnx": b"weights"}


def packaged_model(
    folder: Path,
    model: str = "tiny",
    files: Mapping[str, bytes] | None = None,
    engines: tuple[EngineSpec, ...] = (),
) -> Artefact:
    """Write a package as `slipway.build` leaves it: `files`, those every package has, and
    `artefact.json`."""
    content = {
        contract.MODEL_FOLDER + contract.CONFIG_FILE: f'name: "{model}"\n'.encode(),
        contract.GOLDEN_FILE: b"{}",
        **(FILES if files is None else files),
    }
    for path, data in content.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    artefact = Artefact(
        model=model,
        title="A tiny model",
        files=tuple(FileEntry.of(folder, folder / path) for path in sorted(content)),
        serving={"name": model},
        metric=MetricResult("accuracy", 0.98, 0.97, 100),
        parity=(ParityResult("pytorch", "onnx", 2, 1e-6, 1e-4),),
        built_with={"slipway": contract.SLIPWAY_VERSION},
        git_revision="0" * 40,
        engines=engines,
    )
    (folder / ARTEFACT_FILE).write_bytes(readable_json(artefact.to_json()))
    return artefact
