"""The package: a Triton model folder, a golden request, and `artefact.json` that describes both."""

import platform
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from slipway import contract
from slipway.artefact import ARTEFACT_FILE, Artefact, FileEntry
from slipway.build.evaluate import Evaluation
from slipway.build.export import MODEL_FILE
from slipway.build.step import versions
from slipway.build.triton_config import LABELS_FILE, as_json, model_config, write_config
from slipway.files import readable_json
from slipway.recipe import ModelFolder, Split
from slipway.tensors import Array, Golden

GOLDEN_ROWS = 2
"""Two: a batch, so that an answer that mixes rows up is noticed."""


def package(
    folder: ModelFolder,
    *,
    evaluation: Evaluation,
    optimised: Path,
    holdout: Split,
    reference: Mapping[str, Array],
    target: Path,
) -> None:
    """Fill `target` with everything that is published; `artefact.json` comes last."""
    model = target / contract.MODEL_FOLDER
    version = model / contract.PACKAGED_VERSION
    version.mkdir(parents=True)
    shutil.copyfile(optimised, version / MODEL_FILE)
    config = model_config(folder.name, folder.recipe)
    write_config(config, model / contract.CONFIG_FILE)
    labels = [label for spec in folder.recipe.outputs for label in spec.labels]
    if labels:
        (model / LABELS_FILE).write_text("".join(f"{label}\n" for label in labels))
    golden = Golden(
        inputs={name: array[:GOLDEN_ROWS] for name, array in holdout.inputs.items()},
        outputs={name: array[:GOLDEN_ROWS] for name, array in reference.items()},
        tolerance=folder.recipe.parity,
    )
    (target / contract.GOLDEN_FILE).write_bytes(readable_json(golden.to_json()))
    artefact = Artefact(
        model=folder.name,
        title=folder.recipe.title,
        files=tuple(
            FileEntry.of(target, path) for path in sorted(target.rglob("*")) if path.is_file()
        ),
        serving=as_json(config),
        metric=evaluation.metric,
        parity=evaluation.parity,
        built_with=built_with(),
        git_revision=git_revision(folder.path),
    )
    (target / ARTEFACT_FILE).write_bytes(readable_json(artefact.to_json()))


def built_with() -> dict[str, str]:
    """The software that decides what a build gives."""
    libraries = versions("torch", "onnx", "onnxscript", "onnxruntime", "numpy", "tritonclient")
    return {
        "slipway": contract.SLIPWAY_VERSION,
        "python": platform.python_version(),
        **libraries,
    }


def git_revision(folder: Path) -> str:
    """The commit that holds `folder`, with `-dirty` where files differ; `unknown` outside git."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],  # noqa: S607 - the user's own git
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.strip()
