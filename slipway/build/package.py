"""The package: a Triton model folder, a golden request, and `artefact.json` that describes both."""

import platform
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tritonclient.grpc.model_config_pb2 import ModelConfig

from slipway import contract
from slipway.artefact import ARTEFACT_FILE, Artefact, FileEntry
from slipway.build.evaluate import Evaluation
from slipway.build.export import MODEL_FILE
from slipway.build.step import versions
from slipway.build.triton_config import (
    LABELS_FILE,
    NETWORK,
    TOKENIZER,
    as_json,
    configurations,
    write_config,
)
from slipway.dataset import Split
from slipway.files import readable_json
from slipway.folder import ModelFolder
from slipway.tensors import Array, Golden

TOKENIZER_FILE = "tokenizer.json"
ENSEMBLE_NOTE = "ensemble.txt"
GOLDEN_ROWS = 2
"""Two: a batch, so that an answer that mixes rows up is noticed."""


def package(
    folder: ModelFolder,
    *,
    evaluation: Evaluation,
    optimised: Path,
    tokenizer: Path | None,
    holdout: Split,
    reference: Mapping[str, Array],
    target: Path,
) -> None:
    """Fill `target` with everything that is published; `artefact.json` comes last."""
    configs = configurations(folder.name, folder.recipe)
    files = {NETWORK: {MODEL_FILE: optimised}}
    if tokenizer:
        files[TOKENIZER] = {TOKENIZER_FILE: tokenizer}
    labels = [label for spec in folder.recipe.outputs for label in spec.labels]
    model = target / contract.MODEL_FOLDER
    if configs.steps:
        _write_model(model, configs.model, {}, labels)
        for step, config in configs.steps.items():
            of_step = labels if step == NETWORK else []
            _write_model(target / contract.STEPS_FOLDER / step, config, files[step], of_step)
    else:
        _write_model(model, configs.model, files[NETWORK], labels)
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
        serving=as_json(configs.model),
        metric=evaluation.metric,
        parity=evaluation.parity,
        built_with=built_with(),
        git_revision=git_revision(folder.path),
    )
    (target / ARTEFACT_FILE).write_bytes(readable_json(artefact.to_json()))


def _write_model(
    model: Path, config: ModelConfig, files: Mapping[str, Path], labels: Sequence[str]
) -> None:
    """A Triton model folder: configuration, labels, and the one version with its files."""
    version = model / contract.PACKAGED_VERSION
    version.mkdir(parents=True)
    for name, source in files.items():
        shutil.copyfile(source, version / name)
    if not files:
        (version / ENSEMBLE_NOTE).write_text("An ensemble has no files. Triton wants the folder.\n")
    write_config(config, model / contract.CONFIG_FILE)
    if labels:
        (model / LABELS_FILE).write_text("".join(f"{label}\n" for label in labels))


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
