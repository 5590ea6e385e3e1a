"""The package: Triton model folders, a golden request, and `artefact.json` that describes them."""

import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slipway import contract
from slipway.artefact import ARTEFACT_FILE, Artefact, FileEntry
from slipway.build.engine import Engine
from slipway.build.evaluate import Evaluation
from slipway.build.form import Form
from slipway.build.step import versions
from slipway.engines import EngineSpec
from slipway.files import hard_link, readable_json
from slipway.folder import ModelFolder
from slipway.golden import Golden
from slipway.variants import Study


@dataclass(frozen=True)
class Offer:
    """An engine for servers with a GPU, and the ONNX file that it is built from.

    Its answers may lie `tolerance` from the file's.
    """

    spec: EngineSpec
    file: Path
    tolerance: float


def package(
    folder: ModelFolder,
    form: Form,
    *,
    evaluation: Evaluation,
    optimised: Path,
    engine: Engine,
    golden: Golden,
    study: Study | None,
    offers: Sequence[Offer],
    target: Path,
) -> None:
    """Fill `target` with everything that is published; `artefact.json` comes last."""
    serving = form.lay_out(optimised, target, engine)
    for offer in offers:
        source = target / offer.spec.source
        source.parent.mkdir(exist_ok=True)
        hard_link(offer.file, source)
    (target / contract.GOLDEN_FILE).write_bytes(readable_json(golden.to_json()))
    artefact = Artefact(
        model=folder.name,
        title=folder.recipe.title,
        files=tuple(
            FileEntry.of(target, path) for path in sorted(target.rglob("*")) if path.is_file()
        ),
        serving=serving,
        metric=evaluation.metric,
        parity=evaluation.parity,
        built_with=built_with(),
        git_revision=git_revision(folder.path),
        engines=tuple(offer.spec for offer in offers),
        study=study,
    )
    (target / ARTEFACT_FILE).write_bytes(readable_json(artefact.to_json()))


def built_with() -> dict[str, str]:
    """The software that decides what a build gives."""
    libraries = versions(
        *("torch", "numpy", "onnx", "onnxscript", "onnxruntime", "onnxruntime-genai"),
        *("openvino", "transformers", "tokenizers", "tritonclient"),
    )
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
